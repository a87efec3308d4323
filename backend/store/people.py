"""What is read of the sums: the team's figures, and one rep's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import ColumnElement, Connection, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.errors import NotFound
from backend.store.coached import Example, Help, OpenCall, PeriodShown, Rep, RepCalls, Team
from backend.store.counting import MOST_OPEN, TEAM, CountKind, rep_name
from backend.store.mistakes import examples, mistakes, newest
from backend.store.over_time import OverTime, Sum, helped, page_of, several_times, topics
from backend.store.period import ENOUGH, FIRST_WEEK, LAST_WEEK, Period
from backend.store.sums import MomentRow, RepCallRow, SumRow
from backend.store.tables import CallSummary, ReportRow

MOST_RIVALS = 10
MOST_OPEN_CALLS = 8
MOST_BEST = 6
MOST_CALLS = 8
HELP_WEEKS = 12
WRONG_FROM = 2

Session = Callable[[], AbstractAsyncContextManager[AsyncSession]]
OVER_TIME: tuple[CountKind, ...] = ("call", "claim", "objection", "rival", "question", "score")


class People:
    """The team's figures and each rep's. Every method raises StoreUnavailable when the database fails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def weeks(self) -> Period | None:
        """From the first week with a call to the last; None without calls."""
        async with self._session() as session:
            return await (await session.connection()).run_sync(_weeks)

    async def team(self, period: Period) -> Team:
        async with self._session() as session:
            return await (await session.connection()).run_sync(_team, period)

    async def rep(self, name: str, period: Period) -> Rep:
        """NotFound for somebody who was on no call."""
        async with self._session() as session:
            return await (await session.connection()).run_sync(_rep, rep_name(name), period)


def _weeks(connection: Connection) -> Period | None:
    week = col(SumRow.week)
    there = _of(TEAM, "call") & week.between(FIRST_WEEK, LAST_WEEK) & (col(SumRow.n) > 0)
    first, last = connection.execute(select(func.min(week), func.max(week)).where(there)).one()
    return Period(first, last) if first is not None else None


def _team(connection: Connection, period: Period) -> Team:
    sums = OverTime(period, _over_time(connection, TEAM, period))
    wrong, more = mistakes(connection, period)
    waiting, left_open = sums.total("question")
    return Team(
        period=_shown(period),
        calls=sums.total("call")[0],
        claims=sums.claims(),
        by_step=sums.steps(),
        mistakes=wrong,
        more_mistakes=more,
        topics=topics(_by_label(connection, TEAM, "topic", period)),
        objections=sums.objections(),
        rivals=sums.rivals()[:MOST_RIVALS],
        help=_help(connection, period.latest(HELP_WEEKS)),
        help_weeks=min(period.weeks, HELP_WEEKS),
        open_calls=_open_calls(connection, period),
        calls_with_open_questions=waiting,
        open_questions=left_open,
        reps=_reps(connection, period),
    )


def _rep(connection: Connection, name: str, period: Period) -> Rep:
    ever = connection.scalar(select(func.sum(col(SumRow.n))).where(_of(name, "call")))
    if not name or not ever:
        raise NotFound(f"Nobody called {name[:80]!r} was on our side of a stored call.")
    sums = OverTime(period, _over_time(connection, name, period))
    about = topics(_by_label(connection, name, "topic", period))
    enough = [topic for topic in about if topic.claims.of >= ENOUGH]
    right = [topic for topic in enough if not topic.claims.wrong]
    return Rep(
        name=name,
        period=_shown(period),
        calls=sums.total("call")[0],
        calls_ever=ever,
        claims=sums.claims(),
        by_step=sums.steps(),
        scores=sums.scores(),
        known_well=sorted(right, key=lambda topic: -topic.claims.of),
        known_badly=[topic for topic in enough if topic.claims.wrong >= WRONG_FROM],
        topics=about,
        objections=sums.objections(),
        best=_best(connection, name, period),
        newest_calls=_newest_calls(connection, name, period),
    )


def _of(rep: str, *kinds: CountKind) -> ColumnElement[bool]:
    return (col(SumRow.rep) == rep) & col(SumRow.kind).in_(kinds)


def _in(period: Period) -> ColumnElement[bool]:
    return col(SumRow.week).between(period.first, period.last)


