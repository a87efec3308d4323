"""Jobs as several processes on one store see them: whose they are, what is told of them, what is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from backend.errors import NotFound, TooManyJobs
from backend.store import Store
from backend.store.drafts import DRAFT_KEPT_S, DraftRow
from backend.store.jobs import FAILED_KEPT_S, JOB_KEPT_S, TRIES, Job, JobRow, Jobs, Progress
from tests.service import running, settings_in

pytestmark = pytest.mark.anyio

WORK = '{"transcript": "Ann: Zebulon says hello."}'
LONG = 60.0
OVER = -1.0
"""A lease that has run out already."""


@pytest.fixture
async def jobs(store: Store) -> Jobs:
    return store.jobs()


@pytest.fixture
async def two(url: str | None, tmp_path: Path) -> AsyncIterator[tuple[Jobs, Jobs]]:
    """The jobs of one store, as two processes have it open."""
    async with AsyncExitStack() as stack:
        one, other = [
            (await stack.enter_async_context(Store.open(url, tmp_path / "data"))).jobs() for _ in range(2)
        ]
        yield one, other


def a_job(job_id: str = "j1", key: str | None = None, at: float = 1.0) -> JobRow:
    return JobRow(
        id=job_id,
        state="waiting",
        created_at=at,
        title="Zebulon\0",
        format="plain",
        turns=1,
        duration_s=None,
        key=key or job_id,
        work=WORK,
    )


async def added(jobs: Jobs, job_id: str = "j1", key: str | None = None, at: float = 1.0) -> Job:
    return await jobs.add(a_job(job_id, key, at), most_waiting=100)


async def names(jobs: Jobs, job_id: str = "j1", after: int = 0) -> list[str]:
    return [event.name for event in await jobs.events(job_id, after)]


async def row(store: Store, job_id: str = "j1") -> JobRow:
    async with store._session() as session:
        found = await session.get(JobRow, job_id)
    assert found is not None
    return found


async def test_a_job_that_was_added_waits_and_can_be_seen(jobs: Jobs) -> None:
    job = await added(jobs)
    assert job == await jobs.by_id("j1")
    assert (job.state, job.told, job.title) == ("waiting", 1, "Zebulon\ufffd")
    assert await names(jobs) == ["waiting"]
    with pytest.raises(NotFound):
        await jobs.by_id("j\0")


async def test_equal_work_that_waits_or_runs_already_is_the_same_job(jobs: Jobs) -> None:
    assert (await added(jobs, "j1", "same")).id == "j1"
    assert (await added(jobs, "j2", "same")).id == "j1"
    taken = await jobs.take("me", LONG)
    assert taken is not None
    assert (await added(jobs, "j3", "same")).id == "j1"
    assert await jobs.finish("j1", "me", "r1")
    assert (await added(jobs, "j4", "same")).id == "j4"


async def test_equal_work_added_at_once_is_one_job(two: tuple[Jobs, Jobs]) -> None:
    adding = (added(two[i % 2], f"j{i}", "same") for i in range(8))
    assert len({job.id for job in await asyncio.gather(*adding)}) == 1


async def test_more_jobs_than_may_wait_are_refused_and_not_kept(jobs: Jobs) -> None:
    await jobs.add(a_job("j1"), most_waiting=1)
    with pytest.raises(TooManyJobs, match="send this one again"):
        await jobs.add(a_job("j2"), most_waiting=1)
    with pytest.raises(NotFound):
        await jobs.by_id("j2")
    assert await jobs.take("me", LONG)  # one that runs does not wait
    await jobs.add(a_job("j2"), most_waiting=1)


async def test_each_job_is_taken_by_one_of_many(two: tuple[Jobs, Jobs]) -> None:
    for i in range(6):
        await added(two[0], f"j{i}")
    taken = await asyncio.gather(*(two[i % 2].take(f"holder-{i}", LONG) for i in range(12)))
    ids = [job.id for job in taken if job]
    assert sorted(ids) == [f"j{i}" for i in range(6)]
    assert {job.work for job in taken if job} == {WORK}


async def test_the_oldest_job_comes_first(jobs: Jobs) -> None:
    for job_id, at in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        await added(jobs, job_id, at=at)
    taken = [await jobs.take("me", LONG) for _ in range(3)]
    assert [job.id for job in taken if job] == ["early", "middle", "late"]


async def test_a_job_whose_holder_died_is_taken_by_another_and_the_dead_can_do_nothing_more(
    two: tuple[Jobs, Jobs],
) -> None:
    dead, living = two
    await added(dead)
    assert await dead.take("dead", OVER)
    again = await living.take("living", LONG)
    assert again is not None
    assert again.attempt == 2
    assert not await dead.hold("j1", "dead", LONG)
    assert not await dead.finish("j1", "dead", "r1")
    assert not await dead.fail("j1", "dead", "It broke.")
    await dead.give_back("j1", "dead")
    assert (await living.by_id("j1")).state == "running"
    assert await living.finish("j1", "living", "r1")
    assert await names(living) == ["waiting", "begun", "begun", "done"]


async def test_a_lease_that_is_renewed_is_not_taken(jobs: Jobs) -> None:
    await added(jobs)
    assert await jobs.take("me", OVER)
    assert await jobs.hold("j1", "me", LONG)
    assert await jobs.take("other", LONG) is None


async def test_each_step_is_told_in_order_and_from_any_event_on(jobs: Jobs) -> None:
    await added(jobs)
    await jobs.take("me", LONG)
    await jobs.hold("j1", "me", LONG, [Progress("spot", 0, 0), Progress("look_up", 3, 12)])
    await jobs.hold("j1", "me", LONG, [Progress("judge", 0, 0)])
    job = await jobs.by_id("j1")
    assert (job.step, job.settled, job.due, job.told) == ("judge", 0, 0, 5)
    await jobs.finish("j1", "me", "r1")
    events = await jobs.events("j1")
    assert [event.number for event in events] == [1, 2, 3, 4, 5, 6]
    assert json.loads(events[3].data) == {"step": "look_up", "settled": 3, "due": 12}
    assert json.loads(events[5].data) == {"call": "/calls/r1"}
    assert await names(jobs, after=4) == ["progress", "done"]


async def test_a_stored_report_leaves_nothing_of_the_transcript_with_its_job(store: Store) -> None:
    jobs = store.jobs()
    await added(jobs)
    await jobs.take("me", LONG)
    await jobs.finish("j1", "me", "r1")
    kept = await row(store)
    assert (kept.work, kept.title, kept.report_id) == (None, None, "r1")


async def test_a_job_that_ended_its_process_each_time_fails_and_the_next_is_taken(jobs: Jobs) -> None:
    await added(jobs, "deadly", at=1.0)
    for attempt in range(TRIES):
        taken = await jobs.take(f"victim-{attempt}", OVER)
        assert taken is not None
    await added(jobs, "harmless", at=2.0)
    after = await jobs.take("survivor", LONG)
    assert after is not None
    assert after.id == "harmless"
    failed = await jobs.by_id("deadly")
    assert failed.state == "failed"
    assert failed.why is not None
    assert failed.why.startswith("The analysis was begun 3 times")
    assert (await names(jobs, "deadly"))[-1] == "failed"


async def test_an_attempt_that_a_stop_in_good_order_cut_short_does_not_count(jobs: Jobs) -> None:
    await added(jobs)
    for _ in range(TRIES + 2):
        taken = await jobs.take("me", LONG)
        assert taken is not None
        assert taken.attempt == 1
        await jobs.give_back("j1", "me")


async def test_a_cancelled_job_keeps_no_word_and_is_nobodys(store: Store) -> None:
    jobs = store.jobs()
    await added(jobs)
    await jobs.take("me", LONG)
    assert (await jobs.cancel("j1")).state == "cancelled"
    assert not await jobs.hold("j1", "me", LONG)
    assert not await jobs.finish("j1", "me", "r1")
    kept = await row(store)
    assert (kept.work, kept.title) == (None, None)
    assert await names(jobs) == ["waiting", "begun", "cancelled"]
    assert await jobs.take("other", LONG) is None


async def test_a_job_that_ended_cannot_be_cancelled_any_more(jobs: Jobs) -> None:
    await added(jobs)
    await jobs.take("me", LONG)
    await jobs.finish("j1", "me", "r1")
    assert (await jobs.cancel("j1")).state == "done"
    with pytest.raises(NotFound):
        await jobs.cancel("j2")


async def test_a_failed_job_can_be_tried_again_until_its_transcript_is_forgotten(store: Store) -> None:
    jobs = store.jobs()
    await added(jobs)
    with pytest.raises(NotFound):
        await jobs.again("j1", "too-early", most_waiting=9)
    await jobs.take("me", LONG)
    await jobs.fail("j1", "me", "It broke.")
    assert (await jobs.by_id("j1")).why == "It broke."
    again = await jobs.again("j1", "j2", most_waiting=9)
    assert (again.id, again.state, again.attempts) == ("j2", "waiting", 0)
    await _aged(store, FAILED_KEPT_S + 1)
    await jobs.sweep()
    assert (await row(store)).work is None
    with pytest.raises(NotFound):
        await jobs.again("j1", "j3", most_waiting=9)


async def test_what_became_of_a_job_is_forgotten_in_the_end(store: Store) -> None:
    jobs = store.jobs()
    await added(jobs)
    await jobs.take("me", LONG)
    await jobs.finish("j1", "me", "r1")
    await added(jobs, "j2")
    await jobs.sweep()
    assert (await jobs.by_id("j1")).state == "done"
    await _aged(store, JOB_KEPT_S + 1)
    await jobs.sweep()
    with pytest.raises(NotFound):
        await jobs.by_id("j1")
    assert await jobs.events("j1") == []
    assert (await jobs.by_id("j2")).state == "waiting"


async def test_a_draft_is_kept_for_an_hour_and_no_longer(store: Store) -> None:
    drafts = store.drafts()
    await drafts.keep("d1", WORK)
    await drafts.sweep()
    assert await drafts.body("d1") == WORK
    async with store._session() as session:
        kept = await session.get(DraftRow, "d1")
        assert kept is not None
        kept.created_at -= DRAFT_KEPT_S + 1
    with pytest.raises(NotFound, match="add it again"):
        await drafts.body("d1")
    await drafts.sweep()
    async with store._session() as session:
        assert await session.get(DraftRow, "d1") is None


@pytest.mark.slow
async def test_two_services_on_one_store_share_its_jobs(url: str | None, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url=url, coach_jobs_at_once=1)
    async with running(settings) as one, running(settings) as other:
        sent = []
        for i in range(10):
            to = (one, other)[i % 2]
            body = {"transcript": f"Mara: A work pool has {i} workers.\nDevon: Fine."}
            answer = await to.http.post("/analyze", json=body, headers={"prefer": "respond-async"})
            sent.append(answer.headers["location"])
        for job in sent:  # each is heard of from whichever of the two is asked
            for service in (one, other):
                heard = (await service.http.get(f"{job}/events")).text
                assert heard.count("event: begun") == 1
                assert heard.count("event: done") == 1
        assert await one.house.store.count() == len(sent)


async def _aged(store: Store, seconds: float) -> None:
    """The first job ended so long ago."""
    async with store._session() as session:
        kept = await session.get(JobRow, "j1")
        assert kept is not None
        assert kept.ended_at is not None
        kept.ended_at -= seconds
