"""`make bench`: what an analysis and a look-up cost, each beside what it is to be compared with.

Everything runs here, side by side in one run, against the project's own docs server. Times are noisy on
shared machines: the ratios are what to keep. Writes bench/results.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from backend.analysis.engine import Options
from backend.analysis.queries import write_query
from backend.formats import CallHints, Limits, parse
from backend.house import House, open_house
from backend.services.docs_server import create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.services.search_index import any_of, meaning_words
from backend.serving import listen, served
from backend.settings import PACKAGE, Settings
from backend.transcript import Transcript

ROUNDS = 15
SAMPLE = PACKAGE / "samples" / "first-call.vtt"
PACKAGES = ("mcp", "prefect-mcp", "fastmcp", "fastapi", "pydantic", "anthropic", "cachetools")


class Row(NamedTuple):
    metric: str
    system: str
    value: float
    unit: str


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = await measure(Path(folder))
    table = Table("metric", "system", "value", "unit")
    for row in rows:
        table.add_row(row.metric, row.system, f"{row.value:,.3f}".rstrip("0").rstrip("."), row.unit)
    Console().print(table)
    results = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in PACKAGES},
        "rows": [row._asdict() for row in rows],
    }
    Path(__file__).with_name("results.json").write_text(json.dumps(results, indent=1) + "\n")


async def measure(folder: Path) -> list[Row]:
    snapshot = await asyncio.to_thread(Snapshot.open, folder, Settings(_env_file=None).coach_knowledge_dir)
    with closing(snapshot):
        async with served(create_docs_server(snapshot), listen("127.0.0.1", 0)) as url:
            settings = Settings(
                _env_file=None,
                coach_data_dir=folder,
                coach_analyst="rules",
                prefect_docs_mcp_url=f"{url}/mcp",  # type: ignore[arg-type] # validated by the model
            )
            rows = [await _command(settings)]
            async with open_house(settings) as house:
                rows += await _look_ups(house)
                rows += await _analyses(house)
                rows += _memory(house)
        rows += _matching(snapshot, folder)
    return rows


async def _command(settings: Settings) -> Row:
    """The whole command on one file, in a process of its own: interpreter, prefect-mcp, look-ups, report."""
    env = os.environ | {
        "COACH_DATA_DIR": str(settings.coach_data_dir),
        "PREFECT_DOCS_MCP_URL": str(settings.prefect_docs_mcp_url),
        "COACH_ANALYST": "rules",
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
        Row("rss_mb", "call-coach", _rss_mb("self"), "MB"),
        Row("rss_mb", "prefect-mcp", _rss_mb(str(pid)), "MB"),
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


asyncio.run(main())
