"""`make bench`: Call Coach beside what each of its parts is to be compared with, in one run.

Everything runs side by side on loopback, turn by turn. Times are noisy on shared machines: the ratios are
what to keep. A whole run writes bench/results.json; `python -m bench search start` runs those parts alone,
and with `--keep` renews their rows there.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import structlog

from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync as sync_docs
from bench import figures
from bench.analysis import analysis
from bench.coach import product
from bench.figures import Row, Target
from bench.pages import pages
from bench.rounds import compare, versions
from bench.scene import Scene
from bench.search import search
from bench.start import start
from bench.sync import sync

SHARED = Path(__file__).parents[2] / "shared"
CLIENTS = "clients"
PARTS: dict[str, Callable[[Scene], list[Row] | Awaitable[list[Row]]]] = {
    "product": lambda scene: _product(scene),
    "search": search,
    "sync": sync,
    "analysis": analysis,
    "pages": pages,
    "start": start,
}


async def main(wanted: list[str], rounds: int, keep: bool) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = Scene(folder, folder / "data", SHARED if SHARED.is_dir() else None, rounds)
        if scene.shared:
            await asyncio.to_thread(sync_docs, scene.shared / "docs", scene.data_dir)
        compared, own, targets = list[Row](), list[Row](), list[Target]()
        for part in wanted:
            begun = time.perf_counter()
            if part == CLIENTS:
                compared, targets = await _clients(scene)
            else:
                rows = PARTS[part](scene)
                own += await rows if inspect.isawaitable(rows) else rows
            print(f"{part}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    figures.show(compared, own, targets + figures.targets(own))
    whole = set(wanted) == {CLIENTS, *PARTS}
    if whole or keep:
        figures.write(compared + own, versions(), whole=whole)


async def _clients(scene: Scene) -> tuple[list[Row], list[Target]]:
    folder = scene.folder / "clients"
    snapshot = await asyncio.to_thread(Snapshot.open, folder, scene.knowledge_dir)
    with closing(snapshot):
        return await compare(snapshot, folder, scene.rounds)


async def _product(scene: Scene) -> list[Row]:
    folder = scene.folder / "product"
    snapshot = await asyncio.to_thread(Snapshot.open, folder, scene.knowledge_dir)
    with closing(snapshot):
        return await product(snapshot, folder)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Call Coach.")
    known = [CLIENTS, *PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(known)}; all if none")
    parser.add_argument("--rounds", type=int, default=3, help="how often what is compared takes turns")
    parser.add_argument("--keep", action="store_true", help="renew the parts' rows in bench/results.json")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(known):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    asked.parts = asked.parts or known
    return asked


if __name__ == "__main__":
    given = _asked()
    asyncio.run(main(given.parts, max(1, given.rounds), given.keep))
