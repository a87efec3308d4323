"""What only shows in the long run, with real processes: nothing is left behind, callers may leave at any
moment, and whatever happens at once, every call ends in time and all recovers.

What is left to chance follows from a seed, which is printed; COACH_SOAK_SEED gives it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backend.errors import KnowledgeUnavailable
from backend.services.prefect_mcp import Launch, PrefectMCP, Reach, Remote
from tests.conftest import REPO
from tests.services.docs_fixture import DocsServer
from tests.services.hostile_docs import (
    Fault,
    HostileFront,
    drips,
    half,
    hangs_up,
    never_ends,
    passed_on,
    refuses,
    says,
)
from tests.services.interruptions import CancelledAt, TasksCancelledAt
from tests.services.mcp_fixture import PATIENCE, alive, launch_for, running, tiny, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HANGS = 10
"""So much later than its deadline nothing may end, in seconds, however busy the machine."""
STORM = 40
"""Blows a storm has."""


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("COACH_SOAK_SEED", random.randrange(2**32)))
    print(f"COACH_SOAK_SEED={seed}")  # noqa: T201 -- pytest shows it where the test fails
    return random.Random(seed)


def quick(reach: Launch | Remote) -> Launch | Remote:
    return replace(reach, backoff_s=0.01, backoff_max_s=0.05)


@pytest.fixture(params=["a child", "a docs server elsewhere"])
def reach(request: pytest.FixtureRequest, docs: DocsServer) -> Reach:
    return quick(tiny() if request.param == "a child" else Remote(transport="docs", url=docs.url))


# -- starts and stops


def left() -> tuple[int, int]:
    """Descriptors and children of this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if not children.exists():
        pytest.skip("no /proc here")
    return len(list(Path("/proc/self/fd").iterdir())), len(children.read_text().split())


async def test_two_hundred_starts_and_stops_leave_no_task_no_descriptor_and_no_process(
    reach: Reach,
) -> None:
    async def cycle(n: int) -> None:
        async with running(reach) as client:
            if n % 2:
                await client.ready(within=PATIENCE)
            if n % 4 == 3:
                await client.search_docs("workers", timeout=PATIENCE)

    await cycle(3)
    tasks, (descriptors, children) = len(asyncio.all_tasks()), left()
    for n in range(200):
        await cycle(n)
    # A docs server elsewhere runs in a thread of this process, and ends its side of a connection later.
    await until(lambda: len(asyncio.all_tasks()) <= tasks and left()[0] <= descriptors)
    assert left()[1] <= children


# -- callers who leave at every await there is


async def answered(call: Awaitable[object]) -> object:
    async with asyncio.timeout(PATIENCE + HANGS):
        return await call


async def leaving_everywhere(
    client: PrefectMCP, call: Callable[[], Coroutine[Any, Any, object]], chance: random.Random
) -> int:
    """Begin the call and leave it at its first await, then its second, until it has none left; each time
    with calls beside it, which are answered. How often it was left."""
    for nth in count(1):
        leaver = CancelledAt(call(), nth)
        before = [asyncio.create_task(ask(client)) for _ in range(chance.randrange(3))]
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        left = asyncio.create_task(answered(leaver))
        after = [asyncio.create_task(ask(client)) for _ in range(chance.randrange(3))]
        with suppress(asyncio.CancelledError, KnowledgeUnavailable):  # a docs server has no orientation
            await left
        assert left.cancelled() is leaver.reached
        await answered(asyncio.gather(*before, *after))
        if not leaver.reached:
            return nth - 1
    raise AssertionError


async def ask(client: PrefectMCP) -> object:
    return await client.search_docs("workers", timeout=PATIENCE)


CALLS: dict[str, Callable[[PrefectMCP], Coroutine[Any, Any, object]]] = {
    "search": ask,
    "orientation": lambda client: client.call("orientation", {}, timeout=PATIENCE),
    "ready": lambda client: client.ready(within=PATIENCE),
}


@pytest.mark.parametrize("call", ["search", "orientation"])
async def test_a_call_may_be_left_at_every_await(reach: Reach, call: str, chance: random.Random) -> None:
    async with running(reach) as client:
        assert await client.ready(within=PATIENCE)
        assert await leaving_everywhere(client, lambda: CALLS[call](client), chance) >= 1
        assert (client.state.state, client.state.restarts, client.state.circuit) == ("up", 0, "closed")
        await until(lambda: client._links[0].busy == 0)
        assert (client._docs_slots._value, client._slots._value) == (8, 8)


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_that_waits_for_a_start_may_be_left_at_every_await(
    reach: Reach, call: str, chance: random.Random
) -> None:
    for nth in count(1):
        async with running(reach) as client:
            leaver = CancelledAt(CALLS[call](client), nth)
            left = asyncio.create_task(answered(leaver))
            with suppress(asyncio.CancelledError, KnowledgeUnavailable):
                await left
            assert left.cancelled() is leaver.reached
            await answered(ask(client))
            assert (client.state.state, client.state.restarts) == ("up", 0)
        if not leaver.reached:
            break
    assert nth >= 2


