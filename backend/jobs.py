"""Calls sent for later: kept in the store, analysed a few at a time, and told of step by step.

Each process of the service takes jobs up, so one that ended in the middle of a job is made good by the next
process that starts, or by another on the same store once its lease has run out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import structlog
from pydantic import BaseModel

from backend.analysis.engine import Options, Step
from backend.errors import CoachError, NotFound, StoreUnavailable
from backend.house import Coached, House
from backend.store.jobs import Job, JobEvent, JobRow, Progress, Taken
from backend.tracing import TRACE_HEADERS
from backend.transcript import Transcript

TRACE_CHARS = 512
LEASE_S = 12.0
RENEW_S = 3.0
LOOK_S = 2.0
"""How often it is looked for jobs, and for news of them, that came by way of another process."""
QUIET_S = 10.0
"""A follower hears at least this often that there is nothing new."""
SWEEP_S = 60.0
FLAW = "Call Coach met a flaw of its own on this call; its log has the details."

log = structlog.get_logger()


class Work(BaseModel):
    """What a job is to do. `trace` are the W3C headers of the request that asked for it."""

    transcript: Transcript
    options: Options
    force: bool = False
    trace: dict[str, str] = {}


class Jobs:
    """The jobs of one process of the service. Its methods raise StoreUnavailable."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept = house.store.jobs()
        self._name = uuid4().hex
        self._at_work: dict[str, Steps] = {}
        self._came = asyncio.Event()
        self._news = asyncio.Event()
        self._leaving = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Jobs are taken up while the block runs; what it leaves unfinished, the next process takes up."""
        task = asyncio.create_task(self._serve_on())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def leave(self) -> None:
        """The service is about to stop: nobody is told anything more."""
        self._leaving = True
        self._tell_followers()

    # -- what people ask for

    async def send(
        self, transcript: Transcript, options: Options, *, force: bool = False, headers: Mapping[str, str]
    ) -> Job:
        """Have a call analysed later: a new job, or the one that does the very same already. TooManyJobs.

        `headers` of the request that asks for it say which trace it belongs to.
        """
        trace = {name: headers[name][:TRACE_CHARS] for name in TRACE_HEADERS if name in headers}
        work = Work(transcript=transcript, options=options, force=force, trace=trace)
        job = await asyncio.to_thread(self._job, work)
        return self._added(await self._kept.add(job, most_waiting=self._most))

    async def again(self, job_id: str) -> Job:
        """A failed job tried once more, as a new one. NotFound, TooManyJobs."""
        return self._added(await self._kept.again(job_id, uuid4().hex, most_waiting=self._most))

    async def by_id(self, job_id: str) -> Job:
        """The job with this id, or NotFound."""
        return await self._kept.by_id(job_id)

    async def cancel(self, job_id: str) -> Job:
        """The job as it is then; one that had ended before stays as it was. NotFound."""
        job = await self._kept.cancel(job_id)
        if steps := self._at_work.get(job_id):
            steps.wake()
        self._tell_followers()
        return job

    async def follow(self, job: Job, after: int = 0) -> AsyncIterator[JobEvent | None]:
        """What is told of the job after this event, as it comes; None now and then while it is quiet.

        Ends with the job, or with the service; who comes back then with the last number misses nothing.
        """
        heard = time.monotonic()
        while not self._leaving:
            news = self._news
            for event in await self._kept.events(job.id, after):
                yield event
                after, heard = event.number, time.monotonic()
                if event.ends:
                    return
            if time.monotonic() - heard >= QUIET_S:
                yield None
                heard = time.monotonic()
            await _waited(news, LOOK_S)

    # -- what is done about it

    @property
    def _most(self) -> int:
        return self._house.settings.coach_jobs_waiting

    def _job(self, work: Work) -> JobRow:
        call = work.transcript.call
        forced = " anew" if work.force else ""
        return JobRow(
            id=uuid4().hex,
            state="waiting",
            created_at=time.time(),
            title=call.title,
            format=work.transcript.format,
            turns=len(work.transcript.turns),
            duration_s=call.duration_s,
            key=self._house.coach.content_key(work.transcript, work.options) + forced,
            work=work.model_dump_json(),
        )

    def _added(self, job: Job) -> Job:
        log.info("job.added", job=job.id, turns=job.turns, format=job.format)
        self._came.set()
        return job

    def _tell_followers(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _serve_on(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception:  # a flaw of ours must not leave the jobs lying until a restart
                log.exception("jobs.broke")
                await asyncio.sleep(LOOK_S)

    async def _serve(self) -> None:
        free = asyncio.Semaphore(self._house.settings.coach_jobs_at_once)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep())
            while True:
                await free.acquire()
                job = group.create_task(self._work_on(await self._next()))
                job.add_done_callback(lambda _: free.release())

    async def _next(self) -> Taken:
        while True:
            self._came.clear()
            try:
                if job := await self._kept.take(self._name, LEASE_S):
                    return job
            except StoreUnavailable as failure:
                log.warning("jobs.store_away", detail=str(failure))
            await _waited(self._came, LOOK_S)

    async def _sweep(self) -> None:
        drafts = self._house.store.drafts()
        while True:
            await asyncio.sleep(SWEEP_S)
            with suppress(StoreUnavailable):
                await self._kept.sweep()
                await drafts.sweep()

    async def _work_on(self, job: Taken) -> None:
        """See a job to its end, and leave nothing behind if it is no longer ours."""
        log.info("job.begun", job=job.id, attempt=job.attempt)
        begun = time.perf_counter()
        steps = self._at_work[job.id] = Steps()
        analysis = asyncio.create_task(self._analyse(job, steps))
        analysis.add_done_callback(steps.end)
        try:
            ours = await self._held(job, steps)
            outcome = await self._ended(job, analysis) if ours else await self._lost(job, analysis)
        except asyncio.CancelledError:
            await _stopped(analysis)
            await self._given_back(job)
            raise
        finally:
            del self._at_work[job.id]
            self._tell_followers()
        self._house.meters.job_ended(outcome)
        log.info(f"job.{outcome}", job=job.id, ms=round((time.perf_counter() - begun) * 1000))

    async def _analyse(self, job: Taken, steps: Steps) -> Coached:
        work = await asyncio.to_thread(Work.model_validate_json, job.work)
        with self._house.tracing.continuing(work.trace):
            return await self._house.analyse(
                work.transcript, work.options, force=work.force, progress=steps.tell, report_id=job.id
            )

    async def _held(self, job: Taken, steps: Steps) -> bool:
        """Write down each step and renew the lease until the analysis ends. False: the job is another's now,
        or cancelled."""
        while True:
            last = steps.ended
            try:
                if not await self._kept.hold(job.id, self._name, LEASE_S, steps.take()):
                    return False
            except StoreUnavailable as failure:
                log.warning("jobs.store_away", detail=str(failure))
            if last:
                return True
            self._tell_followers()
            await steps.more(RENEW_S)

    async def _ended(self, job: Taken, analysis: asyncio.Task[Coached]) -> str:
        try:
            report, kept = await analysis
        except CoachError as error:
            return await self._failed(job, str(error))
        except Exception:  # one call's flaw must not end the others
            log.exception("job.broke", job=job.id)
            return await self._failed(job, FLAW)
        if not kept:
            return "unstored"  # its lease runs out, and it is tried again
        try:
            finished = await self._kept.finish(job.id, self._name, report.id)
        except StoreUnavailable:
            return "unstored"  # tried again, it finds the report
        return "done" if finished else await self._lost(job, analysis)

    async def _failed(self, job: Taken, why: str) -> str:
        with suppress(StoreUnavailable):  # its lease runs out, and it is tried again
            await self._kept.fail(job.id, self._name, why)
        return "failed"

    async def _lost(self, job: Taken, analysis: asyncio.Task[Coached]) -> str:
        """The job was cancelled, or another process took it: then the report is that one's to store."""
        await _stopped(analysis)
        with suppress(StoreUnavailable, NotFound):
            if (await self._kept.by_id(job.id)).state == "cancelled":
                await self._house.store.delete(job.id)  # where it was stored at the very last moment
        return "dropped"

    async def _given_back(self, job: Taken) -> None:
        log.info("job.given_back", job=job.id)
        with suppress(StoreUnavailable):  # the lease runs out by itself
            await self._kept.give_back(job.id, self._name)


class Steps:
    """What an analysis told and nobody wrote down yet. Of one step, only how far it is now."""

    def __init__(self) -> None:
        self.ended = False
        self._untold: list[Progress] = []
        self._more = asyncio.Event()

    def tell(self, step: Step, settled: int, due: int) -> None:
        if self._untold and self._untold[-1].step == step:
            self._untold.pop()
        self._untold.append(Progress(step, settled, due))
        self._more.set()

    def take(self) -> list[Progress]:
        self._more.clear()
        taken, self._untold = self._untold, []
        return taken

    def end(self, _: object = None) -> None:
        self.ended = True
        self._more.set()

    def wake(self) -> None:
        self._more.set()

    async def more(self, at_most_s: float) -> None:
        await _waited(self._more, at_most_s)


async def _waited(event: asyncio.Event, at_most_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await event.wait()


async def _stopped(analysis: asyncio.Task[Coached]) -> None:
    analysis.cancel()
    await asyncio.wait({analysis})
