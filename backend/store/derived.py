"""What is kept of a report beside its body, so that pages need not read bodies: all put and removed here.

What is derived can be made anew from the bodies. Whoever changes what is derived adds a migration and names
it in SINCE: a store from before it is filled anew as it is opened.
"""

from __future__ import annotations

import time

import structlog
from sqlalchemy import Connection, select, text

from backend.errors import StoreUnavailable
from backend.report import CoachingReport
from backend.store import judgements, listing, sums
from backend.store.bodies import report_in
from backend.store.tables import ReportRow, table_of

SINCE = "0008"
"""The newest migration that changed what is derived."""

POSTGRES_LOCK = 0xDE21BED

log = structlog.get_logger()


def put(connection: Connection, report: CoachingReport) -> None:
    """Keep what is derived from this report, in place of what was derived from one with the same id.

    In the transaction that stores the report, after a statement that writes.
    """
    _one_at_a_time(connection)
    listing.put(connection, report)
    sums.put(connection, report)
    judgements.put(connection, report)


def remove(connection: Connection, report_id: str) -> None:
    """Forget what was derived from this report; nothing happens where there was none."""
    _one_at_a_time(connection)
    listing.remove(connection, report_id)
    sums.remove(connection, report_id)
    judgements.remove(connection, report_id)


def refill(connection: Connection) -> None:
    """Put every stored report. One whose body is damaged is only listed; reading it says so."""
    # By their ids first: no cursor stays open while rows are written, and no two bodies are in memory.
    table = table_of(ReportRow)
    report_ids = list(connection.scalars(select(table.c.id)))
    log.info("store.fills_in", reports=len(report_ids))
    begun = time.monotonic()
    for report_id in report_ids:
        row = ReportRow(**connection.execute(select(table).where(table.c.id == report_id)).mappings().one())
        try:
            put(connection, report_in(row))
        except StoreUnavailable:
            listing.put_bare(connection, row)
    log.info("store.filled_in", reports=len(report_ids), s=round(time.monotonic() - begun, 1))


def _one_at_a_time(connection: Connection) -> None:
    """On PostgreSQL changes queue up: two that count the same things in another order would wait for each
    other for good. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
