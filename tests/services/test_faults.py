"""What hosts and children may do to us, each with real processes: a fault costs its call no more than the
deadline, the error says so, and the next call is answered."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

import pytest

from backend.analysis.queries import can_be_asked, write_query
from backend.errors import DocsUnreachable, PrefectUnreachable
from backend.services.doc_hits import MAX_HIT_CHARS, MAX_HITS
from backend.services.docs_snapshot import Snapshot
from backend.services.prefect_mcp import Launch, PrefectMCP, Remote
from backend.settings import Settings
from backend.store import Store
from tests.services.docs_fixture import DocsServer
from tests.services.hostile_docs import (
    Fault,
    HostileFront,
    drips,
    every_other,
    finds,
    half,
    hangs_up,
    never_ends,
    refuses,
    refuses_one_by_one,
    says,
    sends_on,
)
from tests.services.lookups import knowing
from tests.services.mcp_fixture import AUTH, KEY, PATIENCE, launch_for, running, tiny, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

T = TypeVar("T")
SOON = 0.5
"""A deadline that passes, in seconds."""
HANGS = 10
"""So much later than its deadline nothing may end, however busy the machine."""


async def in_time(call: Awaitable[T], deadline: float) -> T:
    """The call, which may not outlive its deadline."""
    async with asyncio.timeout(deadline + HANGS):
        return await call


@pytest.fixture(scope="module")
async def front(docs_server: DocsServer) -> AsyncIterator[HostileFront]:
    async with HostileFront(docs_server) as front:
        yield front


def through_child(docs: DocsServer, url: str) -> Launch:
    launch = launch_for(docs)
    return replace(launch, env={**launch.env, "PREFECT_DOCS_MCP_URL": url})


def straight_to(url: str) -> Remote:
    return Remote(transport="docs", url=url, circuit_failures=1000, backoff_s=0.01, backoff_max_s=0.05)


@pytest.fixture(scope="module")
async def by_child(docs_server: DocsServer, front: HostileFront) -> AsyncIterator[PrefectMCP]:
    async with running(through_child(docs_server, front.url)) as client:
        assert await client.ready(within=PATIENCE)
        yield client


@pytest.fixture(scope="module")
async def straight(front: HostileFront) -> AsyncIterator[PrefectMCP]:
    async with running(straight_to(front.url)) as client:
        assert await client.ready(within=PATIENCE)
        yield client


@pytest.fixture(params=["by the real prefect-mcp", "straight"])
def client(request: pytest.FixtureRequest, by_child: PrefectMCP, straight: PrefectMCP) -> PrefectMCP:
    return straight if request.param == "straight" else by_child


# -- what a docs host answers

UNKNOWN_TOOL = {
    "resultType": "complete",
    "isError": True,
    "content": [{"type": "text", "text": "Unknown tool: x"}],
}
BAD_ANSWERS = {
    "hangs up": hangs_up,
    "half an answer": half,
    "no JSON": says(b"{"),
    "no text": says(b"\xff\xfe\x00"),
    "nothing": says(b""),
    "null": says(None),
    "a batch": says([]),
    "another protocol": says({"result": []}),
    "another schema": says({"result": {"resultType": "complete", "content": [{"type": "hologram"}]}}),
    "other results": says(
        {"result": {"resultType": "complete", "content": [], "structuredContent": {"hits": []}}}
    ),
    "an unknown tool": says({"error": {"code": -32602, "message": "Unknown tool: search_prefect"}}),
    "an unknown tool, softly": says({"result": UNKNOWN_TOOL}),
    "half an event": says(b"data: {", "text/event-stream"),
    "an event of 5 MB": says(b"data: " + b"x" * 5_000_000 + b"\n\n", "text/event-stream"),
    "error 500": refuses("500 Internal Server Error"),
    "error 404": refuses("404 Not Found"),
    "error 401": refuses("401 Unauthorized"),
    "too many": refuses("429 Too Many Requests", "retry-after: 3600\r\n"),
    "202 and no answer": refuses("202 Accepted"),
    "another origin": sends_on("http://127.0.0.1:9/mcp"),
}


@pytest.mark.parametrize("fault", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
async def test_an_answer_that_is_none_fails_and_the_next_call_is_answered(
    client: PrefectMCP, front: HostileFront, fault: Fault
) -> None:
    with front.doing(fault, "tools/call"), pytest.raises(DocsUnreachable) as failure:
        await in_time(client.search_docs("workers", timeout=5), 5)
    assert str(failure.value).endswith(".")
    assert len(str(failure.value)) < 500
    assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)


@pytest.mark.parametrize("fault", [drips, never_ends])
async def test_an_answer_that_does_not_end_costs_its_call_the_deadline(
    client: PrefectMCP, front: HostileFront, fault: Fault
) -> None:
    with front.doing(fault, "tools/call"), pytest.raises(DocsUnreachable, match=r"within 0\.5 seconds"):
        await in_time(client.search_docs("workers", timeout=SOON), SOON)
    assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)


async def test_an_answer_without_end_is_not_read_on_when_its_caller_has_left(
    client: PrefectMCP, front: HostileFront
) -> None:
    front.cut()
    await until(lambda: front.busy == 0)
    with front.doing(never_ends, "tools/call"), pytest.raises(DocsUnreachable):
        await in_time(client.search_docs("workers", timeout=SOON), SOON)
    await until(lambda: front.busy == 0)


async def test_of_an_answer_of_5_mb_no_more_is_kept_than_a_hit_may_hold(
    client: PrefectMCP, front: HostileFront
) -> None:
    with front.doing(finds({"id": "1", "snippet": "x" * 5_000_000}), "tools/call"):
        hits = await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
    assert [len(hit.text) for hit in hits] == [MAX_HIT_CHARS]
    many = finds(*({"id": str(n), "snippet": "x" * 400} for n in range(10_000)))
    with front.doing(many, "tools/call"):
        hits = await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
    assert len(hits) == MAX_HITS


async def test_an_answer_that_is_cut_costs_the_calls_beside_it_nothing(
    straight: PrefectMCP, front: HostileFront, docs: DocsServer
) -> None:
    """Sooner or later the connection goes, and each is asked once more."""
    with docs.being("slow"):
        calls = [asyncio.create_task(straight.search_docs(f"flows {n}", timeout=PATIENCE)) for n in range(6)]
        await until(lambda: len(docs.queries) == 6)
        front.cut()
        answers = await in_time(asyncio.gather(*calls), PATIENCE)
    assert [len(answer) for answer in answers] == [5] * 6


@pytest.mark.parametrize(
    "fault", [half, drips, refuses("503 Service Unavailable"), says(b"<h1>Wifi</h1>", "text/html")]
)
async def test_a_host_that_fails_from_the_start_is_found_once_it_is_well(
    front: HostileFront, fault: Fault
) -> None:
    with front.doing(fault):
        reach = replace(straight_to(front.url), start_timeout_s=SOON)
        client = PrefectMCP(reach, allowed=bool)
        await client.__aenter__()
        with pytest.raises(DocsUnreachable):
            await in_time(client.search_docs("workers", timeout=3), 3)
    try:
        await until(lambda: client.state.docs_tools)
        assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
    finally:
        await in_time(client.__aexit__(None, None, None), 0)


async def test_a_host_without_our_tool_is_said_to_have_none(front: HostileFront) -> None:
    other = {"name": "find_recipes", "inputSchema": {"type": "object"}}
    listing = {"resultType": "complete", "tools": [other], "ttlMs": 0, "cacheScope": "private"}
    with front.doing(says({"result": listing}), "tools/list"):
        async with running(straight_to(front.url)) as client:
            assert await client.ready(within=PATIENCE)
            assert not client.state.docs_tools


async def test_failures_between_answers_never_open_the_circuit(
    front: HostileFront,
) -> None:
    async with running(replace(straight_to(front.url), circuit_failures=2)) as client:
        with front.doing(every_other(refuses("503 Service Unavailable")), "tools/call"):
            for n in range(10):
                with pytest.raises(DocsUnreachable):
                    await in_time(client.search_docs(f"x {n}", timeout=PATIENCE), PATIENCE)
                assert await in_time(client.search_docs(f"y {n}", timeout=PATIENCE), PATIENCE)
        assert (client.state.circuit, client.state.errors) == ("closed", 10)


async def test_failures_that_trickle_in_are_not_waited_for_one_by_one(
    front: HostileFront, settings: Settings, snapshot: Snapshot, store: Store
) -> None:
    """Answers alone break a batch's silence. Its two hundred failures would take 80 s, its time is 600."""
    settings = settings.model_copy(
        update={"coach_look_up_seconds": 600.0, "coach_look_up_stall_seconds": 2 * SOON}
    )
    queries = [write_query(fact) for fact in snapshot.pack.facts if can_be_asked(fact)][:200]
    async with PrefectMCP(straight_to(front.url), allowed=snapshot.is_product_vocabulary) as client:
        assert await client.ready(within=PATIENCE)
        async with knowing(settings, snapshot, client, store) as knowledge:
            with front.doing(refuses_one_by_one(0.4), "tools/call"):
                found = await in_time(knowledge.look_up(queries), PATIENCE)
    assert client.state.circuit == "closed"
    assert (found.status, found.failed) == ("snapshot", found.look_ups)
    assert all(found.passages[query.fact_id] for query in queries)


