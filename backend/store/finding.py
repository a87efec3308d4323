"""Finding calls: by what they are narrowed to and the words in them, a page at a time.

Everything is kept in order of time (see `backend.store.listing`), so a page is read off one index, the one
that leads, and each call on it is looked up in the others; no more than a thousand calls are ever sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select, tuple_

from backend.store import words
from backend.store.call_query import MOST_COUNTED, CallPage, CallQuery, Choice, Place
from backend.store.listing import DAY, facet_value, number_of
from backend.store.tables import (
    CallFacetRow,
    CallSummary,
    FacetCountRow,
    FacetKind,
    ListedCallRow,
    ReportRow,
    table_of,
)

FEW = 500
"""So many calls are sooner looked up one by one in the index of words than the words are read through."""


class Having(NamedTuple):
    """Something that calls must have: the column of their numbers, and what holds of its table."""

    number: ColumnElement[int]
    holds: ColumnElement[bool]


def page(
    connection: Connection,
    query: CallQuery,
    limit: int,
    before: str | None,
    most: int = MOST_COUNTED,
    few: int = FEW,
) -> CallPage:
    """The calls that are wanted, `limit` at most, after the place that the cursor `before` names. So many at
    `most` are counted; what `few` calls have leads before the words."""
    after = Place.of(before, query.sort) if before is not None else None
    wanted = _wanted(connection, query, few)
    if wanted is None:
        return CallPage(calls=[], next=None)
    found = _led(connection, wanted, query, most + 1, None)
    if len(found) <= most:
        places = _of_these(connection, found, query, limit + 1, after)
    elif query.sort in {"newest", "oldest"}:
        places = _led(connection, wanted, query, limit + 1, after)
    else:
        places = _walked(connection, wanted, query, limit + 1, after)
    shown = places[:limit]
    calls = _summaries(connection, [one.number for one in shown])
    snippets = words.snippets(connection, query.terms(), list(calls))
    return CallPage(
        calls=[calls[one.number] for one in shown if one.number in calls],
        next=shown[-1].cursor(query.sort) if len(places) > limit else None,
        total=min(len(found), most),
        more=len(found) > most,
        snippets={calls[number].id: snippet for number, snippet in snippets.items()},
    )


def choices(connection: Connection) -> dict[FacetKind, list[Choice]]:
    """What calls can be narrowed to, by kind; what most calls have comes first."""
    its = table_of(FacetCountRow).c
    counted = select(its.kind, its.value, its.calls).order_by(its.calls.desc(), its.value)
    found: dict[FacetKind, list[Choice]] = {}
    for kind, value, calls in connection.execute(counted):
        found.setdefault(kind, []).append(Choice(value, calls))
    return found


def _wanted(connection: Connection, query: CallQuery, few: int) -> list[Having] | None:
    """What the calls must have; the first leads. None where no call can have it all."""
    kept = [(kind, facet_value(value)) for kind, value in query.facets()]
    calls = _calls_with(connection, kept)
    if len(calls) < len(kept):
        return None
    kept.sort(key=lambda one: calls[one])
    wanted = [_facet(kind, value) for kind, value in kept]
    if query.words.strip():
        terms = query.terms()
        if not terms:
            return None
        after_the_first = bool(kept) and calls[kept[0]] <= few
        wanted.insert(after_the_first, Having(*words.having(connection, terms)))
    return wanted


def _calls_with(connection: Connection, kept: Sequence[tuple[FacetKind, str]]) -> dict[tuple[str, str], int]:
    if not kept:
        return {}
    counts = table_of(FacetCountRow).c
    one_of = tuple_(counts.kind, counts.value).in_(kept)
    rows = connection.execute(select(counts.kind, counts.value, counts.calls).where(one_of))
    return {(kind, value): calls for kind, value, calls in rows}


def _facet(kind: FacetKind, value: str) -> Having:
    its = table_of(CallFacetRow).alias().c
    return Having(its.number, (its.kind == kind) & (its.value == value))


def _led(
    connection: Connection, wanted: Sequence[Having], query: CallQuery, limit: int, after: Place | None
) -> list[Place]:
    """Calls in order of time, read off what leads."""
    up = query.sort == "oldest"
    number = wanted[0].number if wanted else table_of(ListedCallRow).c.number
    led = select(number).where(*(one.holds for one in wanted[:1]), *_also(number, wanted[1:]))
    if after:
        led = led.where(number > after.number if up else number < after.number)
    led = led.where(*_within(number, query)).order_by(number if up else number.desc()).limit(limit)
    return [Place(0, one) for one in connection.scalars(led)]


def _of_these(
    connection: Connection, found: Sequence[Place], query: CallQuery, limit: int, after: Place | None
) -> list[Place]:
    """Of all that are wanted, already found in order of time, those that come after."""
    if query.sort == "newest":
        later = [one for one in found if after is None or one.number < after.number]
        return later[:limit]
    if query.sort == "oldest":
        later = [one for one in found if after is None or one.number > after.number]
        return later[:limit]
    these = table_of(ListedCallRow).c.number.in_([one.number for one in found])
    return _sorted(connection, [these], query, limit, after)


def _walked(
    connection: Connection, wanted: Sequence[Having], query: CallQuery, limit: int, after: Place | None
) -> list[Place]:
    """Calls off the index of their order: many are wanted, so a page is soon full."""
    number = table_of(ListedCallRow).c.number
    return _sorted(connection, [*_also(number, wanted), *_within(number, query)], query, limit, after)


def _sorted(
    connection: Connection,
    where: Iterable[ColumnElement[bool]],
    query: CallQuery,
    limit: int,
    after: Place | None,
) -> list[Place]:
    listed = table_of(ListedCallRow).c
    number, key = listed.number, listed.wrong if query.sort == "wrong" else listed.length_s
    these = select(key, number).where(*where).order_by(key.desc(), number.desc()).limit(limit)
    if after:
        these = these.where(tuple_(key, number) < tuple(after))
    return [Place(*row) for row in connection.execute(these)]


def _also(number: ColumnElement[int], wanted: Iterable[Having]) -> list[ColumnElement[bool]]:
    """That the call of this number has these."""
    return [exists().where(one.holds, one.number == number) for one in wanted]


def _within(number: ColumnElement[int], query: CallQuery) -> list[ColumnElement[bool]]:
    """That it was in the period."""
    bounds = []
    if query.since:
        bounds.append(number >= _midnight(query.since))
    if query.until:
        bounds.append(number < _midnight(query.until) + DAY)
    return bounds


def _midnight(day: date) -> int:
    return number_of(datetime.combine(day, time(tzinfo=UTC)))


def _summaries(connection: Connection, numbers: Sequence[int]) -> dict[int, CallSummary]:
    """What the list says of these calls, in this order."""
    if not numbers:
        return {}
    reports, listed = table_of(ReportRow).c, table_of(ListedCallRow).c
    columns = [reports[name] for name in CallSummary.model_fields]
    rows = connection.execute(
        select(listed.number, *columns).where(listed.number.in_(numbers), reports.id == listed.report_id)
    )
    found = {row.pop("number"): CallSummary.model_validate(row) for row in map(dict, rows.mappings())}
    return {number: found[number] for number in numbers if number in found}
