"""Against the real prefect-mcp process and a real docs MCP server. Each child costs about two seconds, so
most tests share one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.errors import DocsUnreachable, PrefectRefused, QueryRefused
from backend.services.circuit import CircuitOpen
from backend.services.prefect_mcp import JsonObject, Launch, PrefectMCP
from backend.settings import Settings
from tests.services.docs_fixture import Behaviour, DocsServer

pytestmark = pytest.mark.anyio

REPO = Path(__file__).parents[2]
PATIENCE = 30.0
KEY, AUTH, PROXY_PASSWORD = "pnu_very-secret-key", "admin:very-secret-word", "very-secret-proxy-word"
ENVIRON = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    "no_proxy": "127.0.0.1",
    "HTTP_PROXY": f"http://house:{PROXY_PASSWORD}@127.0.0.1:1",
    "ANTHROPIC_API_KEY": "sk-ant-not-for-the-child",
    "LOGFIRE_TOKEN": "not-for-the-child",
    "PREFECT_MCP_EXPERIMENTAL_EXECUTION_PLANS_ENABLED": "true",
}
WAITS_FOR_EOF = "import sys; sys.stdin.read()"


def launch_for(docs: DocsServer) -> Launch:
    """The product's own launch, with more patience for tests that make the docs server fail."""
    settings = Settings.model_validate(
        {
            "prefect_docs_mcp_url": docs.url,
            "prefect_api_url": "http://127.0.0.1:1/api",
            "prefect_api_key": KEY,
            "prefect_api_auth_string": AUTH,
        }
    )
    return replace(Launch.from_settings(settings, ENVIRON), circuit_failures=1000)


def python(code: str) -> Launch:
    """A child that is not prefect-mcp, for what prefect-mcp cannot be made to do."""
    return Launch(command=(sys.executable, "-c", code), env=dict(os.environ))


def product_vocabulary(query: str) -> bool:
    return "acme" not in query.lower()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does, and fail the test where it never does it."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def environment_of(pid: int) -> dict[str, str]:
    environ = Path(f"/proc/{pid}/environ")
    if not environ.exists():
        pytest.skip("no /proc here")
    return dict(entry.split("=", 1) for entry in environ.read_text().split("\0") if entry)


@asynccontextmanager
async def running(launch: Launch, **options: Callable[[], float]) -> AsyncIterator[PrefectMCP]:
    """A client whose child must be gone afterwards."""
    async with PrefectMCP(launch, allowed=product_vocabulary, **options) as client:
        yield client
        pid = client.state.pid
    assert client.state.state == "off"
    assert pid is None or not alive(pid)


@pytest.fixture(scope="module")
def docs_server() -> Iterator[DocsServer]:
    server = DocsServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def docs(docs_server: DocsServer) -> DocsServer:
    docs_server.forget()
    return docs_server


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
        assert await client.search_docs("workers", timeout=PATIENCE)
        assert await client.search_docs("work pools", timeout=PATIENCE)


# -- faults of the child


async def test_ten_calls_in_flight_when_the_child_is_killed_are_all_answered(
    client: PrefectMCP, docs: DocsServer
) -> None:
    before = client.state
    assert before.pid
    with docs.being("slow"):
        calls = [asyncio.create_task(client.search_docs(f"flows {n}", timeout=PATIENCE)) for n in range(10)]
        await until(lambda: len(docs.queries) >= 8)
        os.kill(before.pid, signal.SIGKILL)
        answers = await asyncio.gather(*calls)
    assert [len(answer) for answer in answers] == [5] * 10
    after = client.state
    assert (after.state, after.restarts, after.errors) == ("up", before.restarts + 1, before.errors)
    assert after.pid != before.pid


async def test_a_child_that_dies_unasked_is_replaced_before_anyone_asks(client: PrefectMCP) -> None:
    victim = client.state.pid
    assert victim
    os.kill(victim, signal.SIGKILL)
    await until(lambda: client.state.state == "up" and client.state.pid != victim)
    assert await client.search_docs("workers", timeout=PATIENCE)


