"""What becomes of prefect-mcp: started, killed, stopped, deaf, silent, and the service around it killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from backend.errors import DocsUnreachable, PrefectUnreachable
from backend.services.prefect_mcp import Launch, PrefectMCP
from tests.conftest import REPO
from tests.services.docs_fixture import DocsServer
from tests.services.mcp_fixture import (
    KEY,
    PATIENCE,
    WAITS_FOR_EOF,
    alive,
    launch_for,
    python,
    running,
    tiny,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def client(docs_server: DocsServer) -> AsyncIterator[PrefectMCP]:
    async with running(replace(launch_for(docs_server), probe_s=1)) as shared:
        assert await shared.ready(within=PATIENCE)
        yield shared


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


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [False, True], ids=["a child that runs", "a stopped child"])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_service_that_is_ended_leaves_no_child(
    docs: DocsServer, tmp_path: Path, end: signal.Signals, stopped: bool
) -> None:
    if stopped and end is signal.SIGKILL and not (sys.platform == "linux" and shutil.which("setpriv")):
        pytest.skip("only Linux kills a child with its parent")
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend", "serve", "--port", "0"),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(REPO),
            "COACH_DATA_DIR": str(tmp_path / "data"),
            "PREFECT_DOCS_MCP_URL": docs.url,
        },
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert service.stdout
    try:
        said = re.search(r"http://\S+", (await service.stdout.readline()).decode())
        assert said
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(base_url=said.group()) as http:
            while (pid := (await http.get("/ready")).json()["prefect_mcp"]["pid"]) is None:
                await asyncio.sleep(0.05)
        assert alive(pid)
        if stopped:
            os.kill(pid, signal.SIGSTOP)
    finally:
        service.send_signal(end)
        await service.communicate()
    await until(lambda: not alive(pid))


async def test_after_it_is_closed_a_call_is_answered_at_once_with_a_sentence(docs: DocsServer) -> None:
    async with running(python(WAITS_FOR_EOF)) as client:
        pass
    with pytest.raises(DocsUnreachable):
        await client.search_docs("workers", timeout=PATIENCE)
    assert docs.headers == []


async def test_another_task_than_the_one_that_opened_it_may_close_it() -> None:
    client = PrefectMCP(tiny(), allowed=bool)
    opener = asyncio.create_task(client.__aenter__())
    await opener
    assert await client.ready(within=PATIENCE)
    pid = client.state.pid
    await asyncio.create_task(client.__aexit__(None, None, None))
    assert pid
    assert not alive(pid)
    assert client.state.state == "off"


async def test_a_child_that_answers_no_more_is_found_out_and_replaced(client: PrefectMCP) -> None:
    victim = client.state.pid
    assert victim
    os.kill(victim, signal.SIGSTOP)
    with pytest.raises(DocsUnreachable):
        await client.search_docs("workers", timeout=0.3)
    await until(lambda: client.state.state == "up" and client.state.pid != victim)
    assert not alive(victim)
    assert client.state.circuit == "closed"
    assert await client.search_docs("workers", timeout=PATIENCE)


async def test_a_deadline_holds_also_where_the_pipe_to_the_child_is_full() -> None:
    async with running(tiny()) as client:
        await client.ready(within=PATIENCE)
        pid = client.state.pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(4):  # the SDK alone takes five seconds to let its caller go
            with pytest.raises(PrefectUnreachable, match=r"within 0\.2 seconds"):
                await client.call("get_flows", {"filter": {"name": "x" * 1_000_000}}, timeout=0.2)


async def test_a_loss_that_the_child_only_relays_does_not_end_it() -> None:
    async with running(tiny()) as client:
        with pytest.raises(DocsUnreachable):
            await client.search_docs("relays a loss", timeout=PATIENCE)
        assert await client.search_docs("workers", timeout=PATIENCE) == []
        assert (client.state.state, client.state.restarts) == ("up", 0)


@pytest.mark.parametrize("answer", ["says half", "says nothing", "another schema"])
async def test_an_answer_that_is_none_costs_that_call_alone(answer: str) -> None:
    async with running(tiny()) as client:
        await client.ready(within=PATIENCE)
        with pytest.raises(DocsUnreachable):
            await client.search_docs(answer, timeout=0.3)
        assert await client.search_docs("workers", timeout=PATIENCE) == []
        assert (client.state.state, client.state.restarts) == ("up", 0)


async def test_a_call_that_kills_every_child_is_tried_twice_and_no_more() -> None:
    async with running(replace(tiny(), backoff_s=0.01)) as client:
        with pytest.raises(DocsUnreachable):
            await client.search_docs("dies", timeout=PATIENCE)
        await until(lambda: client.state.state == "up")
        assert client.state.restarts == 2


async def test_docs_tools_that_come_back_are_noticed_though_nobody_asks(docs: DocsServer) -> None:
    with docs.down():
        launch = replace(launch_for(docs), look_s=0.1)
        shared = PrefectMCP(launch, allowed=bool)
        await shared.__aenter__()
        try:
            assert await shared.ready(within=PATIENCE)
            assert not shared.state.docs_tools
            with pytest.raises(DocsUnreachable, match="no docs tools"):
                await shared.search_docs("workers", timeout=PATIENCE)
            docs.start()
            await until(lambda: shared.state.docs_tools)
        finally:
            await shared.__aexit__(None, None, None)
            docs.stop()


async def test_with_two_children_the_death_of_one_costs_nothing() -> None:
    async with running(replace(tiny(), pool=2)) as client:
        await until(lambda: len(client.state.pids) == 2)
        victim, other = client.state.pids
        stuck = [asyncio.create_task(client.search_docs("says nothing", timeout=PATIENCE)) for _ in range(4)]
        await until(lambda: [link.busy for link in client._links] == [2, 2])
        for call in stuck:
            call.cancel()
        await asyncio.wait(stuck)
        os.kill(victim, signal.SIGKILL)
        assert await client.search_docs("workers", timeout=PATIENCE) == []
        await until(lambda: len(client.state.pids) == 2)
        assert other in client.state.pids
        assert victim not in client.state.pids


async def test_callers_may_leave_at_any_moment() -> None:
    """Each is cancelled after another number of turns of the event loop, so at every await there is."""
    turns = [*range(40), *random.Random(7).sample(range(40, 400), 60)]
    async with running(replace(tiny(), parallel=4)) as client:
        await client.ready(within=PATIENCE)
        callers = [asyncio.create_task(client.search_docs("workers", timeout=PATIENCE)) for _ in turns]
        by_turn = sorted(zip(turns, callers, strict=True), key=lambda one: one[0])
        for turn in range(400):
            while by_turn and by_turn[0][0] <= turn:
                by_turn.pop(0)[1].cancel()
            await asyncio.sleep(0)
        for ended in await asyncio.gather(*callers, return_exceptions=True):
            assert isinstance(ended, list | asyncio.CancelledError)
        assert await client.search_docs("workers", timeout=PATIENCE) == []
        assert (client.state.state, client.state.restarts, client._docs_slots._value) == ("up", 0, 4)
        await until(lambda: client._links[0].busy == 0)


async def test_state_is_plain_json_without_secrets() -> None:
    launch = tiny()
    async with running(replace(launch, env={**launch.env, "PREFECT_API_KEY": KEY})) as client:
        await client.ready(within=PATIENCE)
        assert KEY not in json.dumps(client.state.model_dump(mode="json")) + repr(client._reach)
