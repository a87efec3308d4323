"""What stored verdicts rest on, and what was said before: kept with the report, and gone with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.errors import UnverifiedQuote
from backend.facts import CitedPassage, text_hash
from backend.report import CoachingReport, FormerJudgement
from backend.store import Store
from tests.store.older import taken_back
from tests.store.reports import NOW, report_of

pytestmark = pytest.mark.anyio
RESTS_ON = CitedPassage(
    report_id="r1",
    claim_id="c1",
    verdict="contradicted",
    passage_id="d1",
    url="https://docs.prefect.io/v3/concepts/events",
    source="prefect-mcp",
    read_at=NOW,
    text_hash=text_hash("Events are kept\nfor seven  days."),
    quote="kept for seven days",
)


async def test_a_verdict_remembers_the_passage_it_rests_on(store: Store) -> None:
    await store.save(report_of("r1"))
    await store.save(report_of("r2", at=NOW + timedelta(hours=1)))
    assert await store.citations().of([RESTS_ON.text_hash]) == [RESTS_ON._replace(report_id="r2"), RESTS_ON]


async def test_it_is_forgotten_with_its_report_and_renewed_with_it(store: Store) -> None:
    await store.save(report_of("r1"))
    await store.save(report_of("r2"))
    await store.save(report_of("r2").model_copy(update={"claims": [], "scores": [], "priorities": []}))
    assert await store.citations().of([RESTS_ON.text_hash]) == [RESTS_ON]
    await store.delete("r1")
    assert await store.citations().of([RESTS_ON.text_hash]) == []


def also_resting_on(report: CoachingReport, **changed: object) -> CoachingReport:
    """The report, whose first verdict rests on another reading of the passage first."""
    claim = report.claims[0]
    report.passages.append(report.passages[0].model_copy(update={"id": "d2", **changed}))
    other = claim.evidence[0].model_copy(update={"passage_id": "d2", **changed})
    claim.evidence = [other, *claim.evidence]
    return report


async def test_what_many_verdicts_rest_on_is_told_once_by_its_earliest_reading(store: Store) -> None:
    await store.save(also_resting_on(report_of("r2"), read_at=NOW + timedelta(hours=1)))
    await store.save(also_resting_on(report_of("r1"), read_at=NOW - timedelta(hours=1)))
    told = sorted(await store.citations().each_once(), key=lambda one: one.passage_id)
    once = RESTS_ON._replace(claim_id="")
    assert told == [once, once._replace(passage_id="d2", read_at=NOW - timedelta(hours=1))]


async def test_pages_are_counted_by_reports_whatever_section_is_cited(store: Store) -> None:
    page = RESTS_ON.url
    await store.save(report_of("r1"))
    await store.save(also_resting_on(report_of("r2"), url=f"{page}#retention"))
    await store.save(also_resting_on(report_of("r3"), url="https://x.example/#top"))
    assert await store.citations().pages(5) == [(page, 3), ("https://x.example/", 1)]
    assert await store.citations().pages(1) == [(page, 3)]


async def test_reports_stored_before_there_was_this_table_are_brought_in(
    url: str | None, tmp_path: Path
) -> None:
    async with Store.open(url, tmp_path) as store:
        await store.save(report_of("r1"))
        await store.save(report_of("damaged"))
        async with store._engine.begin() as connection:
            await connection.execute(text("UPDATE reports SET body = '{\"claims\": 1' WHERE id = 'damaged'"))
        await taken_back(store, "0002")
    async with Store.open(url, tmp_path) as store:
        assert await store.citations().of([RESTS_ON.text_hash]) == [RESTS_ON]


def anew() -> CoachingReport:
    """A report judged a second time, whose first claim is no longer contradicted."""
    old = report_of()
    old.claims[1] = old.claims[1].model_copy(update={"quote": old.turns[0].quote(8, 13)})
    former = FormerJudgement(
        judged_at=old.created_at,
        replaced_at=NOW + timedelta(days=1),
        because=["The page changed."],
        analyst=old.analyst,
        claims=old.claims,
        passages=old.passages,
    )
    first = old.claims[0].model_copy(update={"verdict": "supported"})
    return old.model_copy(update={"claims": [first, *old.claims[1:]], "history": [former]})


async def test_the_verdict_before_stays_in_the_history(store: Store) -> None:
    await store.save(anew())
    report = await store.by_id("r1")
    ((former, claim),) = report.formerly(report.claims[0])
    assert (claim.verdict, claim.evidence[0].quote) == ("contradicted", "kept for seven days")
    assert former.because == ["The page changed."]
    assert report.formerly(report.claims[1]) == [], "its verdict has not changed"
    assert [one.verdict for one in await store.citations().of([RESTS_ON.text_hash])] == ["supported"]


async def test_history_is_verified_word_for_word_too(store: Store) -> None:
    report = anew()
    report.history[0].passages[0] = report.passages[0].model_copy(update={"text": "Events go at once."})
    with pytest.raises(UnverifiedQuote, match="evidence of c1"):
        await store.save(report)
