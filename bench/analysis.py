"""A call of an hour by the rules: CPU of the analysis, and what the real service makes of many at once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from statistics import median

from pydantic import JsonValue

from backend.analysis.analyst import Moments
from backend.analysis.engine import Options
from backend.analysis.finding import asked_at, match, rank, readable
from backend.facts import LookUps
from backend.formats import parse
from backend.house import House, open_house
from backend.services.docs_snapshot import Snapshot
from backend.settings import Settings
from backend.transcript import Transcript
from bench.docs_host import docs_host
from bench.figures import Row
from bench.scene import HINTS, LIMITS, Scene, hour_call
from bench.services import BARE, OURS, Service, running

COACH, TWO, PLAIN = "call-coach", "call-coach, 2 processes", "parse and validate alone"
PARALLEL = 8
ROUNDS_OF_CPU = 2
"""For each round of the others: what takes a second is worth repeating."""
CALLS = {
    COACH: {1: 2, PARALLEL: PARALLEL},
    TWO: {1: 2, PARALLEL: PARALLEL},
    PLAIN: {1: 25, PARALLEL: 10 * PARALLEL},
}
"""How many calls a round makes, by system and how many at once."""


async def analysis(scene: Scene) -> list[Row]:
    said = hour_call(scene.shared)
    with closing(Snapshot.open(scene.data_dir, scene.knowledge_dir)) as snapshot:
        async with docs_host(snapshot) as (_, url):
            rows = await _cpu(scene, said, url)
            print("analysis: CPU measured, the service follows", file=sys.stderr)
            return rows + await _served(scene, said, url)


# -- CPU


async def _cpu(scene: Scene, said: list[dict[str, str]], url: str) -> list[Row]:
    settings = Settings(
        _env_file=None,
        coach_data_dir=scene.data_dir,
        coach_analyst="rules",
        coach_warm_per_minute=0,
        prefect_docs_mcp_url=url,
    )
    async with open_house(settings) as house:
        transcript = _parsed(said)
        await _warm(house, transcript)
        moments = await house.rules.spot(transcript)
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "hour_parse_cpu_p50_ms": lambda: asyncio.to_thread(_parsed, said),
            "hour_spot_cpu_p50_ms": lambda: house.rules.spot(transcript),
            "hour_find_cpu_p50_ms": lambda: asyncio.to_thread(_find, house, transcript, moments),
            "hour_analysis_cpu_p50_ms": lambda: house.coach.coach(transcript, Options()),
            "hour_with_store_cpu_p50_ms": lambda: house.analyse(transcript, Options(), force=True),
            "hour_stored_cpu_p50_ms": lambda: house.analyse(transcript, Options()),
        }
        spent = defaultdict(list)
        for _ in range(scene.rounds * ROUNDS_OF_CPU):
            for name, step in steps.items():
                begun = time.process_time()
                await step()
                spent[name].append(time.process_time() - begun)
    found = len(moments.claims) + len(moments.objections) + len(moments.questions)
    return [
        Row("hour_words", "the call", sum(len(turn.text.split()) for turn in transcript.turns), "words"),
        Row("hour_moments", "the call", found, "moments"),
        *(Row(name, COACH, median(seconds) * 1000, "ms") for name, seconds in spent.items()),
    ]


def _parsed(said: list[dict[str, str]]) -> Transcript:
    given: JsonValue = [dict(turn) for turn in said]
    return parse(given, hints=HINTS, limits=LIMITS)


async def _warm(house: House, transcript: Transcript) -> None:
    """Until every look-up is answered from the cache."""
    await house.knowledge.ready(30)
    for _ in range(20):
        report, _ = await house.analyse(transcript, Options(), force=True)
        print(
            f"analysis: {report.knowledge.cache_hits} of {report.knowledge.look_ups} cached", file=sys.stderr
        )
        if report.knowledge.cache_hits == report.knowledge.look_ups:
            return
        await asyncio.sleep(1)
    raise SystemExit("The look-ups of an analysis never were all in the cache.")


def _find(house: House, transcript: Transcript, moments: Moments) -> None:
    """The engine's share of search: facts and passages for each moment."""
    claims = [(one.quote, one.about) for one in moments.claims]
    objections = [(one.quote, one.about) for one in moments.objections]
    questions = [(one.quote, one.about) for one in moments.questions]
    for quote, about in (*claims, *objections, *questions):
        asked = asked_at(quote, about, transcript.turns)
        readable(rank(house.knowledge, asked, match(house.knowledge, asked), LookUps()))


