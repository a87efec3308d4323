"""Jobs: analyses asked for now and made later, by whichever process on this store takes them up.

A job is held by a lease, which its holder renews; where the holder dies, the lease runs out and another
takes the job. Every change of a job is one UPDATE that names the state it starts from, so that of two
processes one succeeds. Clocks of the machines on one store must agree within a lease.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, NamedTuple, cast

import structlog
from sqlalchemy import ColumnElement, Index, String, Text, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, and_, col, delete, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.errors import NotFound, TooManyJobs
from backend.store.tables import storable

TRIES = 3
FAILED_KEPT_S = 3600
"""How long a failed job keeps its transcript, so that it can be tried again."""
JOB_KEPT_S = 7 * 86_400
"""How long it can be read what became of a job."""
NEVER_ENDED = (
    f"The analysis was begun {TRIES} times and each time the service stopped in the middle of it: look into "
    "its log, or send the call in parts."
)

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Step = Literal["spot", "look_up", "judge", "save"]
EventName = Literal["waiting", "begun", "progress", "done", "failed", "cancelled"]
ENDINGS: frozenset[str] = frozenset({"done", "failed", "cancelled"})

log = structlog.get_logger()

Session = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class Job(SQLModel):
    """What can be seen of a job. Times are seconds since 1970. `settled` of `due` is how far its step is,
    `told` how many events there are, `why` one sentence on a failure."""

    id: str = Field(primary_key=True)
    state: State = Field(sa_type=String)
    created_at: float
    title: str | None
    format: str
    turns: int
    duration_s: float | None
    attempts: int = 0
    step: Step | None = Field(default=None, sa_type=String)
    settled: int = 0
    due: int = 0
    told: int = 0
    report_id: str | None = None
    why: str | None = None
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDINGS


UNFINISHED = text("state IN ('waiting', 'running')")


class JobRow(Job, table=True):
    """A job as it is kept. `key` is the same for equal work, `work` the transcript and what is wanted."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_next", "state", "created_at"),
        Index(
            "ix_jobs_one_of_a_kind",
            "key",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
    )

    key: str
    holder: str | None = None
    lease_until: float = 0.0
    work: str | None = Field(default=None, sa_type=Text)


class JobEventRow(SQLModel, table=True):
    """What was told of a job; `number` counts from 1 within it."""

    __tablename__ = "job_events"

    job_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    name: EventName = Field(sa_type=String)
    data: str


class JobEvent(NamedTuple):
    """`data` is a JSON object."""

    number: int
    name: EventName
    data: str

    @property
    def ends(self) -> bool:
        return self.name in ENDINGS


class Progress(NamedTuple):
    """Where an analysis is: `settled` of `due` look-ups, both 0 where nothing is counted."""

    step: Step
    settled: int
    due: int


class Taken(NamedTuple):
    """A job that is ours now. `attempt` counts from 1."""

    id: str
    attempt: int
    work: str


class JobCounts(NamedTuple):
    waiting: int
    running: int