async def test_a_call_that_loses_its_child_may_be_left_at_every_await(chance: random.Random) -> None:
    """The way through the loss, the probe and the second asking."""
    async with running(quick(tiny())) as client:
        for nth in count(1):
            assert await client.ready(within=PATIENCE)
            leaver = CancelledAt(client.search_docs("dies", timeout=PATIENCE), nth)
            left = asyncio.create_task(answered(leaver))
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            with suppress(asyncio.CancelledError, KnowledgeUnavailable):
                await left
            assert left.cancelled() is leaver.reached
            assert await answered(until_answered(client)) == []
            if not leaver.reached:
                break
        assert nth > 2
        await until(lambda: client._links[0].busy == 0)
        assert client._docs_slots._value == 8


async def until_answered(client: PrefectMCP) -> object:
    """The answer of a server whose deaths may cost the first calls theirs."""
    while True:
        with suppress(KnowledgeUnavailable):
            return await client.search_docs("workers", timeout=PATIENCE)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("task", ["Link._live", "Link._answers"])
async def test_a_connection_may_be_cancelled_at_every_await_and_the_next_one_answers(
    reach: Reach, task: str
) -> None:
    """As an HTTP transport that drops does to the task that entered it."""
    for nth in count(1):
        with TasksCancelledAt(task, nth) as cancelled:
            async with running(reach) as client:
                with suppress(KnowledgeUnavailable):
                    await answered(ask(client))
                assert cancelled.reached or await answered(ask(client)) is not None
                await answered(until_answered(client))
                await until(lambda: client.state.state == "up")
        if not cancelled.reached:
            break
    assert task != "Link._live" or nth > 5


@pytest.mark.parametrize("when", ["while it opens", "once it is up", "with calls under way"])
async def test_closing_may_be_left_at_every_await_and_goes_on(
    reach: Reach, when: str, chance: random.Random
) -> None:
    others = asyncio.all_tasks()
    for nth in count(1):
        client = await PrefectMCP(reach, allowed=bool).__aenter__()
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)
        if when != "while it opens":
            assert await client.ready(within=PATIENCE)
        calls = [asyncio.create_task(ask(client)) for _ in range(3 * (when == "with calls under way"))]
        for _ in range(chance.randrange(10)):
            await asyncio.sleep(0)
        pids = client.state.pids
        leaver = CancelledAt(client.__aexit__(None, None, None), nth)
        left = asyncio.create_task(answered(leaver))
        with suppress(asyncio.CancelledError):
            await left
        for ended in await answered_all(calls):
            assert isinstance(ended, list | KnowledgeUnavailable)
        await answered(client.__aexit__(None, None, None))
        assert client.state.state == "off"
        assert not any(alive(pid) for pid in pids)
        await until(lambda: asyncio.all_tasks() <= others)
        if not leaver.reached:
            break
    assert nth > 1


async def answered_all(calls: list[asyncio.Task[object]]) -> list[object]:
    async with asyncio.timeout(PATIENCE + HANGS):
        return await asyncio.gather(*calls, return_exceptions=True)


CLOSES_AND_ENDS = """
import asyncio
from tests.services.mcp_fixture import PATIENCE, tiny
from backend.services.prefect_mcp import PrefectMCP
async def main(turns):
    client = await PrefectMCP(tiny(), allowed=bool).__aenter__()
    await client.ready(within=PATIENCE)
    print("pid", client.state.pid, flush=True)
    closing = asyncio.create_task(client.__aexit__(None, None, None))
    for _ in range(turns): await asyncio.sleep(0)
for turns in range(25): asyncio.run(main(turns))
"""


async def test_an_event_loop_that_ends_while_a_child_is_closed_neither_hangs_nor_leaves_it() -> None:
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLOSES_AND_ENDS),
        cwd=REPO,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(2 * PATIENCE):
            said, _ = await service.communicate()
    except TimeoutError:
        service.kill()
        await service.communicate()
        raise
    pids = [int(line.split()[1]) for line in said.decode().splitlines() if line.startswith("pid")]
    assert len(pids) == 25
    assert not any(alive(pid) for pid in pids)


