"""The sums that team and rep pages read, week by week, and how they follow each report.

What a report added is kept beside it, so that it can be taken off again whatever became of the body.
"""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import Connection, Index, String, Text, delete, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col

from backend.report import CoachingReport
from backend.store.counting import Count, CountKind, MomentKind, counted
from backend.store.tables import storable

_COUNTS = TypeAdapter(list[Count])
_Change = dict[tuple[str, CountKind, str, int], tuple[int, int]]


class CountedReportRow(SQLModel, table=True):
    """What a report added to the sums, as JSON."""

    __tablename__ = "counted_reports"

    report_id: str = Field(primary_key=True)
    week: int
    counts: str = Field(sa_type=Text)


class SumRow(SQLModel, table=True):
    """All reports of a week together; see `Count` for what is added up. `week` is `week_of` a day.

    The key is in the order of the page's questions: a label's weeks lie together, and are added as they come.
    """

    __tablename__ = "sums"
    __table_args__ = (
        Index(
            "ix_sums_wrong_topics",
            *("week", "rep", "label", "part"),
            sqlite_where=text("kind = 'topic' AND rep <> '' AND part > 0"),
            postgresql_where=text("kind = 'topic' AND rep <> '' AND part > 0"),
        ),
        {"sqlite_with_rowid": False},
    )

    rep: str = Field(primary_key=True)
    kind: CountKind = Field(primary_key=True, sa_type=String)
    label: str = Field(primary_key=True)
    week: int = Field(primary_key=True)
    n: int
    part: int


class MomentRow(SQLModel, table=True):
    """See `Moment`, whose fields these are. `at` is the call's time, in seconds since 1970."""

    __tablename__ = "shown_moments"
    __table_args__ = (
        Index("ix_shown_moments_label", "kind", "label", "at", "report_id", "rep"),
        Index("ix_shown_moments_rep", "rep", "kind", "at"),
    )

    number: int | None = Field(default=None, primary_key=True)
    report_id: str = Field(index=True)
    kind: MomentKind = Field(sa_type=String)
    moment_id: str
    label: str
    rep: str
    at: float
    words: str = Field(sa_type=Text)
    about: str
    before: str | None = Field(sa_type=Text)
    correction: str | None = Field(sa_type=Text)
    url: str | None
    title: str | None
    quote: str | None = Field(sa_type=Text)


class RepCallRow(SQLModel, table=True):
    """A call that one of ours was on."""

    __tablename__ = "rep_calls"
    __table_args__ = (Index("ix_rep_calls_report", "report_id"), {"sqlite_with_rowid": False})

    rep: str = Field(primary_key=True)
    at: float = Field(primary_key=True)
    report_id: str = Field(primary_key=True)


def put(connection: Connection, report: CoachingReport) -> None:
    """Count this report in place of one with the same id."""
    now, report_id = counted(report), storable(report.id)
    change = _taken_off(connection, report_id)
    for count in now.counts:
        _add(change, now.week, count, 1)
    _change(connection, change)
    counts = _COUNTS.dump_json(now.counts).decode()
    connection.execute(insert(CountedReportRow).values(report_id=report_id, week=now.week, counts=counts))
    at = now.at.timestamp()
    if now.moments:
        rows = [{"report_id": report_id, "at": at, **one._asdict()} for one in now.moments]
        connection.execute(insert(MomentRow), rows)
    if now.reps:
        calls = [{"rep": rep, "at": at, "report_id": report_id} for rep in now.reps]
        connection.execute(insert(RepCallRow), calls)


def remove(connection: Connection, report_id: str) -> None:
    """Count this report no longer; nothing happens where it was not counted."""
    _change(connection, _taken_off(connection, storable(report_id)))


def _taken_off(connection: Connection, report_id: str) -> _Change:
    """Forget the report, and say what the sums lose by it."""
    for table in (MomentRow, RepCallRow):
        connection.execute(delete(table).where(col(table.report_id) == report_id))
    gone = connection.execute(
        delete(CountedReportRow)
        .where(col(CountedReportRow.report_id) == report_id)
        .returning(col(CountedReportRow.week), col(CountedReportRow.counts))
    )
    change: _Change = {}
    for week, counts in gone.all():
        for count in _COUNTS.validate_json(counts):
            _add(change, week, count, -1)
    return change


def _add(change: _Change, week: int, count: Count, sign: int) -> None:
    key = (count.rep, count.kind, count.label, week)
    n, part = change.get(key, (0, 0))
    change[key] = (n + sign * count.n, part + sign * count.part)


def _change(connection: Connection, change: _Change) -> None:
    """Add to the sums, always in the same order, so that two who do it at once never wait for each other."""
    rows = [
        {"rep": rep, "kind": kind, "week": week, "label": label, "n": n, "part": part}
        for (rep, kind, label, week), (n, part) in sorted(change.items())
        if n or part
    ]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    add = dialect.insert(SumRow)
    more = {name: col(getattr(SumRow, name)) + add.excluded[name] for name in ("n", "part")}
    connection.execute(
        add.on_conflict_do_update(index_elements=["rep", "kind", "label", "week"], set_=more), rows
    )
