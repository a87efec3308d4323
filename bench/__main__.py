"""`make bench`: Call Coach's way to the docs beside other clients' ways, and what the product makes of it.

Everything runs side by side in one run, against the project's own docs server on loopback. Times are
noisy on shared machines: the ratios are what to keep. Writes bench/results.json.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from contextlib import closing
from pathlib import Path

import structlog

from backend.services.docs_snapshot import Snapshot
from backend.settings import Settings
from bench import figures
from bench.coach import product
from bench.rounds import compare, versions


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = await asyncio.to_thread(
            Snapshot.open, folder, Settings(_env_file=None).coach_knowledge_dir
        )
        with closing(snapshot):
            compared, targets = await compare(snapshot, folder)
            own = await product(snapshot, folder)
    figures.show(compared, own, targets)
    figures.write(compared + own, versions())


asyncio.run(main())