# -- storms


@dataclass
class Callers:
    """Ask without a pause until told to stop. Each call must end in time, with an answer or our error."""

    client: PrefectMCP
    chance: random.Random
    ended: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

    async def ask_on(self) -> None:
        while not self.stopping:
            seconds = self.chance.choice([0.1, 0.5, 2.0, 5.0])
            call = self.chance.choice([self._search, self._notes, self._orientation])
            try:
                async with asyncio.timeout(seconds + HANGS):
                    assert await call(seconds)
                self.ended["answered"] += 1
            except KnowledgeUnavailable:
                self.ended["failed"] += 1
            await asyncio.sleep(0.01)

    async def _search(self, seconds: float) -> object:
        return await self.client.search_docs("workers", timeout=seconds)

    async def _notes(self, seconds: float) -> object:
        return await self.client.release_notes("latest", timeout=seconds)

    async def _orientation(self, seconds: float) -> object:
        return await self.client.call("orientation", {}, timeout=seconds)


Blow = Callable[[], Awaitable[None]]


async def weather(client: PrefectMCP, chance: random.Random, blows: Sequence[Blow]) -> Counter[str]:
    """A storm over six callers. How their calls ended."""
    callers = Callers(client, chance)
    asking = [asyncio.create_task(callers.ask_on()) for _ in range(6)]
    for _ in range(STORM):
        await chance.choice(blows)()
        await asyncio.sleep(chance.choice([0, 0.05, 0.3, 1]))
        assert not any(caller.done() for caller in asking), [str(one) for one in asking if one.done()]
    callers.stopping = True
    await asyncio.gather(*asking)
    return callers.ended


async def recovered(client: PrefectMCP) -> None:
    """All is as if there had been no storm."""
    async with asyncio.timeout(3 * PATIENCE):
        await until_answered(client)
        for link in client._links:
            await until(lambda link=link: link.connection is not None and link.docs_tools)  # type: ignore[misc]
        await until(lambda: all(link.busy == 0 for link in client._links))
    slots = client._reach.parallel * client._reach.pool
    assert (client._docs_slots._value, client._slots._value) == (slots, slots)
    assert (client.state.state, client.state.circuit) == ("up", "closed")


async def test_in_a_storm_over_prefect_mcp_every_call_ends_in_time_and_all_recovers(
    docs: DocsServer, chance: random.Random
) -> None:
    launch = replace(launch_for(docs), pool=2, probe_s=1, look_s=0.5, circuit_failures=5, circuit_rest_s=0.5)
    async with running(replace(launch, backoff_max_s=0.5)) as client:
        assert await client.ready(within=PATIENCE)
        ever: set[int] = set()

        async def strike(how: signal.Signals) -> None:
            ever.update(client.state.pids)
            if client.state.pids:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(client.state.pids), how)

        async def docs_change() -> None:
            docs.behaviour = chance.choice(["answers", "slow", "hangs", "soft_error", "garbage", "html"])

        async def docs_restart() -> None:
            docs.behaviour = "answers"  # one that hangs would not stop
            await asyncio.to_thread(docs.stop)
            await asyncio.sleep(chance.random())
            await asyncio.to_thread(docs.start)

        blows = [lambda: strike(signal.SIGKILL), lambda: strike(signal.SIGSTOP), docs_change, docs_restart]
        try:
            ended = await weather(client, chance, blows)
        finally:
            docs.behaviour = "answers"
        assert ended.total() > 6
        await recovered(client)
        ever.update(client.state.pids)
    await until(lambda: not any(alive(pid) for pid in ever))


@pytest.fixture
async def front(docs: DocsServer) -> AsyncIterator[HostileFront]:
    async with HostileFront(docs) as front:
        yield front


FAULTS: list[Fault] = [
    passed_on,
    passed_on,
    drips,
    half,
    hangs_up,
    never_ends,
    refuses("503 Service Unavailable"),
    says(b"{"),
]


async def test_in_a_storm_over_a_docs_host_every_call_ends_in_time_and_all_recovers(
    front: HostileFront, chance: random.Random
) -> None:
    straight = Remote(transport="docs", url=front.url, probe_s=1, look_s=0.5, circuit_rest_s=0.5)
    async with running(quick(replace(straight, start_timeout_s=2))) as client:
        assert await client.ready(within=PATIENCE)

        async def change() -> None:
            front.do(chance.choice(FAULTS))

        async def cut() -> None:
            front.cut()

        ended = await weather(client, chance, [change, change, cut])
        front.do(passed_on)
        assert ended.total() > 6
        await recovered(client)