def _over_time(connection: Connection, rep: str, period: Period) -> list[Sum]:
    step = ((col(SumRow.week) - period.first) // period.step).label("step")
    n, part = func.sum(col(SumRow.n)), func.sum(col(SumRow.part))
    kind, label = col(SumRow.kind), col(SumRow.label)
    sums = select(kind, label, step, n, part).where(_of(rep, *OVER_TIME), _in(period))
    rows = connection.execute(sums.group_by(kind, label, step).having(n > 0))
    return [Sum(*row) for row in rows]


def _by_label(
    connection: Connection, rep: str, kind: CountKind, period: Period
) -> list[tuple[str, int, int]]:
    label, n = col(SumRow.label), func.sum(col(SumRow.n))
    sums = select(label, n, func.sum(col(SumRow.part))).where(_of(rep, kind), _in(period))
    return [(one, of, part) for one, of, part in connection.execute(sums.group_by(label).having(n > 0))]


def _help(connection: Connection, period: Period) -> list[Help]:
    """Topics that somebody got wrong several times, with whoever did; the most wrong claims first."""
    rep, label, part = col(SumRow.rep), col(SumRow.label), func.sum(col(SumRow.part))
    # As the index has it, which holds these lines alone.
    wrong = (col(SumRow.kind) == "topic") & (rep != TEAM) & (col(SumRow.part) > 0) & _in(period)
    slips = connection.execute(select(rep, label, part).where(wrong).group_by(rep, label)).all()
    often = several_times(slips)
    if not often:
        return []
    names, pages = {name for name, _ in often}, {page for _, page in often}
    labels = {one for _, one, _ in slips if page_of(one) in pages}
    theirs = rep.in_(names) & (col(SumRow.kind) == "topic") & label.in_(labels)
    every = select(rep, label, func.sum(col(SumRow.n)), part).where(theirs & _in(period))
    said: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for name, topic, of, number in connection.execute(every.group_by(rep, label)):
        if (name, page_of(topic)) in often:
            said[name].append((topic, of, number))
    return helped({name: topics(sums) for name, sums in said.items()})


def _open_calls(connection: Connection, period: Period) -> list[OpenCall]:
    """The newest calls on which a question got no answer."""
    asked = examples(connection, [newest("open", [""], period, MOST_OPEN_CALLS * MOST_OPEN)])
    by_call: defaultdict[str, list[Example]] = defaultdict(list)
    for question in asked.get(0, []):
        by_call[question.call_id].append(question)
    ids = list(by_call)[:MOST_OPEN_CALLS]
    columns = (col(ReportRow.id), col(ReportRow.reps), col(ReportRow.open_questions))
    rows = connection.execute(select(*columns).where(col(ReportRow.id).in_(ids)))
    told = {call_id: (reps, still_open) for call_id, reps, still_open in rows}
    return [
        OpenCall(
            call_id=call_id,
            call=by_call[call_id][0].call,
            at=by_call[call_id][0].at,
            reps=told[call_id][0],
            open=told[call_id][1],
            questions=by_call[call_id],
        )
        for call_id in ids
        if call_id in told  # it may be deleted between two questions
    ]


def _best(connection: Connection, name: str, period: Period) -> list[Example]:
    of_theirs = newest("best", [""], period, MOST_BEST).where(col(MomentRow.rep) == name)
    return examples(connection, [of_theirs]).get(0, [])


def _reps(connection: Connection, period: Period) -> list[RepCalls]:
    """Everybody who was on a call, by name."""
    start, end = period.seconds
    there = (col(RepCallRow.at) >= start) & (col(RepCallRow.at) < end)
    rep = col(RepCallRow.rep)
    rows = connection.execute(select(rep, func.count()).where(there).group_by(rep))
    return sorted((RepCalls(rep=rep, calls=calls) for rep, calls in rows), key=lambda one: one.rep.casefold())


def _newest_calls(connection: Connection, name: str, period: Period) -> list[CallSummary]:
    start, end = period.seconds
    at = col(RepCallRow.at)
    columns = [getattr(ReportRow, field) for field in CallSummary.model_fields]
    calls = (
        select(*columns)
        .join(RepCallRow, col(RepCallRow.report_id) == col(ReportRow.id))
        .where(col(RepCallRow.rep) == name, at >= start, at < end)
        .order_by(at.desc(), col(RepCallRow.report_id).desc())
        .limit(MOST_CALLS)
    )
    return [CallSummary.model_validate(dict(row)) for row in connection.execute(calls).mappings()]


def _shown(period: Period) -> PeriodShown:
    return PeriodShown(start=period.start, end=period.end, step_weeks=period.step, steps=period.steps)
