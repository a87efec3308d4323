"""The warmer, with the real prefect-mcp, a real docs server and the real store behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.analysis.queries import can_be_asked
from backend.facts import DocQuery
from backend.house import open_house
from backend.services.doc_warmer import DocWarmer
from backend.services.docs_server import create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import ProductKnowledge
from backend.services.prefect_mcp import PrefectMCP
from backend.serving import listen, served
from backend.settings import PUBLIC_DOCS_MCP_URL, Settings
from backend.store import Store
from tests.conftest import REPO
from tests.service import checked, running, settings_in
from tests.services.docs_fixture import DocsServer
from tests.services.lookups import PATIENCE, knowing
from tests.services.test_doc_cache import HOUR, Time

pytestmark = pytest.mark.anyio

FAST = 60_000


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def stays(condition: Callable[[], bool]) -> None:
    """Give what should not happen the time to happen."""
    for _ in range(30):
        assert condition()
        await asyncio.sleep(0.01)


async def test_after_a_round_a_batch_finds_every_look_up_done(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    warmer = DocWarmer(knowledge, queries, per_minute=FAST)
    assert await warmer.round() == len(queries) == len(docs.queries)
    docs.forget()
    found = await knowledge.look_up(queries)
    assert (found.status, found.cache_hits, docs.queries) == ("fresh", len(queries), [])
    assert await warmer.round() == 0
    assert knowledge.cache_stats.warmed == len(queries)


async def test_the_most_used_are_asked_first_also_after_a_restart(
    settings: Settings,
    snapshot: Snapshot,
    client: PrefectMCP,
    store: Store,
    docs: DocsServer,
    queries: list[DocQuery],
) -> None:
    time = Time()
    async with knowing(settings, snapshot, client, store, time) as knowledge:
        await DocWarmer(knowledge, queries, per_minute=FAST).round()
        for wanted in (queries[7:8], queries[7:8], queries[3:4]):
            await knowledge.look_up(wanted)
    docs.forget()
    time.seconds = 0.9 * HOUR  # still fresh, and soon to be asked again
    async with knowing(settings, snapshot, client, store, time) as knowledge:
        assert await DocWarmer(knowledge, queries, per_minute=FAST).round() == len(queries)
    assert docs.queries[:3] == [queries[7].text, queries[3].text, queries[0].text]


async def test_it_waits_while_a_caller_waits(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    async with asyncio.TaskGroup() as tasks:
        with docs.being("hangs"):
            live = tasks.create_task(knowledge.look_up(queries[:1]))
            await until(lambda: not knowledge.idle.is_set())
            calls = knowledge.server.calls
            warming = tasks.create_task(DocWarmer(knowledge, queries[1:], per_minute=FAST).round())
            await stays(lambda: knowledge.server.calls == calls)
        assert (await live).status == "fresh"
    assert docs.queries[0] == queries[0].text
    assert warming.result() == len(queries) - 1


async def test_it_waits_for_prefect_mcp_and_asks_nothing_while_the_circuit_is_open(
    settings: Settings, snapshot: Snapshot, store: Store, docs: DocsServer, queries: list[DocQuery]
) -> None:
    shut = settings.model_copy(update={"coach_docs_rest_seconds": 3600.0})
    async with (
        PrefectMCP.from_settings(shut, allowed=snapshot.is_product_vocabulary) as client,
        knowing(shut, snapshot, client, store) as knowledge,
    ):
        assert knowledge.server.state == "starting"
        assert await DocWarmer(knowledge, queries[:2], per_minute=FAST).round() == 2
        with docs.being("soft_error"):
            await knowledge.look_up(queries[2:])
        assert knowledge.server.circuit == "open"
        calls = knowledge.server.calls
        async with DocWarmer(knowledge, queries, per_minute=FAST):
            await stays(lambda: knowledge.server.calls == calls)


async def test_after_a_failure_it_rests(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    calls = knowledge.server.calls
    with docs.being("soft_error"):
        async with DocWarmer(knowledge, queries, per_minute=FAST):
            await until(lambda: knowledge.server.calls == calls + 1)
            await stays(lambda: knowledge.server.calls == calls + 1)


async def test_a_query_that_is_refused_is_no_failure_of_the_docs_server(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    private = DocQuery(text="the budget of Acme", fact_id="x", url=None)
    assert await DocWarmer(knowledge, [private, *queries[:2]], per_minute=FAST).round() == 2
    assert docs.queries == [query.text for query in queries[:2]]


async def test_a_docs_server_that_may_be_the_public_one_is_asked_politely(
    knowledge: ProductKnowledge, tmp_path: Path
) -> None:
    def interval(**given: object) -> float | None:
        wanted = {"prefect_mcp_enabled": True, "coach_warm_per_minute": 600} | given
        warmer = DocWarmer.from_settings(settings_in(tmp_path, **wanted), knowledge, [])
        return warmer.interval_s if warmer else None

    own = "http://127.0.0.1:8765/mcp"
    assert interval() == interval(prefect_docs_mcp_url=PUBLIC_DOCS_MCP_URL) == 1
    assert interval(prefect_mcp_transport="http", prefect_mcp_url=own, prefect_docs_mcp_url=own) == 1
    assert interval(coach_warm_per_minute=6) == 10
    assert interval(prefect_docs_mcp_url=own) == 0.1
    assert interval(coach_warm_per_minute=0) is None
    assert interval(prefect_mcp_enabled=False) is None


@pytest.mark.slow
async def test_a_house_warms_up_behind_its_callers_and_the_next_one_begins_where_it_ended(
    docs: DocsServer, tmp_path: Path
) -> None:
    settings = settings_in(
        tmp_path, prefect_mcp_enabled=True, prefect_docs_mcp_url=docs.url, coach_warm_per_minute=FAST
    )
    async with open_house(settings) as house:
        await until(lambda: house.knowledge.cache_stats.warmed >= 10)
    assert not any(task.get_name() == "doc-warmer" for task in asyncio.all_tasks())
    asked = set(docs.queries)
    docs.forget()
    async with running(settings) as service:
        await until(lambda: service.house.knowledge.cache_stats.warmed >= 5)
        cache = (await service.http.get("/ready")).json()["cache"]
    assert cache["recalled"] >= 10
    assert len(asked & set(docs.queries)) <= 1  # what was on its way when the first house closed


@pytest.mark.slow
async def test_after_a_full_warming_the_labelled_calls_find_their_look_ups_done(
    shared: Path, tmp_path: Path
) -> None:
    snapshot = Snapshot.open(tmp_path / "docs", REPO / "knowledge")
    askable = sum(can_be_asked(fact) for fact in snapshot.pack.facts)
    async with served(create_docs_server(snapshot), listen("127.0.0.1", 0)) as url:
        settings = settings_in(
            tmp_path,
            prefect_mcp_enabled=True,
            prefect_docs_mcp_url=f"{url}/mcp",
            coach_warm_per_minute=FAST,
        )
        async with running(settings) as service:
            async with asyncio.timeout(600):
                while service.house.knowledge.cache_stats.entries < askable:
                    await asyncio.sleep(0.5)
            look_ups = hits = 0
            for file in sorted(shared.glob("calls/dev-*/transcript.*")):
                answer = await service.http.post("/analyze", files={"file": (file.name, file.read_bytes())})
                used = checked(answer).knowledge
                look_ups, hits = look_ups + used.look_ups, hits + used.cache_hits
    snapshot.close()
    assert hits >= 0.95 * look_ups > 0
