"""What team and rep pages count: it follows every save and delete, and equals a recount of what is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from backend.errors import NotFound
from backend.report import CoachingReport, Handling, Verdict
from backend.store import Store
from backend.store.counting import counted, week_of
from backend.store.database import locate
from backend.store.period import Period
from backend.store.schema import migrate
from backend.store.store import erase, write
from backend.transcript import Participant
from tests.store.older import taken_back
from tests.store.reports import report_of

pytestmark = pytest.mark.anyio
Sums = dict[tuple[str, str, int, str], tuple[int, int]]

ANA, BO = "Ana Kowalska", "Bo"
WEEK = week_of(datetime(2026, 11, 19, tzinfo=UTC).date())
TOPIC = "/v3/concepts/events\nEvents"


def with_verdicts(*verdicts: Verdict, report_id: str = "r1", speaker: str = "p1") -> CoachingReport:
    """A report with a claim for each verdict, all in the words of one speaker and about one page."""
    report = report_of(report_id)
    report.turns[0].speaker = speaker
    first = report.claims[0]
    quote = first.quote.model_copy(update={"speaker": speaker})
    claims = [
        first.model_copy(update={"id": f"c{nth}", "verdict": verdict, "quote": quote})
        for nth, verdict in enumerate(verdicts, 1)
    ]
    return report.model_copy(update={"claims": claims, "scores": [], "priorities": []})


def rows_of(report: CoachingReport) -> dict[tuple[str, str], tuple[int, int]]:
    """What is counted of a report for each rep and kind, whatever the label."""
    found: Counter[tuple[str, str]] = Counter()
    parts: Counter[tuple[str, str]] = Counter()
    for count in counted(report).counts:
        found[count.rep, count.kind] += count.n
        parts[count.rep, count.kind] += count.part
    return {key: (found[key], parts[key]) for key in found}


def test_a_claim_counts_for_whoever_said_it_and_for_the_team() -> None:
    rows = rows_of(with_verdicts("contradicted", "supported", "supported", "unclear", "not_in_docs"))
    assert rows["", "claim"] == rows[ANA, "claim"] == (3, 1)
    assert rows["", "topic"] == rows[ANA, "topic"] == (3, 1)
    assert rows["", "call"] == rows[ANA, "call"] == (1, 1)


def test_what_the_customer_claims_is_not_counted() -> None:
    assert ("", "claim") not in rows_of(with_verdicts("contradicted", speaker="p2"))
    assert rows_of(with_verdicts("contradicted", speaker="p2"))["", "call"] == (1, 0)


def test_a_claim_of_somebody_unknown_is_put_down_to_nobody() -> None:
    rows = rows_of(with_verdicts("contradicted", speaker="Somebody"))
    assert rows["", "claim"] == (1, 1)
    assert (ANA, "claim") not in rows
    assert rows[ANA, "call"] == (1, 0)


def test_a_score_counts_for_whoever_of_ours_spoke_most() -> None:
    report = report_of()
    report.call.participants.append(Participant(id="p3", name=BO, side="internal"))
    assert (BO, "score") not in rows_of(report)
    speakers = [
        {"speaker": name, "side": "internal", "words": words, "share": 0.5, "questions": 0, "seconds": None}
        for name, words in (("p1", 10), (BO, 90))
    ]
    report = CoachingReport.model_validate(
        report.model_dump() | {"talk": report.talk.model_dump() | {"speakers": speakers}}
    )
    rows = rows_of(report)
    assert rows["", "score"] == rows[BO, "score"] == (1, 50)
    assert (ANA, "score") not in rows
    assert rows[ANA, "call"] == (1, 1)
    assert rows[BO, "call"] == (1, 0)


def test_an_objection_counts_for_whoever_answered_it() -> None:
    report = report_of()
    report.call.participants.append(Participant(id="p3", name=BO, side="internal"))
    answer = report.objections[0]
    assert answer.response
    answer.response = answer.response.model_copy(update={"speaker": BO})
    assert rows_of(report)[BO, "objection"] == (1, 0)
    answer.response = None
    assert rows_of(report)["", "objection"] == (1, 0)
    assert not {(ANA, "objection"), (BO, "objection")} & rows_of(report).keys()


def test_the_same_page_is_one_topic_however_it_is_addressed() -> None:
    topics = set()
    for url in ("https://docs.prefect.io/v3/x", "https://docs.prefect.io/v3/x.md", "/v3/x/#limits"):
        report = with_verdicts("supported")
        report.claims[0].evidence[0] = report.claims[0].evidence[0].model_copy(update={"url": url})
        topics |= {count.label for count in counted(report).counts if count.kind == "topic"}
    assert topics == {"/v3/x\nEvents"}


def test_a_call_counts_in_the_week_in_which_it_was() -> None:
    report = report_of()
    assert counted(report).week == WEEK
    report.call.started_at = None
    report.created_at = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert counted(report).week == WEEK + 1


def test_the_best_moments_are_answers_that_hold() -> None:
    report = with_verdicts("supported")
    asked, said = report.turns[1], report.turns[0]
    turns = [
        asked.model_copy(update={"index": 0, "side": "external", "text": "Hm. For how long? And where?"}),
        said.model_copy(update={"index": 1}),
    ]
    report.claims[0].quote = turns[1].quote(0, 7)
    report.objections = []
    [best] = counted(report.model_copy(update={"turns": turns})).moments[:1]
    assert (best.kind, best.rep, best.before, best.words) == ("best", ANA, "And where?", "Prefect")
    wrong = report.claims[0].model_copy(update={"id": "c2", "verdict": "overstated"})
    report = report.model_copy(update={"turns": turns, "claims": [report.claims[0], wrong]})
    assert "best" not in {moment.kind for moment in counted(report).moments}


VERDICTS: tuple[Verdict, ...] = ("supported", "contradicted", "outdated", "unclear")
HANDLED: tuple[Handling, ...] = ("well", "poorly")
REPORTS = st.builds(
    lambda verdicts, report_id, speaker, days, handled, score: varied(
        with_verdicts(*verdicts, report_id=report_id, speaker=speaker), days, handled, score
    ),
    st.lists(st.sampled_from(VERDICTS), max_size=4),
    st.sampled_from(["r1", "r2", "r3"]),
    st.sampled_from(["p1", "p2", "Somebody", "B\0o"]),
    st.sampled_from([0, 5, 40, -300_000]),
    st.sampled_from(HANDLED),
    st.none() | st.integers(0, 100),
)
DELETED = st.sampled_from(["r1", "r2", "r3", "r4"])


def varied(report: CoachingReport, days: int, handled: Handling, score: int | None) -> CoachingReport:
    assert report.call.started_at
    report.call.started_at = report.call.started_at + timedelta(days=days)
    report.call.participants.append(Participant(id="p3", name="B\0o", side="internal"))
    report.objections[0].handled = handled
    report.scores = [report_of().scores[0].model_copy(update={"value": score, "because": []})]
    return report


@pytest.fixture
def connection(url: str | None, tmp_path: Path) -> Iterator[Connection]:
    database = locate(url, tmp_path)
    migrate(database)
    plain = database.url.set(drivername="postgresql+psycopg" if url else "sqlite")
    engine = create_engine(plain, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def sums_in(connection: Connection) -> Sums:
    rows = connection.execute(
        text("SELECT rep, kind, week, label, n, part FROM sums WHERE n <> 0 OR part <> 0")
    )
    return {(rep, kind, week, label): (n, part) for rep, kind, week, label, n, part in rows}


def recounted(reports: list[CoachingReport]) -> Sums:
    sums: Sums = {}
    for report in reports:
        one = counted(report)
        for rep, kind, label, n, part in one.counts:
            before = sums.get((rep, kind, one.week, label), (0, 0))
            sums[rep, kind, one.week, label] = (before[0] + n, before[1] + part)
    return sums


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(REPORTS | DELETED, max_size=8))
def test_the_sums_equal_a_recount_after_any_saves_and_deletes(
    connection: Connection, steps: list[CoachingReport | str]
) -> None:
    stored: dict[str, CoachingReport] = {}
    with connection.begin() as all_of_it:
        for step in steps:
            if isinstance(step, str):
                erase(connection, step)
                stored.pop(step, None)
            else:
                write(connection, step)
                stored[step.id] = step
        assert sums_in(connection) == recounted(list(stored.values()))
        shown = connection.execute(text("SELECT report_id, kind, moment_id FROM shown_moments")).all()
        assert sorted(map(tuple, shown)) == sorted(
            (report.id, one.kind, one.moment_id)
            for report in stored.values()
            for one in counted(report).moments
        )
        all_of_it.rollback()


async def test_reports_saved_at_once_are_all_counted(store: Store) -> None:
    reports = [with_verdicts("contradicted", "supported", report_id=f"r{i}") for i in range(12)]
    await asyncio.gather(*(store.save(report) for report in reports))
    again = [with_verdicts("supported", report_id=f"r{i}") for i in range(6)]
    await asyncio.gather(
        *(store.save(report) for report in again), *(store.delete(f"r{i}") for i in range(6, 12))
    )
    async with store._engine.connect() as connection:
        assert await connection.run_sync(sums_in) == recounted(again)


async def test_a_ruling_that_changes_a_verdict_changes_the_sums(store: Store) -> None:
    await store.save(with_verdicts("contradicted"))
    await store.save(with_verdicts("supported"))
    async with store._engine.connect() as connection:
        sums = await connection.run_sync(sums_in)
    assert sums["", "claim", WEEK, ""] == sums[ANA, "topic", WEEK, TOPIC] == (1, 0)
    assert "point" not in {kind for _, kind, _, _ in sums}


async def test_a_deleted_call_leaves_none_of_its_words_in_the_sums(store: Store) -> None:
    await store.save(report_of())
    await store.delete("r1")
    async with store._engine.connect() as connection:
        for table in ("shown_moments", "rep_calls", "counted_reports"):
            rows = await connection.execute(text(f"SELECT count(*) FROM {table}"))
            assert rows.scalar_one() == 0


async def test_names_and_labels_of_any_length_are_counted(store: Store) -> None:
    report = report_of()
    report.call.participants[0] = report.call.participants[0].model_copy(update={"name": "مرحبا🚀" * 400})
    report.scores[0].name = "🚀" * 3000
    report.competitors[0].competitor = "W" * 3000
    await store.save(report)
    async with store._engine.connect() as connection:
        assert await connection.run_sync(sums_in) == recounted([report])


def test_a_claim_without_evidence_is_not_counted_as_settled() -> None:
    report = with_verdicts("supported")
    report.claims[0].evidence = []
    assert ("", "claim") not in rows_of(report)


async def test_calls_stored_before_there_were_sums_are_counted(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as store:
        await store.save(report_of("r1"))
        await taken_back(store, "0006")
    async with Store.open(url, tmp_path) as store, store._engine.connect() as connection:
        assert await connection.run_sync(sums_in) == recounted([report_of("r1")])


async def test_the_team_and_a_rep_are_read_the_same_from_either_database(store: Store) -> None:
    people = store.people()
    assert await people.weeks() is None
    wrong: tuple[Verdict, ...] = ("contradicted", "contradicted", "supported")
    for nth in range(4):
        await store.save(varied(with_verdicts(*wrong, report_id=f"r{nth}"), -21 * nth, "well", 40))
    every = await people.weeks()
    assert every == Period(WEEK - 9, WEEK)
    team = await people.team(every)
    assert [(step.calls, step.claims.wrong, step.claims.of) for step in team.by_step][::3] == [(1, 2, 3)] * 4
    [mistake] = team.mistakes
    assert (mistake.claims, mistake.calls, mistake.reps, team.more_mistakes) == (8, 4, 1, 0)
    assert [example.call_id for example in mistake.examples] == ["r0", "r0", "r1"]
    assert [(one.topic.page, one.reps[0].rep, one.topic.claims.wrong) for one in team.help] == [
        ("/v3/concepts/events", ANA, 8)
    ]
    assert [(one.category, one.handled) for one in team.objections] == [("price", {"well": 4})]
    assert [(one.call_id, one.open) for one in team.open_calls] == [
        ("r0", 1),
        ("r1", 1),
        ("r2", 1),
        ("r3", 1),
    ]
    assert [(one.rep, one.calls) for one in team.reps] == [(ANA, 4), ("B\ufffdo", 4)]
    rep = await people.rep(ANA, Period(WEEK - 3, WEEK))
    assert (rep.calls, rep.calls_ever, rep.claims.wrong) == (2, 4, 4)
    assert [call.id for call in rep.newest_calls] == ["r0", "r1"]
    with pytest.raises(NotFound, match="Nobody called 'Sam'"):
        await people.rep("Sam", every)


async def test_many_weeks_are_told_in_fewer_steps(store: Store) -> None:
    for nth in range(3):
        await store.save(
            varied(with_verdicts("supported", report_id=f"r{nth}"), -7 * 30 * nth, "poorly", None)
        )
    team = await store.people().team(Period(WEEK - 60, WEEK))
    assert team.period.step_weeks == 4
    assert [nth for nth, step in enumerate(team.by_step) if step.calls] == [0, 7, 15]
    assert [sum(one.by_step) for one in team.objections] == [3]


async def test_a_call_that_is_deleted_while_a_page_is_read_is_left_out(store: Store) -> None:
    await store.save(report_of())
    async with store._engine.begin() as connection:
        await connection.execute(text("DELETE FROM reports"))
    team = await store.people().team(Period(WEEK, WEEK))
    assert (team.calls, team.mistakes, team.open_calls) == (1, [], [])
