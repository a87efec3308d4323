"""The page on product knowledge: what it tells, and what can be done from it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.pages.knowledge import KnowledgeNow, outcomes, server_sentence, sync_sentence
from backend.services.cache_counts import CacheStats
from backend.services.docs_ledger import Run
from backend.services.docs_snapshot import SnapshotStatus
from backend.services.docs_sync import sync
from backend.services.prefect_mcp import PrefectMCPState
from tests.conftest import REPO
from tests.routes.parsed import Parsed
from tests.service import Service, break_store, running, settings_in
from tests.services.docs_fixture import DocsServer
from tests.services.docs_tree import write_docs

pytestmark = pytest.mark.anyio

KNOWLEDGE = REPO / "knowledge"
AUTOMATIONS = "https://docs.prefect.io/v3/concepts/automations"
UNDER_WAY = "are being looked through"
CLAIMED = "automation actions are Cloud-exclusive"


async def shown(service: Service, query: str = "", status: int = 200) -> Parsed:
    """The page, once what it tells of reports and pack has been looked through."""
    answer = await service.http.get(f"/knowledge{query}", headers={"accept": "text/html"})
    while UNDER_WAY in answer.text:
        answer = await service.http.get(f"/knowledge{query}", headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return Parsed(answer.text)


def said(page: Parsed) -> str:
    (main,) = page.all("main")
    return main.words


def links(page: Parsed) -> set[str]:
    return {link.attributes["href"] for link in page.all("a")}


@pytest.fixture
async def service(data: Path, tmp_path: Path) -> AsyncIterator[Service]:
    assert data == tmp_path / "data"
    async with running(settings_in(tmp_path)) as service:
        yield service


# -- what it tells


async def test_a_new_installation_is_told_what_it_has_and_lacks(service: Service) -> None:
    page = await shown(service)
    told = said(page)
    assert "prefect-mcp is switched off. What is kept on this machine answers." in told
    assert "Nothing was looked up since the service started." in told
    assert re.search(r"1,\d{3} facts on \d+ pages", told)
    assert "The documentation was never copied to this machine." in told
    assert "No stored verdict rests on words that are known to read otherwise now." in told
    assert "No verdict rests on a page yet." in told


async def test_pages_are_named_by_how_many_reports_cite_them(service: Service) -> None:
    await service.analyze()
    await service.analyze(force=True)
    page = await shown(service)
    assert AUTOMATIONS in links(page)
    assert re.search(rf"{re.escape(AUTOMATIONS.removeprefix('https://'))}\s*2 reports\s*2", said(page))


async def test_with_a_docs_server_look_ups_and_sync_are_told(data: Path, tmp_path: Path) -> None:
    docs = DocsServer()
    docs.start()
    sync(write_docs(tmp_path / "docs"), data)
    settings = settings_in(tmp_path, prefect_mcp_enabled=True, prefect_docs_mcp_url=docs.url)
    try:
        async with running(settings) as service:
            assert await service.house.knowledge.ready(30)
            await service.analyze()
            await service.analyze(force=True)
            told = said(await shown(service))
    finally:
        docs.stop()
    assert "prefect-mcp answers." in told
    assert re.search(r"[45]\d % of the answers came from the cache", told)
    assert re.search(r"answered by asking\s*\d+", told)
    assert "The last sync came to its end" in told
    assert "COACH_DOCS_SYNC_HOURS is 0" in told


async def test_the_page_stands_while_the_store_is_away(service: Service) -> None:
    break_store(service.house.settings)
    answer = await service.http.get("/knowledge", headers={"accept": "text/html"})
    page = Parsed(answer.text)
    assert "cannot be used" in said(page)
    assert "prefect-mcp is switched off" in said(page)


# -- what needs a look


async def test_what_no_longer_reads_as_it_did_is_named_and_judged_anew_from_the_page(
    data: Path, tmp_path: Path
) -> None:
    pack = tmp_path / "knowledge"
    shutil.copytree(KNOWLEDGE, pack)
    settings = settings_in(tmp_path, coach_knowledge_dir=pack)
    async with running(settings) as service:
        first = await service.analyze()
        (wrong,) = [one for one in first.claims if CLAIMED in one.evidence[0].quote]
    for name, old, new in (
        ("pages/v3/concepts/automations.yaml", CLAIMED, "of them want Cloud"),
        ("pages/v3/concepts/automations.yaml", "as_of: ", "as_of: 2024-01-01 # "),
        ("pricing.yaml", "as_of: '2026", "as_of: '2024"),
    ):
        text = (pack / name).read_text()
        assert old in text
        (pack / name).write_text(text.replace(old, new))
    async with running(settings) as service:
        page = await shown(service)
        assert f"/calls/{first.id}#{wrong.id}" in links(page)
        assert "The quoted words are gone." in said(page)
        assert re.search(r"[1-9]\d* facts accuse nobody any more", said(page))
        assert re.search(r"pricing\.yaml:\d+ pr-\d+ accuses nobody", said(page))
        assert re.search(r"pages/v3/concepts/automations\.yaml:\d+ \d+ days old", said(page))
        judged = await service.http.post(
            "/knowledge/rejudge", data={"report": first.id}, headers={"accept": "text/html"}
        )
        assert judged.status_code == 303
        page = await shown(service, judged.headers["location"].removeprefix("/knowledge"))
        assert "Judged anew" in said(page)
        assert f"/calls/{first.id}" in links(page)
        assert "No stored verdict rests on words" in said(page)
        anew = await service.house.store.by_id(first.id)
    assert anew.history[0].claims == first.claims


async def test_a_fact_that_its_page_does_not_bear_out_is_named(
    shared: Path, data: Path, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(shared / "docs", docs)
    page = docs / "v3/concepts/rate-limits.mdx"
    page.write_text(page.read_text().replace("7 days", "3 days").replace("| 7 ", "| 3 "))
    sync(docs, data)
    async with running(settings_in(tmp_path)) as service:
        told = said(await shown(service))
    assert re.search(r"concepts-rate-limits-\d+ .*?not on its page: 7", told, re.S)


async def test_a_report_that_has_not_drifted_is_not_judged_anew(service: Service) -> None:
    report = await service.analyze()
    for report_id in (report.id, "none", "<script>", ""):
        answer = await service.http.post(
            "/knowledge/rejudge", data={"report": report_id}, headers={"accept": "text/html"}
        )
        assert answer.status_code == 404
        assert "rests on nothing that is known to read otherwise now" in said(Parsed(answer.text))
        assert "<script>" not in answer.text
    assert await service.house.store.by_id(report.id) == report


# -- words to try


async def test_words_find_what_a_program_finds(service: Service) -> None:
    words = "every fifteen seconds that little poller asks for jobs"
    page = await shown(service, f"?q={words}")
    found = (await service.http.get("/knowledge/search", params={"q": words, "k": 10})).json()["passages"]
    assert found[0]["url"] in links(page)
    for one in found:
        assert " ".join(one["text"].split())[:80] in said(page)


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "\u202eمرحبا 👩‍💻", '" onfocus="alert(1)', "%00"]
)
async def test_words_to_try_stay_words(words: str, service: Service) -> None:
    answer = await service.http.get("/knowledge", params={"q": words})
    page = Parsed(answer.text)
    assert page.by_id("q").attributes["value"] == words
    assert page.all("script") == []


async def test_too_many_words_are_told_so(service: Service) -> None:
    page = await shown(service, f"?q={'word ' * 500}", status=400)
    assert "more than 2,000 characters" in said(page)


# -- sentences


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (PrefectMCPState(), "switched off"),
        (PrefectMCPState(state="starting", pool=1), "is starting"),
        (PrefectMCPState(state="restarting", pool=1), "does not answer"),
        (PrefectMCPState(state="up", pool=1, connections=1), "without docs tools"),
        (
            PrefectMCPState(state="up", docs_tools=True, pool=1, connections=1, circuit="open"),
            "keeps failing",
        ),
        (PrefectMCPState(state="up", docs_tools=True, pool=2, connections=1), "1 of 2 connections"),
        (PrefectMCPState(state="up", docs_tools=True, pool=1, connections=1), "prefect-mcp answers."),
        (
            PrefectMCPState(state="up", transport="docs", docs_tools=True, pool=1, connections=1),
            "The docs server answers.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_state_of_prefect_mcp_has_its_sentence(state: PrefectMCPState, says: str) -> None:
    assert says in server_sentence(state)


def test_outcomes_that_did_not_happen_are_left_out_and_shares_are_of_all() -> None:
    told = outcomes(CacheStats(entries=3, size=10, hits=6, misses=3, errors=3))
    assert [(number, share) for _, number, share in told] == [(6, 50), (3, 25), (3, 25)]
    assert outcomes(CacheStats(entries=0, size=0)) == []


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "itself", "following", "says"),
    [
        (None, False, None, "never copied to this machine. The service does not copy it by itself"),
        (
            Run("site", NOON, NOON, "done", ""),
            True,
            NOON + timedelta(days=1),
            "next is due 21 Nov 2026, 12:00",
        ),
        (
            Run("site", NOON, NOON, "failed", "It was stopped."),
            False,
            None,
            "failed, 20 Nov 2026, 12:00 UTC. It",
        ),
        (Run("site", NOON, None, "running", ""), True, None, "is under way."),
    ],
    ids=["never", "due", "failed", "running"],
)
def test_the_last_sync_and_the_next_are_told(
    last: Run | None, itself: bool, following: datetime | None, says: str
) -> None:
    held = SnapshotStatus(facts=0, pages=0, pack_as_of=NOON.date(), synced_pages=0, synced_at=None, bytes=0)
    now = KnowledgeNow(PrefectMCPState(), CacheStats(entries=0, size=0), held, last, itself, following)
    assert says in sync_sentence(now)
