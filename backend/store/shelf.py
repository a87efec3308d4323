"""Answers of the docs tools, kept so that a restart is warm. What they are is for the cache to know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.facts import KeptAnswer
from backend.store.tables import DocAnswerRow

MAX_CHARS = 64_000_000


class DocShelf:
    """The table of docs answers, no larger than `max_chars`. Every method raises StoreUnavailable when the
    database fails."""

    def __init__(
        self,
        session: Callable[[], AbstractAsyncContextManager[AsyncSession]],
        *,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._session = session
        self._max_chars = max_chars

    async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
        """The answers under these keys."""
        columns = [getattr(DocAnswerRow, name) for name in KeptAnswer._fields]
        async with self._session() as session:
            found = await session.exec(select(*columns).where(col(DocAnswerRow.key).in_(keys)))
            return [KeptAnswer(*row) for row in found]

    async def all(self, tool: str) -> list[KeptAnswer]:
        """Every answer of a tool."""
        columns = [getattr(DocAnswerRow, name) for name in KeptAnswer._fields]
        async with self._session() as session:
            found = await session.exec(select(*columns).where(col(DocAnswerRow.tool) == tool))
            return [KeptAnswer(*row) for row in found]

    async def write(
        self,
        put: Sequence[KeptAnswer],
        remove: Collection[str],
        used: Mapping[str, int],
        *,
        oldest: float,
    ) -> None:
        """Put some, in place of those with the same key, remove others, and add to their uses.

        Then those read before `oldest` go and, where it is still too much, the least used.
        """
        async with self._session() as session:
            if remove:
                await session.exec(delete(DocAnswerRow).where(col(DocAnswerRow.key).in_(remove)))
            if put:
                await _put(session, put)
            if used:
                await _use(session, used)
            if put:
                await session.exec(delete(DocAnswerRow).where(col(DocAnswerRow.read_at) < oldest))
                await self._make_room(session)

    async def uses(self) -> dict[str, int]:
        """How often each answer was given."""
        async with self._session() as session:
            return dict((await session.exec(select(DocAnswerRow.key, DocAnswerRow.used))).all())

    async def _make_room(self, session: AsyncSession) -> None:
        size = (await session.exec(select(func.sum(DocAnswerRow.size)))).one() or 0
        if size <= self._max_chars:
            return
        # The running size from the most used down; what lies beyond the most is let go.
        order = (col(DocAnswerRow.used).desc(), col(DocAnswerRow.read_at).desc(), col(DocAnswerRow.key))
        so_far = func.sum(DocAnswerRow.size).over(order_by=order).label("so_far")
        running = select(DocAnswerRow.key, so_far).subquery()
        beyond = select(running.c.key).where(running.c.so_far > self._max_chars)
        await session.exec(delete(DocAnswerRow).where(col(DocAnswerRow.key).in_(beyond)))


async def _put(session: AsyncSession, answers: Sequence[KeptAnswer]) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # In one order everywhere, so that two services do not wait for each other's rows in a circle.
    rows = [{**one._asdict(), "size": len(one.body), "used": 0} for one in sorted(answers)]
    insert = dialect.insert(DocAnswerRow).values(rows)
    newer = {name: insert.excluded[name] for name in ("tool", "read_at", "size", "body")}
    await session.exec(insert.on_conflict_do_update(index_elements=["key"], set_=newer))


async def _use(session: AsyncSession, used: Mapping[str, int]) -> None:
    more = (
        update(DocAnswerRow)
        .where(col(DocAnswerRow.key) == bindparam("used_key"))
        .values(used=col(DocAnswerRow.used) + bindparam("times"))
    )
    connection = await session.connection()  # a session would want to know the rows it changes
    await connection.execute(more, [{"used_key": key, "times": used[key]} for key in sorted(used)])
