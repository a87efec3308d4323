"""Syncing Prefect's documentation into the local index, from a checkout or from a site.

One sync at a time. The index is swapped in when it is whole; until then, and whenever a sync fails, what
was there before serves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from backend.errors import UnusableKnowledge
from backend.services.docs_checkout import Checkout
from backend.services.docs_index import Before, IndexBuilder, Source
from backend.services.docs_ledger import Ledger, one_at_a_time
from backend.services.docs_site import mirror_site, site_of
from backend.services.search_index import publish
from backend.services.site_reader import PLAIN_MANNERS, Manners
from backend.services.synced_docs import FILE, SyncedDocs

Progress = Callable[[int, int], None]
"""Told how many pages of how many are done."""
EVER = datetime.min.replace(tzinfo=UTC)


class SyncResult(BaseModel):
    """What a sync brought. `skipped` names the pages that could not be read, `changes` counts the sections
    that are not what they were before; `asked` is how many pages a site was asked for."""

    source: str
    pages: int
    sections: int
    reference_pages: int
    releases: int
    changes: int
    skipped: list[str]
    asked: int
    synced_at: datetime
    bytes: int
    seconds: float


async def sync_from(
    source: str, data_dir: Path, progress: Progress | None = None, *, force: bool = False
) -> SyncResult:
    """Index what is at an address, or in a directory: see `sync_site` and `sync`."""
    if "://" in source:  # of any scheme: `sync_site` refuses those that no docs site has
        return await sync_site(source, data_dir, progress, force=force)
    return await asyncio.to_thread(sync, Path(source), data_dir, progress, force=force)


def sync(
    source_dir: Path, data_dir: Path, progress: Progress | None = None, *, force: bool = False
) -> SyncResult:
    """Index a checkout of Prefect's docs (the directory with `v3` in it, or the one above it, with `docs`).

    Raises UnusableKnowledge where there are no docs in the directory, far fewer than are held (unless
    `force`), no room for the index, or another sync under way.
    """
    begun = time.perf_counter()
    with one_at_a_time(data_dir), Ledger.open(data_dir) as ledger:
        with ledger.run(str(source_dir)):
            synced_at = datetime.now(UTC)
            checkout = Checkout(source_dir, synced_at)
            name = str(source_dir)
            result = _publish(ledger, name, checkout, data_dir, synced_at, force=force, progress=progress)
        result.skipped = checkout.skipped
    return _timed(result, begun)


async def sync_site(
    url: str,
    data_dir: Path,
    progress: Progress | None = None,
    *,
    force: bool = False,
    manners: Manners = PLAIN_MANNERS,
) -> SyncResult:
    """Index the pages of a docs site, each read as Markdown, those of an interrupted sync not read again.

    `progress` counts the reading; making the index takes some seconds more. Raises UnusableKnowledge as
    `sync` does, and DocsUnreachable where the site cannot be read well enough; what was read is kept.
    """
    begun = time.perf_counter()
    site = site_of(url)
    with one_at_a_time(data_dir), Ledger.open(data_dir) as ledger:
        with ledger.run(site) as began:
            mirror = await mirror_site(site, ledger, began, manners, progress or _silent)
            make = partial(_publish, ledger, site, mirror, data_dir, datetime.now(UTC), force=force)
            result = await asyncio.to_thread(make)
            await asyncio.to_thread(ledger.keep_only, site, mirror.paths)
        result.skipped, result.asked = mirror.skipped, mirror.asked
    return _timed(result, begun)


def _publish(
    ledger: Ledger,
    name: str,
    source: Source,
    data_dir: Path,
    synced_at: datetime,
    *,
    force: bool,
    progress: Progress | None = None,
) -> SyncResult:
    with closing(SyncedDocs(data_dir)) as held:
        state = held.state()
        before = Before(state.pages, held.texts(), held.redirects(), held.changes(EVER)) if state else None
    builder = IndexBuilder(name, source, synced_at, before, force=force, progress=progress or _silent)
    try:
        publish(data_dir / FILE, builder.fill)
    except UnusableKnowledge as refused:
        ledger.ends("refused", str(refused))
        raise
    return SyncResult(
        source=name,
        synced_at=synced_at,
        bytes=(data_dir / FILE).stat().st_size,
        skipped=[],
        asked=0,
        seconds=0,
        **builder.counts._asdict(),
    )


def _timed(result: SyncResult, begun: float) -> SyncResult:
    result.seconds = time.perf_counter() - begun
    return result


def _silent(done: int, total: int) -> None:
    pass
