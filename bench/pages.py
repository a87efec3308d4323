"""The pages over HTTP, with 50,000 stored calls behind them, beside a plain FastAPI page in the same run.

Each address is asked in turn with the others, with other values each time. `python -m bench.pages URL` prints
the times to the first paint of a page, in the venv where Playwright is.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from backend.report import CoachingReport
from backend.store import Store
from backend.store.schema import HEAD
from bench.figures import PAGES, PAGES_CALLS, Row
from bench.scene import PYTHON, Scene, hour_call, percentile
from bench.services import OURS, running
from tests.store.many import DAYS, LAST, report_of_many, seed
from tests.store.many_words import PEOPLE, RARE_COMPETITOR, RARE_WORD

KEPT = Path(sys.prefix) / "calls"
"""Kept from run to run: the first stores all calls, in minutes."""
ASKED_EACH = 20
SAVES = 60
COACH, PLAIN = "call-coach", "plain FastAPI"
HELLO = ("-m", "uvicorn", "bench.pages:hello_app", "--factory", "--log-level", "warning")

WORDS = ("worker", "the weekend", "airflow", "notes and pages", "security people", "trial")
FILTERS: dict[str, Sequence[dict[str, str]]] = {
    "list": [{}],
    "by_rep": [{"rep": name} for name in PEOPLE],
    "by_period": [{"from": f"2025-{month:02}-01", "to": f"2025-{month:02}-28"} for month in range(1, 13)],
    "by_common_verdict": [{"verdict": one} for one in ("wrong", "supported", "contradicted")],
    "by_rarer_verdict": [{"verdict": one} for one in ("outdated", "docs_conflict", "not_in_docs")],
    "by_common_competitor": [{"competitor": one} for one in ("airflow", "dagster", "temporal")],
    "by_rare_competitor": [{"competitor": RARE_COMPETITOR}],
    "by_objection": [{"objection": one} for one in ("price", "status_quo", "scale")],
    "by_common_knowledge": [{"knowledge": "fresh"}],
    "by_rare_knowledge": [{"knowledge": "off"}],
    "by_two": [{"rep": name, "verdict": "wrong"} for name in PEOPLE],
    "by_two_that_seldom_meet": [{"rep": name, "competitor": RARE_COMPETITOR} for name in PEOPLE],
    "common_word": [{"q": word} for word in WORDS],
    "rare_word": [{"q": RARE_WORD}],
    "phrase": [{"q": f'"{word}"'} for word in ("worker polls its work pool", "third weekend in a row")],
    "word_and_rep": [{"q": word, "rep": name} for word, name in zip(cycle(WORDS), PEOPLE, strict=False)],
    "word_and_rare_filter": [{"q": word, "knowledge": "off"} for word in WORDS],
    "most_wrong": [{"sort": "wrong"}, {"sort": "wrong", "verdict": "outdated"}],
    "longest_with_word": [{"sort": "longest", "q": word} for word in WORDS],
}
"""Ways to ask for the list of calls."""
OTHERS: dict[str, Sequence[str]] = {
    f"{PAGES}team": ["/team"],
    f"{PAGES}rep": [f"/reps/{quote(name)}" for name in PEOPLE],
    "page_call": [f"/calls/m{nth:06}" for nth in range(0, PAGES_CALLS, PAGES_CALLS // ASKED_EACH)],
}
DEEP = 40
"""So many pages down."""


def hello_app() -> FastAPI:
    app = FastAPI()

    @app.get("/health")
    async def health() -> bool:
        return True

    @app.get("/", response_class=HTMLResponse)
    async def hello() -> str:
        return "<!doctype html><title>hello</title><p>hello"

    return app


async def pages(scene: Scene) -> list[Row]:
    data_dir = await _stored(KEPT)
    rows = await _saves(data_dir)
    env = scene.child_env(data_dir) | {"PREFECT_MCP_ENABLED": "false"}
    async with running(OURS, env) as ours, running(HELLO, {}) as hello:
        long_call = await _long_call(ours.http, scene)
        addresses: dict[str, Sequence[str]] = {
            f"{PAGES}calls_{name}": [_list(one) for one in ways] for name, ways in FILTERS.items()
        }
        addresses |= OTHERS | {
            f"{PAGES}calls_deep": [await _deep(ours.http, one) for one in ({}, {"verdict": "wrong"})],
            "page_long_call": [long_call],
        }
        for name in list(addresses):
            if (await ours.http.get(addresses[name][0])).status_code == 404:
                print(f"  {addresses.pop(name)[0]} is not there, so it is left out", file=sys.stderr)
        spent = await _in_turn(ours.http, hello.http, addresses, scene.rounds)
        rows += [
            Row(f"{name}_p{share * 100:.0f}_ms", system, percentile(seconds, share) * 1000, "ms")
            for (name, system), seconds in spent.items()
            for share in (0.5, 0.95)
        ]
        rows += await _weighed(ours.http, long_call)
        return rows + await asyncio.to_thread(_painted, str(ours.http.base_url.join(long_call)))


async def _stored(folder: Path) -> Path:
    """A data directory with the calls in it, of today's schema."""
    done = folder / f"stored-{PAGES_CALLS}-{HEAD}"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        async with Store.open(None, folder) as store:
            print(f"  storing {PAGES_CALLS:,} calls, once …", file=sys.stderr, flush=True)
            await seed(store, PAGES_CALLS)
        done.touch()
    return folder


