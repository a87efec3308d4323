"""What the store keeps for Claude: dollars by month, and the batches that requests are in."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.store.tables import ClaudeMonthRow, ClaudeRequestRow

KEPT_S = 28 * 86_400
"""Claude keeps a batch's results for 29 days."""

Session = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class ClaudeLedger:
    """Dollars spent on Claude by month, added up over all processes. Raises StoreUnavailable."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def spent(self, month: str) -> float:
        async with self._session() as session:
            row = await session.get(ClaudeMonthRow, month)
        return row.dollars if row else 0.0

    async def add(self, month: str, dollars: float) -> None:
        async with self._session() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            insert = dialect.insert(ClaudeMonthRow).values(month=month, dollars=dollars)
            more = {"dollars": col(ClaudeMonthRow.dollars) + insert.excluded.dollars}
            await session.exec(insert.on_conflict_do_update(index_elements=["month"], set_=more))


class ClaudeBatches:
    """Which batch holds which request, as long as Claude keeps it. Raises StoreUnavailable."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def batches_of(self, requests: Collection[str]) -> dict[str, str]:
        columns = (ClaudeRequestRow.request, ClaudeRequestRow.batch)
        kept = select(*columns).where(
            col(ClaudeRequestRow.request).in_(requests),
            col(ClaudeRequestRow.kept_at) > time.time() - KEPT_S,
        )
        async with self._session() as session:
            return dict((await session.exec(kept)).all())

    async def keep(self, batch: str, requests: Collection[str]) -> None:
        now = time.time()
        async with self._session() as session:
            old = col(ClaudeRequestRow.kept_at) <= now - KEPT_S
            again = col(ClaudeRequestRow.request).in_(requests)
            await session.exec(delete(ClaudeRequestRow).where(old | again))
            session.add_all(
                ClaudeRequestRow(request=request, batch=batch, kept_at=now) for request in requests
            )

    async def forget(self, requests: Collection[str]) -> None:
        async with self._session() as session:
            await session.exec(delete(ClaudeRequestRow).where(col(ClaudeRequestRow.request).in_(requests)))
