"""Against the real prefect-mcp process and a real docs MCP server. Each child costs about two seconds, so
most tests share one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.errors import DocsUnreachable, PrefectRefused, QueryRefused
from backend.services.circuit import CircuitOpen
from backend.services.prefect_mcp import JsonObject, PrefectMCP
from tests.services.docs_fixture import Behaviour, DocsServer
from tests.services.mcp_fixture import (
    AUTH,
    ENVIRON,
    KEY,
    PATIENCE,
    PROXY_PASSWORD,
    TINY,
    alive,
    launch_for,
    python,
    running,
    tiny,
    until,
)

pytestmark = pytest.mark.anyio


def environment_of(pid: int) -> dict[str, str]:
    environ = Path(f"/proc/{pid}/environ")
    if not environ.exists():
        pytest.skip("no /proc here")
    return dict(entry.split("=", 1) for entry in environ.read_text().split("\0") if entry)


@pytest.fixture(scope="module")
async def client(docs_server: DocsServer) -> AsyncIterator[PrefectMCP]:
    async with running(launch_for(docs_server)) as shared:
        assert await shared.ready(within=PATIENCE)
        yield shared


# -- the chain


async def test_an_answer_comes_through_and_the_wire_carries_just_the_query(
    client: PrefectMCP, docs: DocsServer
) -> None:
    hits = await client.search_docs("work pool types", top_k=2, timeout=PATIENCE)
    assert docs.queries == ["work pool types"]
    assert [(hit.title, hit.url, hit.text, hit.namespace) for hit in hits] == [
        ("Workers", "https://docs.prefect.io/v3/concepts/workers", docs.snippet, "prefect-3")
    ] * 2


async def test_many_queries_are_asked_once_each_side_by_side(client: PrefectMCP, docs: DocsServer) -> None:
    found = await client.search_many(["work pool types", "workers", "work pool types"], timeout=PATIENCE)
    assert sorted(docs.queries) == ["work pool types", "workers"]
    assert {query: hits[0].title for query, hits in found.items()} == {
        "work pool types": "Workers",
        "workers": "Workers",
    }


async def test_of_many_queries_those_come_that_are_answered_in_time() -> None:
    async with running(tiny()) as client:
        assert await client.search_many(["workers", "says nothing"], timeout=3) == {"workers": []}
        with pytest.raises(DocsUnreachable):
            await client.search_many(["says nothing"], timeout=0.2)


async def test_one_query_that_may_not_leave_keeps_them_all_back(client: PrefectMCP, docs: DocsServer) -> None:
    with pytest.raises(QueryRefused):
        await client.search_many(["workers", "does Acme use work pools"], timeout=PATIENCE)
    assert docs.queries == []


async def test_release_notes_come_through(client: PrefectMCP, docs: DocsServer) -> None:
    assert "## Release 3.4.0" in await client.release_notes("3.4.0", timeout=PATIENCE)
    assert "## Release 3.8.8" in await client.release_notes("latest", timeout=PATIENCE)
    assert docs.versions == ["3.4.0", None]


async def test_the_state_tells_of_a_child_that_is_up(client: PrefectMCP) -> None:
    await client.search_docs("workers", timeout=PATIENCE)
    state = client.state
    assert (state.state, state.docs_tools, state.circuit) == ("up", True, "closed")
    assert state.pid
    assert alive(state.pid)


# -- what may leave


async def test_a_query_of_other_words_is_refused_and_not_even_logged(
    client: PrefectMCP, docs: DocsServer
) -> None:
    refused = client.state.refused
    with capture_logs() as logs, pytest.raises(QueryRefused) as refusal:
        await client.search_docs("does Acme use work pools", timeout=PATIENCE)
    assert docs.headers == []
    assert client.state.refused == refused + 1
    assert logs
    assert "acme" not in (repr(logs) + str(refusal.value)).lower()


@pytest.mark.parametrize("version", ["3.4 at Acme", "../3", "3.4\n", ""])
async def test_a_version_that_is_none_is_refused(client: PrefectMCP, docs: DocsServer, version: str) -> None:
    with pytest.raises(QueryRefused):
        await client.release_notes(version, timeout=PATIENCE)
    assert docs.headers == []


async def test_a_tool_that_is_not_on_the_list_is_never_called(client: PrefectMCP) -> None:
    calls = client.state.calls
    with pytest.raises(QueryRefused, match="execution_plans_publish"):
        await client.call("execution_plans_publish", {}, timeout=PATIENCE)
    assert client.state.calls == calls


async def test_a_tool_that_says_it_writes_is_refused_whatever_its_name() -> None:
    server = """
from mcp.server import MCPServer
from mcp.types import ToolAnnotations
server = MCPServer("impostor")
@server.tool(annotations=ToolAnnotations(read_only_hint=False))
def docs_search_prefect(query: str, top_k: int) -> str:
    raise SystemExit("called")
