"""Syncing the whole documentation by the command, from a site on loopback and from a checkout.

`python -m bench.sync SHARED` is that site: it serves ../shared's documentation as the real one would.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.services.docs_checkout import Checkout
from bench.figures import Row
from bench.scene import PYTHON, Scene
from tests.services.docs_site_server import DocsSite

OURS = "call-coach"


def sync(scene: Scene) -> list[Row]:
    """Seconds of the whole command; no rows without the documentation."""
    if scene.shared is None:
        return []
    docs = str(scene.shared / "docs")
    with _site(scene.shared) as url:
        return [
            Row("sync_checkout_s", OURS, _command(scene, docs, "checkout"), "s"),
            Row("sync_site_s", OURS, _command(scene, url, "site"), "s"),
            Row("sync_site_again_s", OURS, _command(scene, url, "site"), "s"),
        ]


def _command(scene: Scene, source: str, name: str) -> float:
    env = os.environ | scene.child_env(scene.folder / f"sync-{name}")
    command = [PYTHON, "-m", "backend", "docs", "sync", "--no-meaning", "--from", source]
    begun = time.perf_counter()
    ran = subprocess.run(command, env=env, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"The sync from {source} failed.\n{ran.stderr}")
    return time.perf_counter() - begun


@contextmanager
def _site(shared: Path) -> Iterator[str]:
    """In a process of its own, so that the sync has a core to itself."""
    command = [sys.executable, "-m", "bench.sync", str(shared)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


async def _serve(shared: Path) -> None:
    checkout = Checkout(shared / "docs", datetime.now(UTC))
    pages = {page.path: page.text for page in checkout.pages() if page}
    async with DocsSite(pages) as site:
        print(site.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
