"""What people said of verdicts: which moments are disputed or ruled on, without reading a report."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Index, String, Text, exists, insert, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, delete, func, select

from backend.errors import BadRequest
from backend.report import Claim, CoachingReport, Objection
from backend.store.claude import Session
from backend.store.tables import ReportRow, storable, table_of
from backend.transcript import spoken_key

NO_OBJECTION = "no_objection"
"""Stands where a verdict would, for an objection that a person says is none."""
LONGEST_VALUE = 500
"""More of a name would not fit PostgreSQL's index."""

State = Literal["open", "overruled", "upheld", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
MomentKind = Literal["claims", "objections"]


class JudgedMoment(SQLModel):
    """A claim or objection that somebody disputed or ruled on. Times are seconds since 1970: `at` of what was
    said of it last, `ruled_at` of its ruling. `found` is the analyst's verdict or handling, `stands` what
    stands; `dispute` and `ruling` are the reasons given last. With `ruled_by` and no `ruling` it had one that
    does not stand any more.

    `spoken` is the same for all analyses of a call, and `place` for the same words in it; of these the one
    that was `made_at` last counts.
    """

    report_id: str = Field(primary_key=True)
    kind: MomentKind = Field(primary_key=True, sa_type=String)
    moment_id: str = Field(primary_key=True)
    spoken: str
    place: str
    made_at: float
    state: State = Field(sa_type=String)
    at: float
    ruled_at: float | None
    speaker: str
    about: str
    words: str = Field(sa_type=Text)
    found: str
    stands: str
    disputed_by: str | None
    dispute: str | None = Field(sa_type=Text)
    ruled_by: str | None
    ruling: str | None = Field(sa_type=Text)


class JudgementRow(JudgedMoment, table=True):
    __tablename__ = "judgements"
    __table_args__ = (
        Index("ix_judgements_newest", "at", "report_id", "kind", "moment_id"),
        Index("ix_judgements_spoken", "spoken", "place", "made_at"),
    )


class ListedMoment(BaseModel):
    """One line of the list of disputes, with its call's title."""

    title: str | None
    moment: JudgedMoment


class JudgedPage(BaseModel):
    """Some of them, what was said last first. `next` asks for those after these; None on the last page."""

    moments: list[ListedMoment]
    next: str | None


class Judgements:
    """The table of what people said. Every method raises StoreUnavailable when the database fails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def page(
        self,
        *,
        state: State | None = None,
        speaker: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> JudgedPage:
        """Those in this state and of this speaker's words. `before` is the `next` of the page before."""
        place = [col(getattr(JudgementRow, name)) for name in ("at", "report_id", "kind", "moment_id")]
        wanted = (
            select(ReportRow.title, JudgementRow)
            .join(ReportRow, col(ReportRow.id) == col(JudgementRow.report_id))
            .where(*_chosen(state, speaker))
            .order_by(*(column.desc() for column in place))
            .limit(limit + 1)
        )
        if before is not None:
            wanted = wanted.where(tuple_(*place) < _place_of(before))
        async with self._session() as session:
            found = [
                ListedMoment(title=title, moment=JudgedMoment.model_validate(row.model_dump()))
                for title, row in await session.exec(wanted)
            ]
        more = len(found) > limit
        return JudgedPage(moments=found[:limit], next=_cursor(found[limit - 1].moment) if more else None)

    async def counts(self, speaker: str | None = None) -> dict[State, int]:
        """How many there are in each state."""
        newest, *whose = _chosen(None, speaker)
        # Few calls have several analyses; the rows of all others need no look at each other.
        several = (
            select(JudgementRow.spoken)
            .group_by(col(JudgementRow.spoken))
            .having(func.min(JudgementRow.report_id) < func.max(JudgementRow.report_id))
        )
        counted = (
            select(JudgementRow.state, func.count())
            .where(col(JudgementRow.spoken).not_in(several) | newest, *whose)
            .group_by(col(JudgementRow.state))
        )
        async with self._session() as session:
            found = dict((await session.exec(counted)).all())
        return {state: found.get(state, 0) for state in STATES}

    async def speakers(self) -> list[str]:
        """Whose words were disputed or ruled on, by name."""
        async with self._session() as session:
            named = await session.exec(select(JudgementRow.speaker).distinct().order_by(JudgementRow.speaker))
            return list(named)

    async def of_call(self, spoken: str) -> list[str]:
        """The reports on this call in which people said something, the newest first."""
        made = func.max(JudgementRow.made_at)
        reports = (
            select(JudgementRow.report_id)
            .where(col(JudgementRow.spoken) == spoken)
            .group_by(col(JudgementRow.report_id))
            .order_by(made.desc(), col(JudgementRow.report_id))
        )
        async with self._session() as session:
            return list(await session.exec(reports))

    async def ruled_calls(self, since: float = 0.0) -> list[str]:
        """The `spoken` of each call with a ruling of this time or later, in an order that does not change."""
        calls = (
            select(JudgementRow.spoken)
            .where(col(JudgementRow.ruled_at) >= since)
            .distinct()
            .order_by(JudgementRow.spoken)
        )
        async with self._session() as session:
            return list(await session.exec(calls))


def put(connection: Connection, report: CoachingReport) -> None:
    """Keep what people said in this report, in place of what was kept under its id."""
    remove(connection, report.id)
    if rows := list(_rows(report)):
        connection.execute(insert(table_of(JudgementRow)), [row.model_dump() for row in rows])


def remove(connection: Connection, report_id: str) -> None:
    connection.execute(delete(JudgementRow).where(col(JudgementRow.report_id) == report_id))


def state_of(moment: Claim | Objection) -> State:
    """Where it stands with a moment that was disputed or ruled on. A ruling that did not outlive its evidence
    leaves it open."""
    lapsed = moment.ruling is None and bool(moment.former_rulings)
    if lapsed or any(one.open for one in moment.disputes):
        return "open"
    if moment.ruling is None:
        return "withdrawn"
    return "upheld" if moment.ruling.upheld else "overruled"


def _rows(report: CoachingReport) -> Iterator[JudgementRow]:
    moments: list[Claim | Objection] = [*report.claims, *report.objections, *report.dismissed]
    said_of = [one for one in moments if one.judged]
    spoken = spoken_key(report.turns) if said_of else ""
    for moment in said_of:
        yield _row(report, moment, spoken)


def _row(report: CoachingReport, moment: Claim | Objection, spoken: str) -> JudgementRow:
    ruling, quote = moment.ruling, moment.quote
    last = moment.disputes[-1] if moment.disputes else None
    ruled = [*moment.former_rulings, *([ruling] if ruling else [])]
    times = [last.withdrawn_at or last.at] if last else []
    times += [one.at for one in ruled[-1:]]
    is_claim = isinstance(moment, Claim)
    return JudgementRow(
        report_id=report.id,
        kind="claims" if is_claim else "objections",
        moment_id=storable(moment.id),
        spoken=spoken,
        place=f"{quote.turn}:{quote.char_start}:{quote.char_end}",
        made_at=report.created_at.timestamp(),
        state=state_of(moment),
        at=max(time.timestamp() for time in times),
        ruled_at=ruling.at.timestamp() if ruling else None,
        speaker=storable(quote.speaker)[:LONGEST_VALUE],
        about=storable(moment.topic if isinstance(moment, Claim) else moment.category),
        words=storable(quote.text),
        found=ruling.found if ruling else _stands(moment),
        stands=_stands(moment),
        disputed_by=storable(last.by) if last else None,
        dispute=storable(last.reason) if last else None,
        ruled_by=storable(ruled[-1].by) if ruled else None,
        ruling=storable(ruling.reason) if ruling else None,
    )


def _stands(moment: Claim | Objection) -> str:
    if isinstance(moment, Claim):
        return moment.verdict
    return NO_OBJECTION if moment.ruling and moment.ruling.handled is None else moment.handled


def _chosen(state: State | None, speaker: str | None) -> Sequence[ColumnElement[bool]]:
    """Conditions: of the same words in several analyses of a call, the newest analysis."""
    newer = aliased(JudgementRow)
    replaced = exists().where(
        col(newer.spoken) == col(JudgementRow.spoken),
        col(newer.place) == col(JudgementRow.place),
        col(newer.kind) == col(JudgementRow.kind),
        col(newer.made_at) > col(JudgementRow.made_at),
    )
    conditions: list[ColumnElement[bool]] = [~replaced]
    if state is not None:
        conditions.append(col(JudgementRow.state) == state)
    if speaker:
        conditions.append(col(JudgementRow.speaker) == storable(speaker))
    return conditions


def _cursor(moment: JudgedMoment) -> str:
    place = f"{moment.at!r} {moment.report_id} {moment.kind} {moment.moment_id}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def _place_of(cursor: str) -> tuple[float, str, str, str]:
    try:
        at, report_id, kind, moment_id = base64.urlsafe_b64decode(cursor).decode().split(" ", 3)
        return float(at), storable(report_id), storable(kind), storable(moment_id)
    except ValueError:
        raise BadRequest(
            "That page of disputes is not known; take `next` from the page before it, unchanged."
        ) from None
