"""What is got wrong most, grouped by what puts it right, and the words of calls that show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from backend.store.coached import Example, Mistake
from backend.store.counting import TEAM, MomentKind, page_at
from backend.store.period import Period
from backend.store.points import Point, same_mistakes
from backend.store.sums import MomentRow, SumRow
from backend.store.tables import ReportRow

MOST_POINTS = 400
"""The points that are looked at, the commonest first: enough for the mistakes that are shown."""
MOST_MISTAKES = 10
EXAMPLES = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = [name for name in Example.model_fields if name in MomentRow.model_fields and name != "at"]

Numbers = Select[int | None]


def mistakes(connection: Connection, period: Period) -> tuple[list[Mistake], int]:
    """What is got wrong most, and how many mistakes there are besides."""
    groups = same_mistakes(_points(connection, period))
    shown = [[point.label for point in group] for group in groups[:MOST_MISTAKES]]
    if not shown:
        return [], 0
    counts = [
        select(
            literal(nth),
            func.count(),
            func.count(col(MomentRow.report_id).distinct()),
            func.count(func.nullif(col(MomentRow.rep), TEAM).distinct()),
        ).where(during("wrong", labels, period))
        for nth, labels in enumerate(shown)
    ]
    counted = {nth: numbers for nth, *numbers in connection.execute(union_all(*counts))}
    told = examples(connection, [newest("wrong", labels, period, EXAMPLES) for labels in shown])
    found = [
        Mistake(page=group[0].page, claims=claims, calls=calls, reps=reps, examples=told[nth])
        for nth, group in enumerate(groups[:MOST_MISTAKES])
        for claims, calls, reps in [counted[nth]]
        if told[nth]  # a call may be deleted between two questions
    ]
    return found, len(groups) - len(shown)


def during(kind: MomentKind, labels: Sequence[str], period: Period) -> ColumnElement[bool]:
    """The moments of this kind, with these labels, in this period."""
    start, end = period.seconds
    at, label = col(MomentRow.at), col(MomentRow.label)
    # Of one label the index has the newest first; of several they are sorted.
    these = label == labels[0] if len(labels) == 1 else label.in_(labels)
    return (col(MomentRow.kind) == kind) & these & (at >= start) & (at < end)


def newest(kind: MomentKind, labels: Sequence[str], period: Period, limit: int) -> Numbers:
    """The numbers of the newest moments, for `examples`."""
    order = (col(MomentRow.at).desc(), col(MomentRow.report_id).desc())
    return select(col(MomentRow.number)).where(during(kind, labels, period)).order_by(*order).limit(limit)


def examples(connection: Connection, wanted: Sequence[Numbers]) -> dict[int, list[Example]]:
    """What each of these asks for, under its place among them; nothing where nothing was found."""
    numbers = union_all(
        *(
            select(literal(nth).label("nth"), one.c.number)
            for nth, one in enumerate(each.subquery() for each in wanted)
        )
    ).subquery()
    moment = [getattr(MomentRow, name) for name in MOMENT]
    rows = (
        select(numbers.c.nth, col(MomentRow.report_id), col(MomentRow.at), col(ReportRow.title), *moment)
        .join(numbers, col(MomentRow.number) == numbers.c.number)
        .join(ReportRow, col(ReportRow.id) == col(MomentRow.report_id))
        .order_by(
            numbers.c.nth, col(MomentRow.at).desc(), col(MomentRow.report_id).desc(), col(MomentRow.number)
        )
    )
    found: defaultdict[int, list[Example]] = defaultdict(list)
    for nth, call_id, at, call, *rest in connection.execute(rows):
        told = dict(zip(MOMENT, rest, strict=True))
        found[nth].append(Example(call_id=call_id, call=call, at=EPOCH + timedelta(seconds=at), **told))
    return found


def _points(connection: Connection, period: Period) -> list[Point]:
    """The commonest points, each as its newest claim has it."""
    n = func.sum(col(SumRow.n))
    counted = (
        select(col(SumRow.label), n.label("n"))
        .where(
            col(SumRow.rep) == TEAM,
            col(SumRow.kind) == "point",
            col(SumRow.week).between(period.first, period.last),
        )
        .group_by(col(SumRow.label))
        .having(n > 0)
        .order_by(n.desc(), col(SumRow.label))
        .limit(MOST_POINTS)
        .subquery()
    )
    wrong = aliased(MomentRow)
    newest_of = (
        select(col(wrong.number))
        .where(col(wrong.kind) == "wrong", col(wrong.label) == counted.c.label)
        .order_by(col(wrong.at).desc())
        .limit(1)
        .scalar_subquery()
    )
    shown = (col(MomentRow.url), col(MomentRow.title), col(MomentRow.quote), col(MomentRow.correction))
    rows = select(counted.c.label, counted.c.n, *shown).join(MomentRow, col(MomentRow.number) == newest_of)
    return [
        Point(label, page_at(url, title or ""), quote or "", correction or "", claims)
        for label, claims, url, title, quote, correction in connection.execute(rows)
    ]