# -- the service


async def _served(scene: Scene, said: list[dict[str, str]], url: str) -> list[Row]:
    call = HINTS.model_dump(mode="json", exclude_none=True)
    forced = json.dumps({"transcript": said, "call": call, "options": {"force": True}}).encode()
    stored = json.dumps({"transcript": said, "call": call}).encode()
    async with AsyncExitStack() as stack:
        env = scene.child_env(scene.data_dir, url)
        services = {
            COACH: await stack.enter_async_context(running(OURS, env)),
            TWO: await stack.enter_async_context(running(OURS, env | {"COACH_WORKERS": "2"})),
            PLAIN: await stack.enter_async_context(running(BARE, {})),
        }
        await _warm_service(services[COACH], forced)
        await _seconds(
            services[TWO], forced, 2 * PARALLEL, PARALLEL
        )  # each process, by connections of its own
        per_s, cpu = await _in_turn(services, forced, scene.rounds)
        answers = [await _seconds(services[COACH], stored, 1, 1) for _ in range(20)]
    rows = []
    for name in services:
        one, many = median(per_s[name, 1]), median(per_s[name, PARALLEL])
        ratio = median(b / a for a, b in zip(per_s[name, 1], per_s[name, PARALLEL], strict=True))
        rows += [
            Row("analyze_hour_1_per_s", name, one, "1/s"),
            Row("analyze_hour_8_per_s", name, many, "1/s"),
            Row("analyze_hour_8_over_1", name, ratio, "x"),
        ]
        if name != TWO:  # of several processes, the one that was started only hands out connections
            rows.append(Row("analyze_hour_cpu_ms", name, median(cpu[name]) * 1000, "ms"))
    return [*rows, Row("analyze_hour_stored_p50_ms", COACH, median(answers) * 1000, "ms")]


async def _in_turn(
    services: dict[str, Service], body: bytes, rounds: int
) -> tuple[dict[tuple[str, int], list[float]], dict[str, list[float]]]:
    """Calls per second by system and how many at once, and a call's CPU in the service's process."""
    per_s, cpu = defaultdict(list), defaultdict(list)
    for _ in range(rounds):
        for at_once in (1, PARALLEL):
            for name, service in services.items():
                calls, before = CALLS[name][at_once], _cpu_of(service.pid)
                per_s[name, at_once].append(calls / await _seconds(service, body, calls, at_once))
                cpu[name].append((_cpu_of(service.pid) - before) / calls)
    return per_s, cpu


async def _seconds(service: Service, body: bytes, calls: int, at_once: int) -> float:
    waiting = iter(range(calls))

    async def one_after_the_other() -> None:
        for _ in waiting:
            await _post(service, body)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())
    return time.perf_counter() - begun


async def _post(service: Service, body: bytes) -> bytes:
    answer = await service.http.post("/analyze", content=body, headers={"content-type": "application/json"})
    answer.raise_for_status()
    return answer.content


async def _warm_service(service: Service, body: bytes) -> None:
    for _ in range(20):
        knowledge = json.loads(await _post(service, body))["knowledge"]
        if knowledge["cache_hits"] == knowledge["look_ups"]:
            return
        await asyncio.sleep(1)
    raise SystemExit("The look-ups of an analysis never were all in the service's cache.")


def _cpu_of(pid: int) -> float:
    """Seconds of user and system time a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
