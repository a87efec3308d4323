"""Look-ups with the real prefect-mcp, a real docs server and the real store."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import string
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backend.errors import QueryRefused
from backend.facts import DocQuery
from backend.services.doc_cache import DocCache
from backend.services.doc_hits import DocHit
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import ProductKnowledge
from backend.services.prefect_mcp import Launch, PrefectMCP
from backend.settings import Settings
from backend.store import Store
from tests.conftest import REPO
from tests.service import CALL, running, settings_in
from tests.services.docs_fixture import DocsServer
from tests.services.lookups import PATIENCE, knowing
from tests.services.mcp_fixture import TINY, WAITS_FOR_EOF, python, tiny
from tests.services.mcp_fixture import running as connected
from tests.services.test_doc_cache import HOUR, Time

pytestmark = pytest.mark.anyio


async def test_equal_queries_of_a_batch_are_asked_once(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    one, other = queries[:2]
    same = one.model_copy(update={"fact_id": other.fact_id, "text": f"  {one.text.upper()} "})
    found = await knowledge.look_up([one, same])
    assert len(docs.queries) == 1
    assert (found.look_ups, found.failed, found.status) == (1, 0, "fresh")
    assert found.passages[one.fact_id] == found.passages[other.fact_id] != []


async def test_after_a_restart_a_batch_is_answered_from_the_store_as_it_was_read(
    settings: Settings,
    snapshot: Snapshot,
    client: PrefectMCP,
    store: Store,
    docs: DocsServer,
    queries: list[DocQuery],
) -> None:
    time = Time()
    async with knowing(settings, snapshot, client, store, time) as knowledge:
        first = await knowledge.look_up(queries)
    docs.forget()
    time.seconds = 600
    async with knowing(settings, snapshot, client, store, time) as knowledge:
        again = await knowledge.look_up(queries)
    assert docs.queries == []
    assert (first.cache_hits, again.cache_hits, again.look_ups) == (0, 12, 12)
    assert again.passages == first.passages
    assert (again.status, again.read_at, again.sources) == ("fresh", first.read_at, first.sources)


async def test_answers_past_their_time_make_a_batch_stale_and_not_fresh(
    settings: Settings,
    snapshot: Snapshot,
    client: PrefectMCP,
    store: Store,
    docs: DocsServer,
    queries: list[DocQuery],
) -> None:
    time = Time()
    async with knowing(settings, snapshot, client, store, time) as knowledge:
        first = await knowledge.look_up(queries)
        time.seconds = 2 * HOUR
        with docs.being("soft_error"):
            away = await knowledge.look_up(queries)
        assert (away.status, away.failed, away.cache_hits, away.read_at) == ("stale", 0, 12, first.read_at)
        async with asyncio.timeout(PATIENCE):
            while client.state.circuit == "open":
                await asyncio.sleep(0.01)
        back = await knowledge.look_up(queries)
        assert (back.status, back.cache_hits, back.failed) == ("fresh", 0, 0)
        time.seconds += HOUR + 1  # in the grace
        at_once = await knowledge.look_up(queries)
        assert (at_once.status, at_once.cache_hits, at_once.read_at) == ("stale", 12, back.read_at)


async def test_what_cannot_be_had_is_taken_from_the_snapshot_and_the_batch_is_degraded(
    knowledge: ProductKnowledge, docs: DocsServer, queries: list[DocQuery]
) -> None:
    await knowledge.look_up(queries[:3])
    with docs.being("soft_error"):
        found = await knowledge.look_up(queries[:5])
    assert (found.status, found.look_ups, found.cache_hits, found.failed) == ("degraded", 5, 3, 2)
    assert {one.source for query in queries[:3] for one in found.passages[query.fact_id]} == {"prefect-mcp"}
    assert {one.source for query in queries[3:5] for one in found.passages[query.fact_id]} == {"pack"}
    assert any("index is being rebuilt" in warning for warning in found.warnings)


async def test_a_hanging_docs_server_costs_a_batch_one_stall_and_what_was_cached_is_given(
    settings: Settings, snapshot: Snapshot, store: Store, docs: DocsServer, queries: list[DocQuery]
) -> None:
    settings = settings.model_copy(
        update={"coach_look_up_seconds": 600.0, "coach_look_up_stall_seconds": 0.2}
    )
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            PrefectMCP.from_settings(settings, allowed=snapshot.is_product_vocabulary)
        )
        assert await client.ready(within=PATIENCE)
        knowledge = await stack.enter_async_context(knowing(settings, snapshot, client, store))
        await knowledge.warm(queries[0])
        with docs.being("hangs"):
            async with asyncio.timeout(PATIENCE):  # against 600 s for the whole batch
                found = await knowledge.look_up(queries)
        assert (found.status, found.failed, found.cache_hits) == ("degraded", 11, 1)
        assert knowledge.idle.is_set()


async def test_a_docs_server_that_hangs_from_the_start_is_waited_for_no_longer_because_the_child_starts(
    docs: DocsServer, tmp_path: Path
) -> None:
    with docs.being("hangs"):
        async with running(impatient(docs, tmp_path, stall_s=0.2)) as service:
            report = await service.analyze()
            assert service.house.knowledge.server.state == "starting"
    assert (report.knowledge.status, report.knowledge.failed) == ("snapshot", report.knowledge.look_ups)


@pytest.mark.slow
async def test_a_child_that_starts_is_given_its_time(docs: DocsServer, tmp_path: Path) -> None:
    async with running(impatient(docs, tmp_path, stall_s=1)) as service:  # none starts in less
        assert (await service.analyze()).knowledge.status == "fresh"


@pytest.mark.slow
async def test_a_child_that_is_killed_costs_a_batch_the_time_of_its_restart_and_no_answer(
    docs: DocsServer, tmp_path: Path
) -> None:
    async with running(impatient(docs, tmp_path, stall_s=1)) as service:
        assert await service.house.knowledge.ready(PATIENCE)
        pid = service.house.knowledge.server.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        report = await service.analyze()
    assert (report.knowledge.status, report.knowledge.failed) == ("fresh", 0)


@pytest.mark.slow
async def test_a_child_that_is_killed_in_the_middle_of_a_batch_costs_no_answer_either(
    docs: DocsServer, tmp_path: Path
) -> None:
    async with running(impatient(docs, tmp_path, stall_s=1)) as service:  # a restart takes longer
        assert await service.house.knowledge.ready(PATIENCE)
        with docs.being("slow"):
            analysis = asyncio.create_task(service.analyze())
            async with asyncio.timeout(PATIENCE):
                while not docs.queries:
                    await asyncio.sleep(0.005)
        pid = service.house.knowledge.server.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        report = await analysis
    assert (report.knowledge.status, report.knowledge.failed) == ("fresh", 0)


def impatient(docs: DocsServer, folder: Path, *, stall_s: float) -> Settings:
    return settings_in(
        folder,
        prefect_mcp_enabled=True,
        prefect_docs_mcp_url=docs.url,
        coach_look_up_seconds=PATIENCE,
        coach_look_up_stall_seconds=stall_s,
    )


# -- whose answers they are


def docs_with(schema: str) -> Launch:
    """A child that answers in milliseconds, and lists its docs tool with this schema."""
    found = '{"results": [{"id": "1", "snippet": "Workers poll work pools."}]}'
    code = TINY.replace('{"results": []}', found).replace('{"type": "object"}', schema)
    return replace(tiny(), command=(sys.executable, "-S", "-c", code))


async def test_answers_are_found_before_there_is_a_connection_and_not_once_the_tool_is_another(
    settings: Settings, snapshot: Snapshot, store: Store, queries: list[DocQuery]
) -> None:
    async def asked_of(launch: Launch, wait_s: float) -> tuple[int, int]:
        """How many look-ups a batch found done, and how many calls two such batches cost."""
        async with connected(launch) as client, knowing(settings, snapshot, client, store) as knowledge:
            await client.ready(within=wait_s)
            found = await knowledge.look_up(queries)
            again = await knowledge.look_up(queries)
            assert (found.status, again.cache_hits) == ("fresh", len(queries))
            return found.cache_hits, client.state.calls

    never_up = replace(python(WAITS_FOR_EOF), start_timeout_s=3600)
    one, other = docs_with('{"type": "object"}'), docs_with('{"type": "object", "required": ["why"]}')
    done, asked = (len(queries), 0), (0, len(queries))
    assert await asked_of(one, wait_s=0) == asked  # a server that was never met
    assert await asked_of(never_up, wait_s=0) == done
    assert await asked_of(one, wait_s=PATIENCE) == done
    assert await asked_of(other, wait_s=PATIENCE) == asked
    assert await asked_of(never_up, wait_s=0) == done


# -- what may leave


def said() -> list[str]:
    """Words as people say them: of the labelled calls where those are here, and of the tests' own call."""
    files = sorted((REPO.parent / "shared").glob("calls/dev-*/transcript.*"))[:4]
    return sorted({word for text in (CALL, *(file.read_text() for file in files)) for word in text.split()})


