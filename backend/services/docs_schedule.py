"""Copies the documentation anew every so many hours, while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import structlog

from backend.errors import CoachError
from backend.services.background import Background
from backend.services.docs_ledger import Run, last_sync
from backend.services.docs_sync import SyncResult, sync_from
from backend.settings import Settings

LOOK_AGAIN_S = 60
AFTER_FAILURE = timedelta(hours=1)
"""A sync that failed is tried again after this, or after the usual time where that is less."""

log = structlog.get_logger(__name__)


def next_sync(last: Run, every: timedelta) -> datetime:
    """When the documentation is copied next, after this sync."""
    wait = every if last.outcome == "done" else min(every, AFTER_FAILURE)
    return (last.ended_at or last.began_at) + wait


class DocsSchedule(Background):
    """Calls `sync` when the last sync into `data_dir`, by whomever, is `every` old.

    Entering returns at once; leaving cancels a sync under way, and the next one goes on with it.
    """

    def __init__(self, sync: Callable[[], Awaitable[SyncResult]], data_dir: Path, every: timedelta) -> None:
        self._sync = sync
        self._data_dir = data_dir
        self._every = every

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """None where the service is not to sync by itself."""
        if not settings.coach_docs_sync_hours:
            return None
        sync = partial(sync_from, settings.coach_docs_sync_from, settings.coach_data_dir)
        return cls(sync, settings.coach_data_dir, timedelta(hours=settings.coach_docs_sync_hours))

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="docs-schedule")
        return self

    async def round(self) -> bool:
        """Sync if it is time. Whether that was tried."""
        if not self._is_due(await asyncio.to_thread(last_sync, self._data_dir), datetime.now(UTC)):
            return False
        try:
            result = await self._sync()
        except CoachError as failure:
            log.warning("docs_schedule.failed", why=str(failure))
        else:
            log.info("docs_schedule.synced", pages=result.pages, changes=result.changes, s=result.seconds)
        return True

    def _is_due(self, last: Run | None, now: datetime) -> bool:
        return last is None or now >= next_sync(last, self._every)

    async def _run(self) -> None:
        while True:
            try:
                await self.round()
            except Exception:  # a flaw in one round must not end the schedule
                log.exception("docs_schedule.broke")
            await asyncio.sleep(LOOK_AGAIN_S)
