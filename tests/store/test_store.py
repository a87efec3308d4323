"""What the store promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from backend.errors import BadRequest, NotFound, UnverifiedQuote
from backend.report import CoachingReport, Evidence
from backend.store import CallPage, Store
from backend.store.schema import HEAD
from tests.store.reports import NOW, many, report_of

pytestmark = pytest.mark.anyio
SQLITE_ONLY = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For what is decided before a database is asked."""


async def test_a_report_comes_back_as_it_was_saved(store: Store) -> None:
    report = report_of()
    await store.save(report)
    assert await store.by_id("r1") == report


async def test_a_report_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no report 'r9'"):
        await store.by_id("r9")
    with pytest.raises(NotFound):
        await store.by_id("r\0")


async def test_the_newest_report_of_the_same_input_is_the_one_returned(store: Store) -> None:
    await store.save(report_of("newer", at=NOW + timedelta(hours=1)))
    await store.save(report_of("older"))
    await store.save(report_of("another", key="other", at=NOW + timedelta(hours=2)))
    found = await store.by_content_key("key")
    assert found is not None
    assert found.id == "newer"
    assert await store.by_content_key("unknown") is None


async def test_newest_goes_by_the_instant_and_not_by_the_clock_on_the_wall(store: Store) -> None:
    tokyo = timezone(timedelta(hours=9))
    await store.save(report_of("early", at=NOW.astimezone(tokyo)))
    await store.save(report_of("late", at=NOW + timedelta(minutes=1)))
    assert [call.id for call in (await store.calls()).calls] == ["late", "early"]


async def test_saving_a_report_again_replaces_it(store: Store) -> None:
    await store.save(report_of())
    changed = report_of().model_copy(update={"warnings": ["Read twice."]})
    await store.save(changed)
    assert await store.by_id("r1") == changed
    assert await store.count() == 1


async def test_reports_can_be_saved_at_the_same_time(store: Store) -> None:
    await asyncio.gather(*(store.save(report) for report in many(30)))
    assert await store.count() == 30


async def test_a_deleted_report_is_gone(store: Store) -> None:
    await store.save(report_of())
    await store.delete("r1")
    assert await store.count() == 0
    with pytest.raises(NotFound):
        await store.delete("r1")


async def test_the_list_says_what_each_call_holds(store: Store) -> None:
    await store.save(report_of())
    [call] = (await store.calls()).calls
    assert call.model_dump() == {
        "id": "r1",
        "created_at": NOW,
        "title": "Acme\ufffd and us",
        "reps": ["Ana Kowalska"],
        "started_at": datetime(2026, 11, 19, 17, tzinfo=UTC),
        "duration_s": 1800.5,
        "knowledge_status": "snapshot",
        "analyst_kind": "rules",
        "claims": 2,
        "wrong": 1,
        "unclear": 1,
        "objections": 1,
        "competitors": 1,
        "open_questions": 1,
    }
    assert call.created_at.tzinfo is UTC
    assert call.started_at is not None
    assert call.started_at.tzinfo is UTC


async def test_pages_leave_nothing_out_and_repeat_nothing_while_calls_are_added(store: Store) -> None:
    there = [report.id for report in many(40)]
    for report in many(40):
        await store.save(report)
    seen: list[str] = []
    page, added = await store.calls(limit=7), 0
    while True:
        seen += [call.id for call in page.calls]
        if page.next is None:
            break
        added += 1
        await store.save(report_of(f"new{added}", at=NOW + timedelta(days=added)))
        page = await store.calls(limit=7, before=page.next)
    assert seen == sorted(there, reverse=True)
    assert added == 5


async def test_a_page_that_holds_all_calls_is_the_last(store: Store) -> None:
    assert await store.calls() == CallPage(calls=[], next=None)
    for report in many(3):
        await store.save(report)
    assert (await store.calls(limit=3)).next is None


@SQLITE_ONLY
@pytest.mark.parametrize("cursor", ["", "2", "żółw", "MjAyNi0xMS0yMCBy", "bm93IHIx", "////", "gICA"])
async def test_an_invented_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadRequest, match="take `next` from the page before"):
        await store.calls(before=cursor)


async def test_health_names_the_database_its_schema_and_how_much_it_holds(
    store: Store, url: str | None
) -> None:
    await store.save(report_of())
    health = await store.health()
    assert health.backend == ("postgresql" if url else "sqlite")
    assert (health.reports, health.revision) == (1, HEAD)


def _invent_words(report: CoachingReport) -> None:
    report.claims[0].quote = report.claims[0].quote.model_copy(update={"text": "Airflow"})


def _invent_response(report: CoachingReport) -> None:
    response = report.objections[0].response
    assert response is not None
    report.objections[0].response = response.model_copy(update={"char_start": 0})


def _invent_speaker(report: CoachingReport) -> None:
    report.questions[0].quote = report.questions[0].quote.model_copy(update={"speaker": "p2"})


def _count_turns_from_the_end(report: CoachingReport) -> None:
    report.competitors[0].quote = report.competitors[0].quote.model_copy(update={"turn": -2})


def _invent_evidence(report: CoachingReport) -> None:
    _evidence(report).quote = "kept for seven years"


def _invent_link(report: CoachingReport) -> None:
    _evidence(report).url = "https://docs.prefect.io/v3/elsewhere"


def _invent_reading_time(report: CoachingReport) -> None:
    _evidence(report).read_at += timedelta(days=1)


def _accuse_without_evidence(report: CoachingReport) -> None:
    report.claims[0].evidence.clear()


def _lean_on_nothing(report: CoachingReport) -> None:
    report.priorities[0].quotes.append("c9")


def _evidence(report: CoachingReport) -> Evidence:
    return report.claims[0].evidence[0]


@SQLITE_ONLY
@pytest.mark.parametrize(
    "invent",
    [
        _invent_words,
        _invent_response,
        _invent_speaker,
        _count_turns_from_the_end,
        _invent_evidence,
        _invent_link,
        _invent_reading_time,
        _accuse_without_evidence,
        _lean_on_nothing,
    ],
)
async def test_a_report_with_an_invention_is_never_stored(
    store: Store, invent: Callable[[CoachingReport], None]
) -> None:
    report = report_of().model_copy(deep=True)
    invent(report)
    with pytest.raises(UnverifiedQuote):
        await store.save(report)
    assert await store.count() == 0


async def test_a_refused_report_leaves_the_one_before_it_in_place(store: Store) -> None:
    before = report_of()
    await store.save(before)
    report = report_of().model_copy(deep=True)
    _invent_evidence(report)
    with pytest.raises(UnverifiedQuote):
        await store.save(report)
    assert await store.by_id("r1") == before


async def test_a_list_of_calls_reads_from_an_index(store: Store, url: str | None) -> None:
    for report in many(50):
        await store.save(report)
    newest = """SELECT id FROM reports WHERE (created_at, id) < ('2027-01-01', 'r')
                ORDER BY created_at DESC, id DESC LIMIT 5"""
    async with store._engine.begin() as connection:
        if url:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = (await connection.execute(text(f"EXPLAIN {'' if url else 'QUERY PLAN '}{newest}"))).all()
    said = " ".join(str(row) for row in plan)
    assert "ix_reports_newest" in said
    assert "sort" not in said.lower()
    assert "temp b-tree" not in said.lower()
