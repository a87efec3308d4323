"""Wiping the words of deleted calls from SQLite's index.

FTS5 only marks words as gone: they leave the file when the segments of the index that hold them are merged.
All are merged after each deletion, in steps short enough to hold nobody up. What a stop interrupts goes on at
the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.errors import StoreUnavailable
from backend.store import words

AGAIN_S = 60.0

log = structlog.get_logger()


class Wiper:
    """One task that wipes whenever something was deleted. On PostgreSQL it finds nothing to do."""

    def __init__(
        self, session: Callable[[], AbstractAsyncContextManager[AsyncSession]], engine: AsyncEngine
    ) -> None:
        self._session = session
        self._engine = engine
        self._due = asyncio.Event()
        self._clean = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Wipe what an earlier process left, and then whenever it is due."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            # Not cancelled: a step is short, and a connection that is broken off helps nobody.
            self._stopping = True
            self._due.set()
            await task

    def begin(self) -> None:
        """Something was deleted."""
        self._clean.clear()
        self._due.set()

    async def finished(self) -> None:
        """Wait until no word is left of what was deleted."""
        await self._clean.wait()

    async def _run(self) -> None:
        while not self._stopping:
            self._due.clear()
            wait = None
            try:
                await self._wipe()
            except StoreUnavailable as failure:
                log.warning("words.left", detail=str(failure))
                wait = AGAIN_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._due.wait()

    async def _wipe(self) -> None:
        async with self._session() as session:
            numbers = await (await session.connection()).run_sync(words.left)
        more = bool(numbers)
        first = True
        while more and not self._stopping:
            async with self._session() as session:
                more = await (await session.connection()).run_sync(words.merge, first)
            first = False
        if more:
            return
        if numbers:
            async with self._session() as session:
                await (await session.connection()).run_sync(words.wiped, numbers)
            await self._empty_log()
        if not self._due.is_set():
            self._clean.set()

    async def _empty_log(self) -> None:
        """Write SQLite's log into the file and cut it to nothing: what was deleted still stands in it. Where
        somebody reads, it stays until the last connection is closed."""
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
