"""When the ground moves: facts and verdicts whose passages read otherwise now, and judging anew."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.drift import DriftedReport, drifted_reports, judge_anew
from backend.errors import NotFound
from backend.facts import KeptAnswer, Passage
from backend.report import CoachingReport, Evidence
from backend.services.doc_hits import DocHit
from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync
from backend.services.fact_drift import drifted_facts
from backend.services.prefect_mcp import SEARCH
from backend.store import Store
from tests.conftest import REPO
from tests.service import Service, running, settings_in
from tests.services.docs_tree import write_docs
from tests.store.reports import report_of

pytestmark = pytest.mark.anyio
KNOWLEDGE = REPO / "knowledge"
WORKERS = "https://docs.prefect.io/v3/concepts/workers"
POLLING = "Workers poll for work every 15 seconds by default."
AUTOMATIONS = "concepts-automations-02"
PAGE = "v3/concepts/workers.mdx"


@pytest.fixture
def docs(data: Path, tmp_path: Path) -> Path:
    """A checkout that has been synced."""
    docs = write_docs(tmp_path / "docs")
    sync(docs, data)
    return docs


def edit(docs: Path, data: Path, old: str, new: str) -> None:
    """Another text on the workers' page, synced."""
    file = docs / PAGE
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    sync(docs, data)


def resting_on(passage: Passage, quote: str) -> CoachingReport:
    """A report whose first verdict rests on this."""
    report = report_of()
    fields = passage.model_dump(exclude={"id", "section", "text"})
    evidence = Evidence(passage_id=passage.id, quote=quote, **fields)
    report.claims[0].evidence = [evidence]
    report.objections = []
    report.passages = [passage]
    return report


def read_from(data: Path) -> Passage:
    with closing(Snapshot.open(data, KNOWLEDGE)) as snapshot:
        return next(one for one in snapshot.page(WORKERS) or [] if POLLING in one.text)


def of_a_docs_server(text: str, read_at: datetime) -> Passage:
    return Passage(
        id="d-1",
        url=WORKERS,
        title="Workers",
        text=text,
        read_at=read_at,
        source="prefect-mcp",
        origin="Prefect's docs server",
    )


async def drifted(data: Path, report: CoachingReport, *answers: DocHit) -> list[DriftedReport]:
    """What is found to have drifted of this report, after a docs server has answered this."""
    hits = "[" + ",".join(hit.model_dump_json() for hit in answers) + "]"
    kept = KeptAnswer("key", SEARCH, datetime.now(UTC).timestamp(), hits)
    async with Store.open(None, data) as store:
        await store.save(report)
        await store.shelf().write([kept], [], {}, oldest=0)
        with closing(Snapshot.open(data, KNOWLEDGE)) as snapshot:
            return await drifted_reports(store, snapshot)


def hit(text: str, url: str = WORKERS) -> DocHit:
    return DocHit(id="1", url=url, title="Workers", text=text, score=0, namespace="prefect-3")


# -- verdicts on the synced copy


async def test_nothing_drifts_while_the_page_reads_the_same(docs: Path, data: Path) -> None:
    report = resting_on(read_from(data), POLLING)
    sync(docs, data)
    assert await drifted(data, report) == []


async def test_a_sync_that_brings_another_text_lists_the_report(docs: Path, data: Path) -> None:
    report = resting_on(read_from(data), POLLING)
    edit(docs, data, "every 15 seconds", "every 10 seconds")
    (found,) = await drifted(data, report)
    (verdict,) = found.verdicts
    assert (found.report_id, found.stands) == ("r1", False)
    assert (verdict.claim_id, verdict.verdict, verdict.how) == ("c1", "contradicted", "changed")
    assert f"no longer says “{POLLING}”" in verdict.sentence()
    assert verdict.seen_at > verdict.read_at


async def test_words_that_still_stand_in_a_changed_section_are_told_apart(docs: Path, data: Path) -> None:
    report = resting_on(read_from(data), POLLING)
    edit(docs, data, "Pass your key as", "Always pass your key as")
    (found,) = await drifted(data, report)
    assert found.stands
    assert "still says" in found.verdicts[0].sentence()


async def test_a_page_that_is_gone_is_drift(docs: Path, data: Path) -> None:
    report = resting_on(read_from(data), POLLING)
    (docs / PAGE).unlink()
    sync(docs, data, force=True)
    (found,) = await drifted(data, report)
    assert found.verdicts[0].how == "gone"
    assert "is gone" in found.verdicts[0].sentence()


# -- verdicts on what a docs server answered

LONG = (
    f"# Polling\n\n{POLLING} Change it with a setting of the worker, where the pool is a busy one and runs "
    "wait for longer than they should before they are started by the worker that polls for them."
)


async def test_a_fresh_look_up_that_brings_another_text_lists_the_report(data: Path) -> None:
    report = resting_on(of_a_docs_server(LONG, datetime.now(UTC) - timedelta(days=2)), POLLING)
    (found,) = await drifted(data, report, hit(LONG.replace("15", "10")), hit("Something else."))
    assert (found.verdicts[0].how, found.stands) == ("changed", False)