async def test_a_docs_host_that_hangs_from_the_start_holds_up_no_other_tool(docs: DocsServer) -> None:
    launch = replace(launch_for(docs), look_s=0.1)
    with docs.being("hangs"):
        client = PrefectMCP(launch, allowed=bool)
        await client.__aenter__()
        assert await in_time(client.call("orientation", {}, timeout=PATIENCE), PATIENCE)
        with pytest.raises(DocsUnreachable):
            await in_time(client.search_docs("workers", timeout=SOON), SOON)
    try:
        await until(lambda: client.state.docs_tools)
        assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
        assert client.state.restarts == 0
    finally:
        await in_time(client.__aexit__(None, None, None), PATIENCE)


@pytest.mark.parametrize("by_child", [True, False], ids=["by the real prefect-mcp", "straight"])
async def test_a_docs_host_whose_name_nobody_knows_is_said(docs: DocsServer, by_child: bool) -> None:
    nowhere = "http://docs.invalid/mcp"
    async with running(through_child(docs, nowhere) if by_child else straight_to(nowhere)) as client:
        with pytest.raises(DocsUnreachable, match=r"no docs tools|docs\.invalid cannot be reached"):
            await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)


# -- where a host sends us


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
@pytest.mark.parametrize("transport", ["docs", "http", "sse"])
async def test_no_redirect_takes_us_or_our_credentials_to_another_host(
    front: HostileFront, transport: Literal["docs", "http", "sse"], status: str
) -> None:
    secrets = {"X-Prefect-Api-Key": KEY, "X-Prefect-Api-Auth-String": AUTH}
    async with HostileFront(None) as elsewhere:
        with front.doing(sends_on(elsewhere.url, status)):
            reach = replace(straight_to(front.url), transport=transport, headers=secrets)
            async with running(reach) as client:
                with pytest.raises(PrefectUnreachable) as failure:
                    await in_time(client.call("orientation", {}, timeout=5), 5)
        assert elsewhere.asked == []
    assert KEY not in str(failure.value)


