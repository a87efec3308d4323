"""Where each call stands in the list, what it is filtered by, and the text it is searched by.

A call's number says when it was: milliseconds since the year 1, and room for calls of the same one. All that
is kept under it lies in order of time, so a page of the newest is read off an index however it is filtered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from backend.report import CoachingReport
from backend.store import words
from backend.store.tables import (
    CallFacetRow,
    FacetCountRow,
    FacetKind,
    ListedCallRow,
    ReportRow,
    heading,
    rep_names,
    storable,
    table_of,
    utc,
)

Facet = tuple[FacetKind, str]

SLOTS = 1 << 14
"""Room in a number for calls of one millisecond. The end of the year 9999 stays below 2 to the 63."""
YEAR_1 = datetime.min.replace(tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SECOND = 1000 * SLOTS
DAY = 86_400 * SECOND
VALUE_CHARS = 500
"""More of a name would not fit PostgreSQL's index."""
WRONG = "wrong"
"""Beside the verdicts: any of those that accuse."""


def put(connection: Connection, report: CoachingReport) -> None:
    """List the report's call in place of what was listed under its id."""
    call, wrong = report.call, len(report.wrong_claims())
    number = _placed(connection, report.id, call.started_at or report.created_at, wrong, call.duration_s)
    _put_facets(connection, number, facets(report))
    words.put(connection, number, searched(report))


def put_bare(connection: Connection, row: ReportRow) -> None:
    """List a call whose report cannot be read: that is found by its time alone."""
    _placed(connection, row.id, row.started_at or row.created_at, row.wrong, row.duration_s)


def remove(connection: Connection, report_id: str) -> None:
    """Take the call off the list; nothing happens where it is not on it."""
    number = _number(connection, report_id)
    if number is not None:
        _remove(connection, number)


def number_of(when: datetime) -> int:
    """The first number of a call at this time; one that names no zone is taken as UTC."""
    return (utc(when) - YEAR_1) // MILLISECOND * SLOTS


def facets(report: CoachingReport) -> set[Facet]:
    """What the call can be filtered by."""
    found: set[Facet] = {("knowledge", report.knowledge.status)}
    found |= {("rep", facet_value(name)) for name in rep_names(report.call) if name}
    found |= {("verdict", claim.verdict) for claim in report.claims}
    found |= {("competitor", facet_value(mention.competitor)) for mention in report.competitors}
    found |= {("objection", objection.category) for objection in report.objections}
    if report.wrong_claims():
        found.add(("verdict", WRONG))
    return found


def facet_value(name: str) -> str:
    """A name as it is kept to filter by."""
    return storable(name)[:VALUE_CHARS]


def searched(report: CoachingReport) -> str:
    """The text a call is searched by: its title and people on the first line, then a turn on each."""
    people = (person.name for person in report.call.participants)
    first = " · ".join(dict.fromkeys([heading(report.call), *people]))
    lines = (line.replace("\n", " ") for line in (first, *(turn.text for turn in report.turns)))
    return words.indexable("\n".join(lines))


def _placed(
    connection: Connection, report_id: str, when: datetime, wrong: int, length_s: float | None
) -> int:
    """The number of the call that is now in the list. Where it is still the same time it keeps the one it
    had: what is kept under it and stays is left alone."""
    began = number_of(when)
    number = _number(connection, report_id)
    if number is None or not began <= number < began + SECOND:
        if number is not None:
            _remove(connection, number)
        number = _free(connection, began)
    else:
        connection.execute(delete(ListedCallRow).where(col(ListedCallRow.number) == number))
    row = {"number": number, "report_id": report_id, "wrong": wrong, "length_s": length_s or 0.0}
    connection.execute(insert(table_of(ListedCallRow)), row)
    return number


def _number(connection: Connection, report_id: str) -> int | None:
    return connection.scalar(
        select(col(ListedCallRow.number)).where(col(ListedCallRow.report_id) == report_id)
    )


def _free(connection: Connection, began: int) -> int:
    """The next number of that time; where thousands of calls were at one instant, of the time after."""
    while True:
        same = col(ListedCallRow.number).between(began, began + SLOTS - 1)
        last = connection.scalar(select(func.max(col(ListedCallRow.number))).where(same))
        if last is None:
            return began
        if last < began + SLOTS - 1:
            return last + 1
        began += SLOTS


def _remove(connection: Connection, number: int) -> None:
    connection.execute(delete(ListedCallRow).where(col(ListedCallRow.number) == number))
    _put_facets(connection, number, set())
    words.remove(connection, number)


def _put_facets(connection: Connection, number: int, wanted: set[Facet]) -> None:
    kept = select(col(CallFacetRow.kind), col(CallFacetRow.value)).where(col(CallFacetRow.number) == number)
    had = {(kind, value) for kind, value in connection.execute(kept)}
    gone, new = sorted(had - wanted), sorted(wanted - had)
    facet = table_of(CallFacetRow)
    if gone:
        this = [facet.c[name] == bindparam(f"its_{name}") for name in ("kind", "value", "number")]
        rows = [{"its_kind": kind, "its_value": value, "its_number": number} for kind, value in gone]
        connection.execute(delete(facet).where(*this), rows)
        _count(connection, gone, -1)
        connection.execute(delete(FacetCountRow).where(col(FacetCountRow.calls) <= 0))
    if new:
        rows = [{"kind": kind, "value": value, "number": number} for kind, value in new]
        connection.execute(insert(facet), rows)
        _count(connection, new, 1)


def _count(connection: Connection, found: Iterable[Facet], by: int) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    one = dialect.insert(table_of(FacetCountRow))
    more = {"calls": col(FacetCountRow.calls) + one.excluded.calls}
    rows = [{"kind": kind, "value": value, "calls": by} for kind, value in found]
    connection.execute(one.on_conflict_do_update(index_elements=["kind", "value"], set_=more), rows)