@pytest.fixture(scope="module")
def vocabulary(snapshot: Snapshot) -> frozenset[str]:
    facts = snapshot.pack.facts
    texts = " ".join(" ".join((fact.title, fact.section, *fact.terms)) for fact in facts).lower()
    return frozenset(texts.split()) | frozenset(re.findall(r"\w+(?:['’]\w+)*", texts))


WORDS = (
    st.sampled_from(said())
    | st.sampled_from(["workers", "Work", "pools", "flow", "250", "30", "Cloud", "plan"])
    | st.text(max_size=12)
    | st.integers(0, 10**7).map("{:,}".format)
    | st.emails()
)


@given(
    words=st.lists(WORDS, min_size=1, max_size=6), glue=st.sampled_from([" ", "\n", "-", ",", "\u200b", ""])
)
@examples(max_examples=150)
async def test_whatever_a_caller_builds_nothing_but_the_packs_words_leaves(
    docs_server: DocsServer,
    client: PrefectMCP,
    snapshot: Snapshot,
    settings: Settings,
    vocabulary: frozenset[str],
    words: list[str],
    glue: str,
) -> None:
    query = DocQuery(text=glue.join(words), fact_id="f", url=None)
    docs_server.forget()
    async with DocCache(list[DocHit], fresh_s=HOUR, negative_s=0) as cache:
        knowledge = ProductKnowledge.from_settings(settings, snapshot, client, cache)
        found = await knowledge.look_up([query])
        with suppress(QueryRefused):
            await knowledge.warm(query)
    assert (found.failed == 1) == (docs_server.queries == [])
    for word in " ".join(docs_server.queries).lower().split():
        plain = word.strip(string.punctuation)
        assert plain == "" or plain in vocabulary or word in vocabulary


@pytest.mark.parametrize(
    "leak", ["workers 83,250", "workers@acme.example", "work pools \U0001f91d", "flow\u200bs", "pool " * 300]
)
async def test_no_word_of_the_packs_covers_what_is_none(
    client: PrefectMCP, docs: DocsServer, leak: str
) -> None:
    refused = client.state.refused
    with pytest.raises(QueryRefused):
        await client.search_docs(leak, timeout=PATIENCE)
    assert (docs.queries, client.state.refused) == ([], refused + 1)