async def test_no_redirect_takes_prefect_mcp_to_another_docs_host(
    by_child: PrefectMCP, front: HostileFront
) -> None:
    async with HostileFront(None) as elsewhere:
        with front.doing(sends_on(elsewhere.url)), pytest.raises(DocsUnreachable):
            await in_time(by_child.search_docs("workers", timeout=5), 5)
        assert elsewhere.asked == []
    assert await in_time(by_child.search_docs("workers", timeout=PATIENCE), PATIENCE)


# -- certificates


def tls_for(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS with a certificate for this name that vouches for itself, and the certificate's file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here, so certificates are NOT tested")
    made, key = folder / "certificate.pem", folder / "key.pem"
    asked = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=docs -addext subjectAltName={name}"
    subprocess.run([*asked.split(), "-keyout", key, "-out", made], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made, key)
    return tls, made


@pytest.mark.parametrize(
    ("name", "known", "trusted"),
    [("IP:127.0.0.1", True, True), ("IP:127.0.0.1", False, False), ("DNS:docs.example", True, False)],
    ids=["one that SSL_CERT_FILE vouches for", "one that nobody vouches for", "one for another name"],
)
async def test_prefect_mcp_trusts_only_a_certificate_it_can_check(
    name: str, known: bool, trusted: bool, docs: DocsServer, tmp_path: Path
) -> None:
    tls, made = tls_for(name, tmp_path)
    async with HostileFront(docs, tls) as front:
        launch = through_child(docs, front.url)
        launch = replace(launch, env={**launch.env, **({"SSL_CERT_FILE": str(made)} if known else {})})
        async with running(launch) as client:
            assert await client.ready(within=PATIENCE)
            assert client.state.docs_tools is trusted
            if trusted:
                assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
            else:
                with pytest.raises(DocsUnreachable, match="no docs tools"):
                    await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE)
        assert bool(front.asked) is trusted


