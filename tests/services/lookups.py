"""Product knowledge for a test, as after a start, with both clocks moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.services.doc_cache import DocCache
from backend.services.doc_hits import DocHit
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import ProductKnowledge
from backend.services.prefect_mcp import PrefectMCP
from backend.settings import Settings
from backend.store import Store
from tests.services.test_doc_cache import HOUR, Time

PATIENCE = 60.0


@asynccontextmanager
async def knowing(
    settings: Settings, snapshot: Snapshot, client: PrefectMCP, store: Store, time: Time | None = None
) -> AsyncIterator[ProductKnowledge]:
    """With nothing in memory, and what is in the store."""
    time = time or Time()
    cache = DocCache(
        list[DocHit],
        fresh_s=HOUR,
        grace_s=60,
        negative_s=0,
        jitter=0,
        shelf=store.shelf(),
        clock=time.monotonic,
        wall=time.wall,
    )
    async with cache:
        yield ProductKnowledge.from_settings(settings, snapshot, client, cache)
