"""The comparison: every system against the same docs host, measured turn by turn.

Each system runs in a process of its own (bench/peers.py) and starts the same prefect-mcp. All take part in
every round, each round begins with another system, and medians are taken over the rounds, so that a
machine that slows down slows all of them down.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import signal
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from importlib.metadata import distributions
from itertools import cycle, islice
from pathlib import Path

from backend.analysis.queries import can_be_asked, write_query
from backend.services.docs_snapshot import Snapshot
from backend.services.mcp_child import child_env
from backend.settings import Settings
from bench.docs_host import Gate, docs_host
from bench.figures import Row, Target
from bench.peers import SYSTEMS, Child, Reply

MOST_ROUNDS = 3
"""Each round asks queries that no round before asked, and there are only so many."""
OURS, RAW, NEW = "call-coach", "mcp", "new-client-per-query"
CALLS = {1: 32, 4: 32, 16: 64, 64: 128}
"""Distinct queries asked, by how many at once."""
NEW_AT_ONCE = 4
"""A new client per query starts a process for each: so many at once keep the machine busy, and more would
only queue, so that its figures for 16 and 64 are those for 4."""
REPEATS = {OURS: 2_000}
EQUAL = 64
IN_FLIGHT = 10
QUIET_S = 0.25
PATIENCE_S = 60
STOP_S = 10
LANGCHAIN = Path(sys.prefix) / "langchain" / "bin" / "python"

PARALLEL = tuple(f"parallel_{at_once}_per_s" for at_once in CALLS)
UNITS = {
    "cold_start_s": "s",
    "warm_call_p50_ms": "ms",
    "warm_call_p99_ms": "ms",
    "cached_call_p50_ms": "ms",
    "cached_call_p99_ms": "ms",
    "cached_1000_look_ups_ms": "ms",
    **dict.fromkeys(PARALLEL, "1/s"),
    "equal_64_upstream_calls": "calls",
    "kill9_lost": "calls",
    "kill9_recovery_s": "s",
    "rss_mb": "MB",
}


class Contestant:
    """One system in its process, and what was measured of it: by metric, one figure per round or call."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.measured: defaultdict[str, list[float]] = defaultdict(list)
        self._process = process

    @classmethod
    async def start(cls, name: str, child: Child) -> Contestant:
        python = str(LANGCHAIN) if name.startswith("langchain") else sys.executable
        process = await asyncio.create_subprocess_exec(
            python, "-m", "bench.peers", name, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        contestant = cls(name, process)
        contestant._send(child._asdict())
        return contestant

    async def order(self, order: str, queries: list[str], at_once: int = 1) -> Reply:
        assert self._process.stdout
        self._send((order, queries, at_once))
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The worker of {self.name} ended during `{order}`.")
        return Reply(**json.loads(line))

    async def answered(self, queries: list[str], at_once: int = 1, order: str = "ask") -> Reply:
        reply = await self.order(order, queries, at_once)
        if reply.failed:
            raise SystemExit(f"{self.name}: {reply.failed} of {len(queries)} calls failed.")
        return reply

    async def stop(self) -> None:
        """Its stdin is closed, and with it go its clients and their children."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            self.kill_children()
            self._process.kill()

    def kill_children(self) -> None:
        for pid in _children(self._process.pid):
            os.kill(pid, signal.SIGKILL)

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def _send(self, message: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")


async def compare(snapshot: Snapshot, folder: Path, rounds: int) -> tuple[list[Row], list[Target]]:
    """All systems, all metrics."""
    if sys.platform != "linux":
        raise SystemExit("The comparison reads /proc: run it on Linux.")
    async with AsyncExitStack() as stack:
        gate, url = await stack.enter_async_context(docs_host(snapshot))
        settings = Settings(_env_file=None, prefect_docs_mcp_url=url)
        child = Child(
            [sys.executable, "-m", "prefect_mcp_server"],
            child_env(settings, os.environ),
            cwd=str(folder),
            data_dir=str(folder),
        )
        contestants = []
        for name in SYSTEMS:
            contestants.append(await Contestant.start(name, child))
            stack.push_async_callback(contestants[-1].stop)
        queries = _queries(snapshot)
        await _open_all(contestants, queries)
        rounds = min(rounds, MOST_ROUNDS)
        for number in range(rounds):
            print(f"Round {number + 1} of {rounds}", file=sys.stderr)
            await _round(contestants[number:] + contestants[:number], queries, gate)
        equal = _next(queries, 1) * EQUAL
        for each in contestants:
            if each.name == NEW:
                await _new_each_time(each, queries, gate)
            else:
                await _equal(each, equal, gate)
    by_name = {each.name: each.measured for each in contestants}
    return _rows(by_name), _targets(by_name)


def versions() -> dict[str, str]:
    """Of what has a venv of its own."""
    packages = [str(path) for path in (LANGCHAIN.parents[1] / "lib").glob("*/site-packages")]
    found = {each.name: each.version for each in distributions(path=packages)}
    name = "langchain-mcp-adapters"
    return {name: f"{found[name]} (with mcp {found['mcp']})"}


# -- measuring


async def _open_all(contestants: list[Contestant], queries: Iterator[str]) -> None:
    """A first start that does not count: it imports, and fills the disk's cache."""
    first = _next(queries, 1)
    await asyncio.gather(*(each.answered(first, order="open") for each in contestants))


async def _round(contestants: list[Contestant], queries: Iterator[str], gate: Gate) -> None:
    first = _next(queries, 1)
    for each in contestants:
        each.measured["cold_start_s"].append((await each.answered(first, order="open")).total)
        each.measured["rss_mb"].append(each.rss_mb())
    keeping = [each for each in contestants if each.name != NEW]
    for at_once, calls in CALLS.items():
        distinct = _next(queries, calls)
        await _distinct(keeping, distinct, at_once)
    for each in keeping:
        await _cached(each, distinct)
        each.measured["rss_mb"][-1] = each.rss_mb()
    distinct = _next(queries, IN_FLIGHT)
    for each in keeping:
        await _killed(each, distinct, gate)


async def _distinct(contestants: list[Contestant], queries: list[str], at_once: int) -> None:
    """`at_once` queries of each in turn, and again, so that a machine that slows down for a second or two
    slows them all down."""
    seconds = dict.fromkeys((each.name for each in contestants), 0.0)
    for start in range(0, len(queries), at_once):
        for each in contestants:
            reply = await each.answered(queries[start : start + at_once], at_once)
            seconds[each.name] += reply.total
            if at_once == 1:
                each.measured["warm"] += reply.seconds
    for each in contestants:
        each.measured[f"parallel_{at_once}_per_s"].append(len(queries) / seconds[each.name])


async def _cached(each: Contestant, asked: list[str]) -> None:
    """Calls that were made before. Who has no cache makes them again."""
    repeats = REPEATS.get(each.name, 8)
    each.measured["cached"] += (await each.answered(list(islice(cycle(asked), repeats)))).seconds
    if each.name == OURS:
        thousand = await each.answered(list(islice(cycle(asked), 1000)))
        each.measured["cached_1000_look_ups_ms"].append(thousand.total * 1000)


async def _killed(each: Contestant, queries: list[str], gate: Gate) -> None:
    """kill -9 of the child while the docs host sits on the calls: none can have been answered."""
    before = gate.calls
    gate.shut()
    survival = asyncio.create_task(each.order("survive", queries, len(queries)))
    async with asyncio.timeout(PATIENCE_S):
        await _all_arrived(gate, before)
    killed = time.monotonic()
    each.kill_children()
    gate.open()
    reply = await survival
    each.measured["kill9_lost"].append(reply.failed)
    each.measured["kill9_recovery_s"].append(reply.over - killed)


async def _all_arrived(gate: Gate, before: int) -> None:
    """Wait until calls have come, and then no more of them."""
    seen = before
    while gate.calls == before or gate.calls != seen:
        seen = gate.calls
        await asyncio.sleep(QUIET_S)


async def _equal(each: Contestant, queries: list[str], gate: Gate) -> None:
    before = gate.calls
    await each.answered(queries, len(queries))
    each.measured["equal_64_upstream_calls"].append((gate.calls - before) * EQUAL / len(queries))


async def _new_each_time(each: Contestant, queries: Iterator[str], gate: Gate) -> None:
    """A new client per query: each of its calls is a cold start, and shares nothing with any other."""
    starts = each.measured["cold_start_s"]
    each.measured["warm"] = each.measured["cached"] = starts
    each.measured[PARALLEL[0]] = [1 / seconds for seconds in starts]
    reply = await each.answered(_next(queries, NEW_AT_ONCE), NEW_AT_ONCE)
    for metric in PARALLEL[1:]:
        each.measured[metric].append(NEW_AT_ONCE / reply.total)
    await _equal(each, _next(queries, 1) * NEW_AT_ONCE, gate)
    await _killed(each, _next(queries, IN_FLIGHT), gate)


def _queries(snapshot: Snapshot) -> Iterator[str]:
    """The queries the product itself writes, each once."""
    facts = filter(can_be_asked, snapshot.pack.facts)
    return iter(dict.fromkeys(write_query(fact).text.casefold() for fact in facts))


def _next(queries: Iterator[str], count: int) -> list[str]:
    return list(islice(queries, count))


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            stat = path.read_text()
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


# -- telling

Measured = Mapping[str, list[float]]


def _rows(by_name: Mapping[str, Measured]) -> list[Row]:
    return [
        Row(metric, name, value, unit)
        for metric, unit in UNITS.items()
        for name, measured in by_name.items()
        if (value := _value(metric, measured)) is not None
    ]


def _value(metric: str, measured: Measured) -> float | None:
    if match := re.fullmatch(r"(warm|cached)_call_p(\d+)_ms", metric):
        ordered = sorted(measured[match[1]])
        return ordered[math.ceil(len(ordered) * int(match[2]) / 100) - 1] * 1000
    return statistics.median(measured[metric]) if metric in measured else None


def _targets(by_name: Mapping[str, Measured]) -> list[Target]:
    ours, raw = by_name[OURS], by_name[RAW]
    faster = statistics.median(raw["warm"]) / statistics.median(ours["cached"])
    distinct = {
        at_once: _ratio(ours[metric], raw[metric]) for at_once, metric in zip(CALLS, PARALLEL, strict=True)
    }
    equal, lost = ours["equal_64_upstream_calls"][0], max(ours["kill9_lost"])
    recovery = _ratio(ours["kill9_recovery_s"], ours["cold_start_s"])
    thousand = statistics.median(ours["cached_1000_look_ups_ms"])
    return [
        Target(
            "a cached answer, times faster than the raw client's warm call (5,000)",
            f"{faster:,.0f}",
            faster >= 5000,
        ),
        Target(
            "distinct queries per second over the raw client's (0.95)",
            ", ".join(f"{ratio:.2f} with {at_once}" for at_once, ratio in distinct.items()),
            min(distinct.values()) >= 0.95,
        ),
        Target("docs calls for 64 equal queries in flight (1)", f"{equal:.0f}", equal == 1),
        Target("answers lost to kill -9 with 10 calls in flight (0)", f"{lost:.0f}", lost == 0),
        Target("recovery from it, in cold starts (1.3)", f"{recovery:.2f}", recovery <= 1.3),
        Target("a thousand cached look-ups, in ms (5)", f"{thousand:.2f}", thousand < 5),
    ]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: what slowed one of a pair down slowed the other down as well."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