# -- a child that speaks wildly

# Answers like an MCP server, once it has written what it was told to among the answers.
BABBLER = """
import json, sys
out = sys.stdout.buffer
NOISE = {noise}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
HELLO["serverInfo"] = {"name": "babbler", "version": "1"}
TOOLS = {"tools": [{"name": "docs_search_prefect", "inputSchema": {"type": "object"}}]}
ANSWER = {"content": [{"type": "text", "text": "ok"}], "structuredContent": {"results": []}}
RESULTS = {"initialize": HELLO, "tools/list": TOOLS, "tools/call": ANSWER}
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message: continue
    if message.get("params", {}).get("arguments", {}).get("query") == "babble": out.write(NOISE)
    result = RESULTS.get(message["method"])
    said = {"result": result} if result else {"error": {"code": -32601, "message": "no"}}
    out.write(json.dumps({"jsonrpc": "2.0", "id": message["id"]} | said).encode() + b"\\n")
    out.flush()
"""


@pytest.mark.parametrize(
    "noise",
    [
        'b"Starting up...\\n" * 300',
        r'b"\xff\xfe\xc3\n" * 300',
        'b"[1, 2]\\nnull\\n{}\\n" * 100',
        '(json.dumps({"jsonrpc": "2.0", "id": 10**6, "result": {}}) + "\\n").encode() * 300',
        '(json.dumps({"jsonrpc": "2.0", "method": "notifications/x"}) + "\\n").encode() * 300',
        'b"x" * 5_000_000 + b"\\n"',
    ],
    ids=[
        "words",
        "no text",
        "other JSON",
        "answers nobody waits for",
        "notifications nobody knows",
        "one long line",
    ],
)
async def test_what_a_child_babbles_between_its_answers_is_passed_over(noise: str) -> None:
    code = BABBLER.replace("{noise}", noise)
    async with running(replace(tiny(), command=(sys.executable, "-S", "-c", code))) as client:
        assert await in_time(client.search_docs("babble", timeout=PATIENCE), PATIENCE) == []
        assert await in_time(client.search_docs("workers", timeout=PATIENCE), PATIENCE) == []
        assert (client.state.state, client.state.restarts) == ("up", 0)


# -- time


@pytest.mark.parametrize("jump", [3600.0, 10 * 86_400.0, -3600.0])
async def test_a_clock_that_jumps_while_calls_are_in_flight_fails_none(
    front: HostileFront, docs: DocsServer, jump: float
) -> None:
    now = 1e6
    async with running(straight_to(front.url), clock=lambda: now) as client:
        with docs.being("slow"):
            calls = [asyncio.create_task(client.search_docs(f"x {n}", timeout=PATIENCE)) for n in range(6)]
            await until(lambda: len(docs.queries) == 6)
            now += jump
            answers = await in_time(asyncio.gather(*calls), PATIENCE)
        assert [len(answer) for answer in answers] == [5] * 6
        assert (client.state.state, client.state.restarts, client.state.circuit) == ("up", 0, "closed")
