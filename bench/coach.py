"""What an analysis and a look-up cost in the product, each beside what it is to be compared with."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from backend.analysis.engine import Options
from backend.analysis.queries import write_query
from backend.formats import CallHints, Limits, parse
from backend.house import House, open_house
from backend.services.docs_snapshot import Snapshot
from backend.services.search_index import any_of, meaning_words
from backend.settings import PACKAGE, Settings
from backend.transcript import Transcript
from bench.docs_host import docs_host
from bench.figures import Row

ROUNDS = 15
SAMPLE = PACKAGE / "samples" / "first-call.vtt"


async def product(snapshot: Snapshot, folder: Path) -> list[Row]:
    """The whole command, look-ups and analyses by a house, and matching."""
    async with docs_host(snapshot) as (_, url):
        settings = Settings(
            _env_file=None,
            coach_data_dir=folder / "house",
            coach_analyst="rules",
            coach_warm_per_minute=0,  # what is timed must not have been fetched ahead
            prefect_docs_mcp_url=url,
        )
        rows = [await _command(folder, url)]
        async with open_house(settings) as house:
            rows += await _look_ups(house)
            rows += await _analyses(house)
            rows += _memory(house)
    return rows + _matching(snapshot, folder)


async def _command(folder: Path, docs_url: str) -> Row:
    """The whole command on one file, in a process of its own: interpreter, prefect-mcp, look-ups, report."""
    env = os.environ | {
        "COACH_DATA_DIR": str(folder),
        "PREFECT_DOCS_MCP_URL": docs_url,
        "COACH_ANALYST": "rules",
        "COACH_WARM_PER_MINUTE": "0",
    }
    command = (sys.executable, "-m", "backend", "analyze", "--force", "--json", str(SAMPLE))
    begun = time.perf_counter()
    child = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.DEVNULL)
    if await child.wait():
        raise SystemExit("call-coach analyze failed")
    return Row("analysis_cold_command_s", "call-coach", time.perf_counter() - begun, "s")


async def _look_ups(house: House) -> list[Row]:
    """One docs look-up through prefect-mcp, and the same from the cache."""
    client = house.client
    assert client is not None
    begun = time.perf_counter()
    await client.search_docs("work pools", timeout=30)
    first = time.perf_counter() - begun
    queries = [" ".join(fact.terms[:4]) for fact in house.snapshot.pack.facts if len(fact.terms) > 3]
    asked = iter(queries)
    live = await _median(lambda: client.search_docs(next(asked), timeout=30))
    fact = house.snapshot.pack.facts[0]
    query = write_query(fact)
    await house.knowledge.look_up([query])
    cached = await _median(lambda: house.knowledge.look_up([query]), rounds=300)
    return [
        Row("look_up_first_after_start_s", "prefect-mcp", first, "s"),
        Row("look_up_live_p50_ms", "prefect-mcp", live * 1000, "ms"),
        Row("look_up_cached_p50_ms", "call-coach", cached * 1000, "ms"),
        Row("look_up_live_over_cached", "ratio", live / cached, "x"),
    ]


async def _analyses(house: House) -> list[Row]:
    transcript = _sample()
    begun = time.perf_counter()
    await house.analyse(transcript, Options(), force=True)
    cold = time.perf_counter() - begun
    warm = await _median(lambda: house.analyse(transcript, Options(), force=True))
    stored = await _median(lambda: house.analyse(transcript, Options()))
    parsed = await _median(lambda: asyncio.to_thread(_sample))
    return [
        Row("analysis_empty_cache_ms", "call-coach", cold * 1000, "ms"),
        Row("analysis_warm_p50_ms", "call-coach", warm * 1000, "ms"),
        Row("analysis_stored_p50_ms", "call-coach", stored * 1000, "ms"),
        Row("parsing_alone_p50_ms", "call-coach", parsed * 1000, "ms"),
        Row("analysis_warm_over_parsing", "ratio", warm / parsed, "x"),
    ]


def _matching(snapshot: Snapshot, folder: Path) -> list[Row]:
    """Finding the facts for a sentence, beside the bare FTS5 query it comes down to."""
    words = "on the Hobby plan you keep your run history for thirty days"
    terms = any_of(meaning_words(words))
    with closing(sqlite3.connect(next(folder.glob("knowledge-*.sqlite")))) as index:
        sql = "SELECT rowid FROM spoken WHERE spoken MATCH ? ORDER BY bm25(spoken) LIMIT 12"
        bare = _timed(lambda: index.execute(sql, (terms,)).fetchall())
        ours = _timed(lambda: snapshot.match(words, 12))
    return [
        Row("match_p50_ms", "call-coach", ours * 1000, "ms"),
        Row("match_p50_ms", "bare FTS5", bare * 1000, "ms"),
        Row("match_over_bare", "ratio", ours / bare, "x"),
    ]


def _memory(house: House) -> list[Row]:
    pid = house.knowledge.server.pid
    return [
        Row("service_rss_mb", "call-coach", _rss_mb("self"), "MB"),
        Row("service_rss_mb", "prefect-mcp", _rss_mb(str(pid)), "MB"),
    ]


def _rss_mb(pid: str) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():  # not on Linux
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _sample() -> Transcript:
    hints = CallHints(rep="Mara Quint")
    return parse(SAMPLE.read_bytes(), filename=SAMPLE.name, hints=hints, limits=Limits(20_000, 300_000))


async def _median(work: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _timed(work: Callable[[], object], rounds: int = 300) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