async def _saves(data_dir: Path) -> list[Row]:
    """How long it takes to save one more call, and to save it again as it is; then it is deleted."""
    new, again = list[float](), list[float]()
    async with Store.open(None, data_dir) as store:
        for nth in range(SAVES):
            report = report_of_many(PAGES_CALLS + nth, LAST - timedelta(days=DAYS) * nth / SAVES)
            for spent in (new, again):
                begun = time.perf_counter()
                await store.save(report)
                spent.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for nth in range(SAVES):
            await store.delete(f"m{PAGES_CALLS + nth:06}")
        deleted = (time.perf_counter() - begun) / SAVES
        await store.forgotten()
        forgotten = time.perf_counter() - begun
    return [
        *(
            Row(f"save_p{share * 100:.0f}_ms", COACH, percentile(new, share) * 1000, "ms")
            for share in (0.5, 0.95)
        ),
        Row("save_again_p50_ms", COACH, percentile(again, 0.5) * 1000, "ms"),
        Row("delete_ms", COACH, deleted * 1000, "ms"),
        Row("deleted_words_gone_s", COACH, forgotten, "s"),
    ]


def _list(asked: dict[str, str]) -> str:
    return f"/calls?{urlencode(asked)}" if asked else "/calls"


async def _deep(http: httpx.AsyncClient, asked: dict[str, str]) -> str:
    before = ""
    for _ in range(DEEP):
        more = {"before": before} if before else {}
        before = (await http.get("/calls.json", params=asked | more)).json()["next"]
    return _list(asked | {"before": before})


async def _long_call(http: httpx.AsyncClient, scene: Scene) -> str:
    """The page of a call of three hours, analysed once."""
    body = {
        "transcript": hour_call(scene.shared) * 3,
        "call": {"title": "Three hours", "participants": [{"name": "Rep", "side": "internal", "role": "ae"}]},
        "options": {"enrich": True},
    }
    answer = (await http.post("/analyze", json=body)).raise_for_status()
    return f"/calls/{CoachingReport.model_validate_json(answer.content).id}"


async def _in_turn(
    ours: httpx.AsyncClient, hello: httpx.AsyncClient, addresses: dict[str, Sequence[str]], rounds: int
) -> dict[tuple[str, str], list[float]]:
    """Seconds by page and system. What is asked first only warms."""
    turns = [(name, COACH, ours, cycle(all_)) for name, all_ in addresses.items()]
    turns.append(("page_hello", PLAIN, hello, cycle(["/"])))
    spent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for nth in range(1 + ASKED_EACH * rounds):
        for name, system, http, all_ in turns:
            begun = time.perf_counter()
            answer = await http.get(next(all_))
            if nth:
                spent[name, system].append(time.perf_counter() - begun)
            answer.raise_for_status()
    return spent


async def _weighed(http: httpx.AsyncClient, address: str) -> list[Row]:
    answer = await http.get(address, headers={"accept-encoding": "gzip"})
    return [
        Row("long_call_kb", COACH, len(answer.content) / 1000, "KB"),
        Row("long_call_compressed_kb", COACH, answer.num_bytes_downloaded / 1000, "KB"),
    ]


def _painted(url: str) -> list[Row]:
    """The first paint in Chromium; no row where there is none."""
    answer = subprocess.run([PYTHON, "-m", "bench.pages", url], capture_output=True, text=True)
    if answer.returncode:
        print(f"  no paint could be timed: {answer.stderr.strip()[-200:]}", file=sys.stderr)
        return []
    return [Row("long_call_first_paint_ms", COACH, percentile(json.loads(answer.stdout), 0.5), "ms")]


def _paints(url: str) -> list[float]:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    first = "performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        times = []
        for _ in range(6):
            page = browser.new_page()
            page.goto(url)
            while not (painted := page.evaluate(first)):
                page.wait_for_timeout(20)
            times.append(float(painted[0]))
            page.close()
        return times[1:]


if __name__ == "__main__":
    print(json.dumps(_paints(sys.argv[1])))