@pytest.mark.parametrize(
    "answers",
    [
        [hit(LONG)],
        [hit(LONG), hit(LONG.replace("15", "10"))],
        [hit("Quite another passage of the same page, on the options that a worker has.")],
        [hit(LONG.replace("15", "10"), "https://docs.prefect.io/v3/concepts/flows")],
        [],
    ],
    ids=["the same", "the same among others", "another passage", "another page", "none"],
)
async def test_a_look_up_that_brings_no_other_version_of_it_does_not(
    answers: list[DocHit], data: Path
) -> None:
    report = resting_on(of_a_docs_server(LONG, datetime.now(UTC) - timedelta(days=2)), POLLING)
    assert await drifted(data, report, *answers) == []


async def test_what_was_answered_before_the_verdict_says_nothing_of_it(data: Path) -> None:
    report = resting_on(of_a_docs_server(LONG, datetime.now(UTC) + timedelta(minutes=1)), POLLING)
    assert await drifted(data, report, hit(LONG.replace("15", "10"))) == []


async def test_the_synced_copy_tells_of_a_docs_servers_words_too(docs: Path, data: Path) -> None:
    quote = (
        "Workers poll for work every 15 seconds by default. Change it with `PREFECT_WORKER_QUERY_SECONDS`."
    )
    markdown = f"## Polling for work\n\n{quote}\n\n<Warning>Mind the limit.</Warning>"
    report = resting_on(of_a_docs_server(markdown, datetime.now(UTC)), quote)
    sync(docs, data)
    assert await drifted(data, report) == [], "cut and marked up another way, the words stand"
    edit(docs, data, "every 15 seconds", "every 10 seconds")
    (found,) = await drifted(data, report)
    assert not found.stands


# -- facts of the pack


async def test_a_fact_whose_page_no_longer_says_so_is_shown_and_accuses_nobody(
    shared: Path, data: Path, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(shared / "docs", docs)
    page = docs / "v3/concepts/rate-limits.mdx"
    settings = settings_in(tmp_path)
    sync(docs, data)
    async with running(settings) as service:
        before = {drift.fact.id for drift in drifted_facts(service.house.snapshot)}
        sure = _confidence(service, "how long does hobby keep run metadata")
        page.write_text(page.read_text().replace("7 days", "3 days").replace("| 7 ", "| 3 "))
        sync(docs, data)
        drifts = drifted_facts(service.house.snapshot)
        new = {drift.fact.id: drift.missing for drift in drifts if drift.fact.id not in before}
        doubted = _confidence(service, "how long does hobby keep run metadata")
    assert len(before) < 20, "on the docs the pack is made from nearly every fact is borne out"
    assert new
    assert all(one.startswith("concepts-rate-limits") for one in new)
    assert all("7" in missing[0] for missing in new.values())
    for fact in new.keys() & doubted.keys():
        assert (sure[fact], doubted[fact]) == ("high", "medium")
    assert new.keys() & doubted.keys()


def _confidence(service: Service, words: str) -> dict[str, str]:
    return {match.fact.id: match.fact.confidence for match in service.house.knowledge.match(words, 20)}


def test_without_a_copy_no_fact_is_doubted(data: Path) -> None:
    with closing(Snapshot.open(data, KNOWLEDGE)) as snapshot:
        assert drifted_facts(snapshot) == []


# -- judging anew


async def test_a_call_is_judged_anew_and_the_verdict_before_stays(data: Path, tmp_path: Path) -> None:
    pack = tmp_path / "knowledge"
    shutil.copytree(KNOWLEDGE, pack)
    settings = settings_in(tmp_path, coach_knowledge_dir=pack)
    async with running(settings) as service:
        first = await service.analyze()
        (wrong,) = [one for one in first.claims if AUTOMATIONS in {each.passage_id for each in one.evidence}]
    page = pack / "pages/v3/concepts/automations.yaml"
    page.write_text(page.read_text().replace("automation actions are Cloud-exclusive", "of them want Cloud"))
    async with running(settings) as service:
        (found,) = await drifted_reports(service.house.store, service.house.snapshot)
        assert found.report_id == first.id
        anew = await judge_anew(service.house.store, service.house.coach, found)
        assert anew == await service.house.store.by_id(first.id)
        assert await drifted_reports(service.house.store, service.house.snapshot) == []
        assert await service.house.store.count() == 1
        shown = (await service.http.get(f"/calls/{first.id}.json")).json()
    assert wrong.verdict == "contradicted"
    (former,) = anew.history
    assert former.claims == first.claims
    assert former.judged_at == first.created_at
    assert former.because == [found.verdicts[0].sentence()]
    assert wrong.quote in [claim.quote for claim in anew.claims]
    assert [one["quote"] for one in shown["history"][0]["claims"]] == [
        claim.quote.model_dump(mode="json") for claim in first.claims
    ]


async def test_a_report_that_was_deleted_meanwhile_is_said_so(data: Path, tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as service:
        with pytest.raises(NotFound):
            await judge_anew(
                service.house.store, service.house.coach, DriftedReport(report_id="gone", verdicts=[])
            )
