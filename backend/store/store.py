"""Saving reports and finding them again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.errors import Conflict, NotFound
from backend.quotes import verify
from backend.report import CoachingReport
from backend.store import derived, finding
from backend.store.bodies import report_in
from backend.store.call_query import EVERY_CALL, CallPage, CallQuery, Choice
from backend.store.cited import Citations
from backend.store.claude import ClaudeBatches, ClaudeLedger
from backend.store.database import ANSWER_S, FAILURES, Database, connect, locate
from backend.store.drafts import Drafts
from backend.store.jobs import Jobs
from backend.store.judgements import Judgements
from backend.store.people import People
from backend.store.schema import migrate, revision
from backend.store.shelf import DocShelf
from backend.store.tables import (
    CitedPassageRow,
    FacetKind,
    ReportRow,
    StoreHealth,
    cited_by,
    row_of,
    storable,
    table_of,
)
from backend.store.wiping import Wiper

Change = Callable[[CoachingReport], CoachingReport]
MOST_TRIES = 100
"""Of several that change one report at once, one succeeds each time."""


class Store:
    """Where reports are kept. Every method raises StoreUnavailable when the database fails."""

    def __init__(self, database: Database, engine: AsyncEngine) -> None:
        self._database = database
        self._engine = engine
        self._wiper = Wiper(self._session, engine)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str | None, data_dir: Path) -> AsyncIterator[Self]:
        """The store at DATABASE_URL, or SQLite's in `data_dir`, created and migrated where that is due.

        Raises UnusableSetting for a URL that names no store.
        """
        database = locate(url, data_dir)
        try:
            await asyncio.to_thread(migrate, database)
        except FAILURES as error:
            raise database.unavailable(error) from error
        engine = connect(database)
        store = cls(database, engine)
        try:
            async with store._wiper.running():
                yield store
        finally:
            await engine.dispose()

    async def save(self, report: CoachingReport) -> None:
        """Store a report, in place of one with the same id. UnverifiedQuote: refused, nothing is stored."""
        verify(report)
        async with self._session() as session:
            connection = await session.connection()
            await connection.run_sync(write, report)

    async def revise(self, report_id: str, change: Change) -> CoachingReport:
        """The report with this id, changed and stored in its place; NotFound.

        What others stored meanwhile is not lost: `change` is then called again, on theirs. It runs in a
        thread, for it may take a while, and what it raises is raised here.
        """
        for _ in range(MOST_TRIES):
            async with self._session() as session:
                row = await session.get(ReportRow, storable(report_id))
            if row is None:
                raise _not_found(report_id)
            changed = await asyncio.to_thread(_changed, row, change)
            async with self._session() as session:
                connection = await session.connection()
                if await connection.run_sync(swap, row.body, changed):
                    return changed
        raise Conflict("Others kept changing this report at the same time; try again.")

    async def by_id(self, report_id: str) -> CoachingReport:
        """The report with this id, or NotFound."""
        async with self._session() as session:
            row = await session.get(ReportRow, storable(report_id))
        if row is None:
            raise _not_found(report_id)
        return report_in(row)

    async def by_content_key(self, key: str) -> CoachingReport | None:
        """The newest report of this input, or None."""
        newest = (
            select(ReportRow)
            .where(col(ReportRow.content_key) == key)
            .order_by(col(ReportRow.created_at).desc(), col(ReportRow.id).desc())
            .limit(1)
        )
        async with self._session() as session:
            row = (await session.exec(newest)).first()
        return report_in(row) if row else None

    async def calls(
        self, limit: int = 50, before: str | None = None, query: CallQuery = EVERY_CALL
    ) -> CallPage:
        """The calls that are wanted, by default all of them. `before` is the `next` of the page before.

        Every call that was there at the first page comes exactly once, whatever is added meanwhile.
        BadRequest: no page has that `next`.
        """
        async with self._session() as session:
            connection = await session.connection()
            return await connection.run_sync(finding.page, query, limit, before)

    async def choices(self) -> dict[FacetKind, list[Choice]]:
        """What calls can be narrowed to, by kind; what most calls have comes first."""
        async with self._session() as session:
            connection = await session.connection()
            return await connection.run_sync(finding.choices)

    async def count(self) -> int:
        async with self._session() as session:
            return (await session.exec(select(func.count()).select_from(ReportRow))).one()

    async def delete(self, report_id: str) -> None:
        """Delete the report with this id, or raise NotFound."""
        async with self._session() as session:
            connection = await session.connection()
            there = await connection.run_sync(erase, storable(report_id))
        if not there:
            raise _not_found(report_id)
        self._wiper.begin()

    async def forgotten(self) -> None:
        """Wait until no word of what was deleted is left in SQLite's file: seconds in a large store."""
        await self._wiper.finished()

    def citations(self) -> Citations:
        """What verdicts rest on, over all reports."""
        return Citations(self._session)

    def judgements(self) -> Judgements:
        """What people said of verdicts, in the same database."""
        return Judgements(self._session)

    def shelf(self) -> DocShelf:
        """Where the docs tools' answers are kept, in the same database."""
        return DocShelf(self._session)

    def claude_ledger(self) -> ClaudeLedger:
        """What Claude has cost by month, in the same database."""
        return ClaudeLedger(self._session)

    def claude_batches(self) -> ClaudeBatches:
        """Where Claude's batches are remembered, in the same database."""
        return ClaudeBatches(self._session)

    def jobs(self) -> Jobs:
        """Analyses asked for now and made later, in the same database."""
        return Jobs(self._session)

    def drafts(self) -> Drafts:
        """Calls that somebody is about to send off, in the same database."""
        return Drafts(self._session)

    def people(self) -> People:
        """What the pages of the team and of a rep say."""
        return People(self._session)

    async def health(self) -> StoreHealth:
        """What the store is and holds, read now."""
        async with self._session() as session:
            connection = await session.connection()
            schema = await connection.run_sync(revision)
        return StoreHealth(backend=self._database.backend, reports=await self.count(), revision=schema)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end of the block."""
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                AsyncSession(self._engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except FAILURES as error:
            raise self._database.unavailable(error) from error


def write(connection: Connection, report: CoachingReport) -> None:
    """Put a verified report and all that is derived from it, in place of one with the same id."""
    row = row_of(report)
    connection.execute(delete(ReportRow).where(col(ReportRow.id) == row.id))
    connection.execute(delete(CitedPassageRow).where(col(CitedPassageRow.report_id) == row.id))
    connection.execute(insert(table_of(ReportRow)), row.model_dump())
    if cited := cited_by(report):
        connection.execute(insert(table_of(CitedPassageRow)), [one.model_dump() for one in cited])
    derived.put(connection, report)


def swap(connection: Connection, body: str, report: CoachingReport) -> bool:
    """Put a report in place of the one with its id if that still has this body; whether it had."""
    same = (col(ReportRow.id) == report.id, col(ReportRow.body) == body)
    if not connection.execute(delete(ReportRow).where(*same)).rowcount:
        return False
    write(connection, report)
    return True


def erase(connection: Connection, report_id: str) -> bool:
    """Delete a report and all that is derived from it; whether it was there."""
    gone = connection.execute(delete(ReportRow).where(col(ReportRow.id) == report_id))
    connection.execute(delete(CitedPassageRow).where(col(CitedPassageRow.report_id) == report_id))
    derived.remove(connection, report_id)
    return bool(gone.rowcount)


def _changed(row: ReportRow, change: Change) -> CoachingReport:
    report = change(report_in(row))
    verify(report)
    return report


def _not_found(report_id: str) -> NotFound:
    return NotFound(f"There is no report {report_id[:80]!r}.")