server.run()
"""
    async with running(python(server)) as client:
        with pytest.raises(QueryRefused, match="not read-only"):
            await client.search_docs("workers", timeout=PATIENCE)
        assert client.state.restarts == 0


async def test_a_tool_that_says_so_later_is_refused_as_well() -> None:
    hint = '"annotations": {"readOnlyHint": len(listed) < 2}'
    code = TINY.replace(
        'return {"result": TOOLS}',
        f'listed.append(1); TOOLS["tools"][0] |= {{{hint}}}; return {{"result": TOOLS}}',
    )
    launch = replace(tiny(), command=(sys.executable, "-S", "-c", f"listed = []\n{code}"), list_s=0.05)
    async with running(launch) as client:
        await client.ready(within=PATIENCE)
        link = client._links[0]
        await until(lambda: link.connection is not None and bool(link.connection.writers))
        with pytest.raises(QueryRefused, match="not read-only"):
            await client.search_docs("workers", timeout=PATIENCE)


async def test_the_child_knows_only_what_it_must_and_the_docs_server_no_secret(
    client: PrefectMCP, docs: DocsServer
) -> None:
    await client.search_docs("workers", timeout=PATIENCE)
    assert docs.headers
    assert not any(
        secret in value
        for headers in docs.headers
        for value in headers.values()
        for secret in (KEY, AUTH, PROXY_PASSWORD)
    )
    assert client.state.pid
    given = environment_of(client.state.pid)
    assert given["PREFECT_API_KEY"] == KEY
    assert given["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    from_outside = ENVIRON.keys() & given.keys()
    assert from_outside <= {"PATH", "HOME", "HTTP_PROXY", "no_proxy"}
    added_by_sdk_and_shell = {"LOGNAME", "SHELL", "TERM", "USER", "PWD", "OLDPWD", "SHLVL", "_"}
    assert given.keys() - from_outside - added_by_sdk_and_shell == {
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_DOCS_MCP_URL",
        "PREFECT_DOCS_MCP_INIT_TIMEOUT",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",
        "PREFECT_PROFILES_PATH",
        "DO_NOT_TRACK",
        "FASTMCP_CHECK_FOR_UPDATES",
        "FASTMCP_ENABLE_RICH_LOGGING",
        "FASTMCP_ENABLE_RICH_TRACEBACKS",
        "FASTMCP_LOG_LEVEL",
        "FASTMCP_SHOW_SERVER_BANNER",
    }


# -- other tools


async def test_any_read_only_tool_can_be_called_and_answers_in_plain_json(client: PrefectMCP) -> None:
    assert "read-only" in str(await client.call("orientation", {}, timeout=PATIENCE))
    schema = await client.call("get_object_schema", {"object_type": "automation"}, timeout=PATIENCE)
    assert isinstance(schema, dict)
    assert "properties" in schema


async def test_trouble_with_the_prefect_api_is_told_and_does_not_count_against_the_docs_server(
    client: PrefectMCP,
) -> None:
    for _ in range(2):
        with pytest.raises(PrefectRefused, match="get_flows with an error"):
            await client.call("get_flows", {}, timeout=PATIENCE)
    assert client._circuit._failed == 0
    assert KEY not in repr(client.state)


@pytest.mark.parametrize(
    "arguments",
    [{"query": "does Acme poll"}, {"query": ["Acme"]}, {"query": "workers", "why": "Acme asked"}],
)
async def test_a_docs_tool_called_by_its_name_is_guarded_all_the_same(
    client: PrefectMCP, docs: DocsServer, arguments: JsonObject
) -> None:
    with pytest.raises(QueryRefused):
        await client.call("docs_search_prefect", arguments, timeout=PATIENCE)
    assert docs.headers == []


# -- faults of the docs server


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [("soft_error", "index is being rebuilt"), ("garbage", "another shape"), ("html", "text/html")],
)
async def test_a_bad_answer_is_docs_unreachable_with_its_reason(
    client: PrefectMCP, docs: DocsServer, behaviour: Behaviour, why: str
) -> None:
    with docs.being(behaviour), pytest.raises(DocsUnreachable, match=why):
        await client.search_docs("workers", timeout=PATIENCE)


async def test_a_docs_server_that_is_down_is_said_and_found_again_without_a_restart(
    client: PrefectMCP, docs: DocsServer
) -> None:
    before = client.state
    with docs.down(), pytest.raises(DocsUnreachable):
        await client.search_docs("workers", timeout=PATIENCE)
    assert await client.search_docs("workers", timeout=PATIENCE)
    after = client.state
    assert (after.state, after.pid, after.errors) == ("up", before.pid, before.errors + 1)


async def test_a_docs_server_that_hangs_costs_each_call_its_deadline_and_then_nothing(
    docs: DocsServer,
) -> None:
    now = 0.0
    launch = replace(launch_for(docs), circuit_failures=3, circuit_rest_s=60)
    async with running(launch, clock=lambda: now) as client:
        assert await client.search_docs("workers", timeout=PATIENCE)
        with docs.being("hangs"):
            calls = [client.search_docs(f"flows {n}", timeout=0.3) for n in range(12)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [isinstance(result, DocsUnreachable) for result in results] == [True] * 12
            assert client.state.circuit == "open"
            docs.forget()
            with pytest.raises(CircuitOpen):
                await client.search_docs("workers", timeout=PATIENCE)
            assert client.state.state == "up"
        assert "workers" not in docs.queries
        now = 60.0
        back = await asyncio.gather(*(client.search_docs(f"x {n}", timeout=PATIENCE) for n in range(12)))
        assert [len(hits) for hits in back] == [5] * 12
        after = client.state
        assert after.circuit == "closed"


async def test_docs_calls_that_hang_hold_up_no_other_call(client: PrefectMCP, docs: DocsServer) -> None:
    with docs.being("hangs"):
        hanging = [asyncio.create_task(client.search_docs(f"x {n}", timeout=PATIENCE)) for n in range(20)]
        await until(lambda: len(docs.headers) >= 8)
        assert await client.call("orientation", {}, timeout=PATIENCE)
        assert not any(call.done() for call in hanging)
    await asyncio.gather(*hanging)