class Jobs:
    """The table of jobs and their events. Every method raises StoreUnavailable when the database fails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, job: JobRow, *, most_waiting: int) -> Job:
        """Keep a new job; or where equal work waits or runs already, that job. TooManyJobs: not kept."""
        job.title = storable(job.title) if job.title else None
        async with self._session() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            made = dialect.insert(JobRow).values(job.model_dump() | {"told": 1}).on_conflict_do_nothing()
            if (await session.exec(made.returning(col(JobRow.id)))).first() is None:
                newest = select(JobRow).where(col(JobRow.key) == job.key)
                return _seen(
                    (await session.exec(newest.order_by(col(JobRow.created_at).desc()).limit(1))).one()
                )
            session.add(JobEventRow(job_id=job.id, number=1, name="waiting", data="{}"))
            # Counted after the insert, which holds SQLite's lock: no two can both be the last one.
            if await _count(session, "waiting") > most_waiting:
                raise TooManyJobs(
                    f"{most_waiting} calls are waiting already: send this one again in a minute."
                )
            return _seen(job.model_copy(update={"told": 1}))

    async def by_id(self, job_id: str) -> Job:
        """The job with this id, or NotFound."""
        columns = [getattr(JobRow, name) for name in Job.model_fields]
        async with self._session() as session:
            row = (
                (await session.exec(select(*columns).where(col(JobRow.id) == storable(job_id))))
                .mappings()
                .first()
            )
        if row is None:
            raise NotFound(
                f"There is no job {job_id[:80]!r}; a job is remembered for {JOB_KEPT_S // 86_400} days."
            )
        return Job.model_validate(dict(row))

    async def take(self, holder: str, lease_s: float) -> Taken | None:
        """The oldest job that waits, or whose holder let its lease run out. One that was begun TRIES times
        already fails."""
        now = time.time()
        left = and_(col(JobRow.state) == "running", col(JobRow.lease_until) < now)
        oldest = (
            select(JobRow.id)
            .where(or_(col(JobRow.state) == "waiting", left))
            .order_by(col(JobRow.created_at), col(JobRow.id))
            .limit(1)
        )
        first = oldest.with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
        taken = (
            update(JobRow)
            .where(col(JobRow.id) == first.scalar_subquery())
            .values(
                state="running",
                holder=holder,
                lease_until=now + lease_s,
                attempts=JobRow.attempts + 1,
                step=None,
                settled=0,
                due=0,
            )
            .returning(*(col(c) for c in (JobRow.id, JobRow.attempts, JobRow.work)))
        )
        async with self._session() as session:
            if (await session.exec(oldest)).first() is None:
                return None  # mostly; and a mere look holds nobody up
            row = (await session.exec(taken)).first()
            if row is None:
                return None
            job = Taken(*row)
            mine = _held_by(holder, job.id)
            if job.attempt <= TRIES:
                await _tell(session, mine, "begun", {"attempt": job.attempt})
                return job
            log.warning("job.given_up", job=job.id, attempts=TRIES)
            await _tell(session, mine, "failed", {"why": NEVER_ENDED}, **_ending("failed", why=NEVER_ENDED))
        return await self.take(holder, lease_s)

    async def hold(self, job_id: str, holder: str, lease_s: float, steps: Sequence[Progress] = ()) -> bool:
        """Renew the lease and write down what was done since. False: the job is not this
        holder's any more."""
        async with self._session() as session:
            renewed = (
                update(JobRow)
                .where(_held_by(holder, job_id))
                .values(lease_until=time.time() + lease_s)
                .returning(col(JobRow.id))
            )
            ours = (await session.exec(renewed)).first() is not None
            for step in steps if ours else ():
                now = step._asdict()
                await _tell(session, _held_by(holder, job_id), "progress", now, **now)
        return ours

    async def finish(self, job_id: str, holder: str, report_id: str) -> bool:
        """The report is stored: nothing of the transcript stays with the job. False as for `hold`."""
        data = {"call": f"/calls/{report_id}"}
        forgotten = {"work": None, "title": None}
        async with self._session() as session:
            return await _tell(
                session,
                _held_by(holder, job_id),
                "done",
                data,
                **_ending("done", report_id=report_id),
                **forgotten,
            )

    async def fail(self, job_id: str, holder: str, why: str) -> bool:
        """`why` is one sentence for the user. The transcript stays for FAILED_KEPT_S. False as for `hold`."""
        async with self._session() as session:
            return await _tell(
                session, _held_by(holder, job_id), "failed", {"why": why}, **_ending("failed", why=why)
            )

    async def give_back(self, job_id: str, holder: str) -> None:
        """The holder stops in good order: the job waits again, and the attempt does not count."""
        async with self._session() as session:
            await _tell(
                session,
                _held_by(holder, job_id),
                "waiting",
                {},
                state="waiting",
                holder=None,
                attempts=JobRow.attempts - 1,
            )

    async def cancel(self, job_id: str) -> Job:
        """The job as it is then: cancelled and without its transcript, unless it had ended before."""
        unfinished = and_(col(JobRow.id) == storable(job_id), col(JobRow.state).in_(("waiting", "running")))
        forgotten = {"work": None, "title": None}
        async with self._session() as session:
            await _tell(session, unfinished, "cancelled", {}, **_ending("cancelled"), **forgotten)
        return await self.by_id(job_id)

    async def again(self, job_id: str, new_id: str, *, most_waiting: int) -> Job:
        """A failed job's work as a new job. NotFound where its transcript is no longer kept."""
        async with self._session() as session:
            old = await session.get(JobRow, storable(job_id))
        if old is None or old.state != "failed" or old.work is None:
            raise NotFound("The transcript of that job is no longer kept: add the call again.")
        fresh = JobRow(
            **old.model_dump(include={"title", "format", "turns", "duration_s", "key", "work"}),
            id=new_id,
            state="waiting",
            created_at=time.time(),
        )
        return await self.add(fresh, most_waiting=most_waiting)

    async def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """What was told of a job after the event with this number, in order."""
        columns = (JobEventRow.number, JobEventRow.name, JobEventRow.data)
        later = (
            select(*columns)
            .where(col(JobEventRow.job_id) == job_id, col(JobEventRow.number) > after)
            .order_by(col(JobEventRow.number))
        )
        async with self._session() as session:
            return [
                JobEvent(number, cast("EventName", name), data)
                for number, name, data in await session.exec(later)
            ]

    async def counts(self) -> JobCounts:
        async with self._session() as session:
            return JobCounts(await _count(session, "waiting"), await _count(session, "running"))

    async def sweep(self) -> None:
        """Forget the transcripts of jobs that failed a while ago, and jobs that ended long ago."""
        now = time.time()
        failed = and_(col(JobRow.state) == "failed", col(JobRow.ended_at) < now - FAILED_KEPT_S)
        old = col(JobRow.ended_at) < now - JOB_KEPT_S
        async with self._session() as session:
            await session.exec(
                update(JobRow).where(failed, col(JobRow.work).is_not(None)).values(work=None, title=None)
            )
            gone = select(JobRow.id).where(old)
            await session.exec(delete(JobEventRow).where(col(JobEventRow.job_id).in_(gone)))
            await session.exec(delete(JobRow).where(old))


def _held_by(holder: str, job_id: str) -> ColumnElement[bool]:
    return and_(col(JobRow.id) == job_id, col(JobRow.holder) == holder, col(JobRow.state) == "running")


def _ending(state: State, *, report_id: str | None = None, why: str | None = None) -> dict[str, object]:
    return {
        "state": state,
        "holder": None,
        "ended_at": time.time(),
        "report_id": report_id,
        "why": why,
    }


async def _tell(
    session: AsyncSession,
    which: ColumnElement[bool],
    name: EventName,
    data: Mapping[str, object],
    **changes: object,
) -> bool:
    """Change the one job that this picks out, and write the event down. False: there is none."""
    changed = (
        update(JobRow)
        .where(which)
        .values(told=JobRow.told + 1, **changes)
        .returning(col(JobRow.id), col(JobRow.told))
    )
    row = (await session.exec(changed)).first()
    if row is None:
        return False
    session.add(JobEventRow(job_id=row[0], number=row[1], name=name, data=json.dumps(data)))
    return True


async def _count(session: AsyncSession, state: State) -> int:
    return (
        await session.exec(select(func.count()).select_from(JobRow).where(col(JobRow.state) == state))
    ).one()


def _seen(row: JobRow) -> Job:
    return Job(**row.model_dump(include=set(Job.model_fields)))
