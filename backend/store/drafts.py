"""Calls that somebody is about to send off: read, shown for a last look, kept for an hour at most."""

from __future__ import annotations

import time

from sqlalchemy import Text
from sqlmodel import Field, SQLModel, col, delete

from backend.errors import NotFound
from backend.store.jobs import Session
from backend.store.tables import storable

DRAFT_KEPT_S = 3600


class DraftRow(SQLModel, table=True):
    __tablename__ = "drafts"

    id: str = Field(primary_key=True)
    created_at: float
    body: str = Field(sa_type=Text)


class Drafts:
    """The table of drafts; what a body holds is for the page to know. Every method raises
    StoreUnavailable."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def keep(self, draft_id: str, body: str) -> None:
        async with self._session() as session:
            session.add(DraftRow(id=draft_id, created_at=time.time(), body=body))

    async def body(self, draft_id: str) -> str:
        """The draft's body, or NotFound, also where its hour is over."""
        async with self._session() as session:
            row = await session.get(DraftRow, storable(draft_id))
        if row is None or row.created_at < time.time() - DRAFT_KEPT_S:
            raise NotFound("This call is no longer kept here, an hour after it was added: add it again.")
        return row.body

    async def sweep(self) -> None:
        async with self._session() as session:
            await session.exec(delete(DraftRow).where(col(DraftRow.created_at) < time.time() - DRAFT_KEPT_S))