async def test_a_caller_who_leaves_harms_neither_the_others_nor_the_child(
    client: PrefectMCP, docs: DocsServer
) -> None:
    before = client.state
    with docs.being("slow"):
        calls = [asyncio.create_task(client.search_docs(f"flows {n}", timeout=PATIENCE)) for n in range(4)]
        await until(lambda: len(docs.queries) == 4)
        calls[0].cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [isinstance(answer, list) for answer in answers[1:]] == [True] * 3
    assert (client.state.pid, client.state.restarts) == (before.pid, before.restarts)


async def test_entering_does_not_wait_and_a_call_waits_no_longer_than_its_deadline() -> None:
    async with running(replace(python(WAITS_FOR_EOF), start_timeout_s=3600)) as client:
        assert client.state.state == "starting"
        assert not await client.ready(within=0.01)
        for _ in range(2):  # the first to leave must not take along what the second waits for
            with pytest.raises(DocsUnreachable, match=r"starting, did not answer within 0\.2 seconds"):
                await client.search_docs("workers", timeout=0.2)
        assert client.state.circuit == "closed"


async def test_a_child_that_will_not_hear_is_stopped_all_the_same(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    deaf = f"import os, time; open({str(said)!r}, 'w').write(str(os.getpid())); time.sleep(3600)"
    async with running(replace(python(deaf), start_timeout_s=3600)):
        await until(lambda: said.exists() and said.read_text() != "")
    assert not alive(int(said.read_text()))


async def test_a_command_that_exits_at_once_is_told_and_tried_again() -> None:
    launch = python(f"raise SystemExit('no luck, and the key is {KEY}')")
    launch = replace(launch, env={**launch.env, "PREFECT_API_KEY": KEY}, backoff_s=0.01)
    async with running(launch) as client:
        with pytest.raises(DocsUnreachable, match="could not be started: it ended before it answered"):
            await client.search_docs("workers", timeout=PATIENCE)
        await until(lambda: client.state.restarts >= 2)
        state = client.state
        assert (state.state, state.circuit) == ("restarting", "closed")
        assert state.last_error == "prefect-mcp could not be started: it ended before it answered."
        assert state.stderr_tail[-1] == "no luck, and the key is ***"


async def test_a_command_that_is_not_there_is_told() -> None:
    async with running(Launch(command=("/nowhere/prefect-mcp",))) as client:
        with pytest.raises(DocsUnreachable, match="could not be started"):
            await client.search_docs("workers", timeout=PATIENCE)
        assert "/nowhere/prefect-mcp" in client.state.stderr_tail[-1]


async def test_a_child_that_floods_stderr_is_read_on_and_only_its_end_is_kept() -> None:
    flood = """
import sys
for _ in range(200): sys.stderr.write(("x" * 99 + "\\n") * 1000)
sys.stderr.write("y" * 1_000_000 + "\\nthe end\\n")
sys.stderr.flush()
sys.stdin.read()
"""
    async with running(replace(python(flood), start_timeout_s=3600)) as client:
        await until(lambda: client.state.stderr_tail[-1:] == ["the end"])
        assert sum(map(len, client.state.stderr_tail)) < 40_000


async def test_a_service_that_is_killed_leaves_no_child(docs: DocsServer) -> None:
    service = """
import asyncio, os, sys
from backend.services.prefect_mcp import JsonObject, Launch, PrefectMCP

async def main():
    env = {**os.environ, "PREFECT_DOCS_MCP_URL": sys.argv[1]}
    async with PrefectMCP(Launch(env=env), allowed=bool) as client:
        await client.ready(within=60)
        print(client.state.pid, file=sys.stderr, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", service, docs.url), cwd=REPO, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    pid = int(await process.stderr.readline())
    assert alive(pid)
    process.kill()
    await process.wait()
    await until(lambda: not alive(pid))


async def test_after_it_is_closed_a_call_is_answered_at_once_with_a_sentence(docs: DocsServer) -> None:
    async with running(python(WAITS_FOR_EOF)) as client:
        pass
    with pytest.raises(DocsUnreachable):
        await client.search_docs("workers", timeout=PATIENCE)
    assert docs.headers == []
