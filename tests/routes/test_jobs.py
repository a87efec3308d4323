"""Calls sent for later: the job, what is told of it, and that it outlives the process that works on it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import anyio
import httpx
import pytest

from backend.jobs import FLAW
from backend.report import CoachingReport
from backend.store.jobs import JobRow
from tests.claude_server import Asked, ClaudeServer, Says, Sensible
from tests.command import empty_home, serving
from tests.service import CALL, HINTS, Service, checked, running, settings_in
from tests.services.docs_fixture import DocsServer

pytestmark = pytest.mark.anyio

LATER = {"prefer": "respond-async"}
PATIENCE_S = 60


class Told(NamedTuple):
    id: int
    name: str
    data: dict[str, object]


class HeldClaude:
    """Plays Claude, but gives no answer until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._let_go = threading.Event()

    def __call__(self, asked: Asked) -> Says:
        self.asked.set()
        self._let_go.wait(PATIENCE_S)
        return Sensible()(asked)

    def let_go(self) -> None:
        self._let_go.set()


@contextmanager
def held_claude() -> Iterator[tuple[HeldClaude, str]]:
    held = HeldClaude()
    with ClaudeServer(held) as server:
        try:
            yield held, server.url
        finally:
            held.let_go()


@asynccontextmanager
async def held_service(folder: Path, **settings: object) -> AsyncIterator[tuple[Service, HeldClaude]]:
    """A service whose analyses stay in the middle until Claude is let go."""
    with held_claude() as (held, url):
        given = {"anthropic_base_url": url, "coach_analyst": "claude", **settings}
        async with running(settings_in(folder, **given)) as service:
            yield service, held


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running(settings_in(tmp_path_factory.mktemp("jobs"))) as service:
        yield service


async def sent(service: Service, transcript: str = CALL, **options: object) -> str:
    """The address of a new job."""
    body = {"transcript": transcript, "call": HINTS, "options": options}
    answer = await service.http.post("/analyze", json=body, headers=LATER)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def told(http: httpx.AsyncClient, job: str, after: int | None = None) -> AsyncIterator[Told]:
    """What is told of a job, as it comes."""
    headers = {} if after is None else {"last-event-id": str(after)}
    async with http.stream("GET", f"{job}/events", headers=headers, timeout=PATIENCE_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields.keys() >= {"id", "event"}:
                yield Told(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                fields = {}


async def ended(http: httpx.AsyncClient, job: str, after: int | None = None) -> list[Told]:
    return [one async for one in told(http, job, after)]


async def asked(held: HeldClaude) -> None:
    """Until an analysis is in the middle."""
    assert await anyio.to_thread.run_sync(held.asked.wait, PATIENCE_S)


async def row(service: Service, job: str) -> JobRow:
    async with service.house.store._session() as session:
        found = await session.get(JobRow, job.removeprefix("/jobs/"))
    assert found is not None
    return found


async def metric(service: Service, name: str) -> float:
    lines = (await service.http.get("/metrics")).text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(f"call_coach_{name} ")))


async def test_a_call_sent_for_later_is_answered_at_once_by_a_job(service: Service) -> None:
    body = {"transcript": CALL, "call": HINTS}
    headers = {"Prefer": "wait=5, Respond-Async; foo"}
    answer = await service.http.post("/analyze", json=body, headers=headers)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert (job["state"], job["title"], job["format"], job["turns"]) == (
        "waiting",
        "A first call",
        "plain",
        7,
    )
    assert (job["call"], job["why"]) == (None, None)
    done = (await ended(service.http, f"/jobs/{job['id']}"))[-1]
    assert done.name == "done"
    after = (await service.http.get(f"/jobs/{job['id']}")).json()
    assert (after["state"], after["call"]) == ("done", done.data["call"])
    assert checked(await service.http.get(f"{after['call']}.json")).call.title == "A first call"


async def test_without_the_wish_the_report_is_the_answer(service: Service) -> None:
    for wish in ({}, {"prefer": "wait=10"}, {"prefer": "respond-asynchronously"}):
        answer = await service.http.post("/analyze", json={"transcript": CALL}, headers=wish)
        assert answer.status_code == 200
        assert "preference-applied" not in answer.headers
        CoachingReport.model_validate_json(answer.content)


async def test_equal_calls_have_one_report_however_they_are_sent(service: Service) -> None:
    text = "Mara: Work pools can be paused, and a worker polls its pool.\nDevon: Good."
    jobs = {await sent(service, text) for _ in range(2)}
    calls = {(await ended(service.http, job))[-1].data["call"] for job in jobs}
    again = (await ended(service.http, await sent(service, text)))[-1].data["call"]
    now = await service.analyze(text)
    assert calls == {again} == {f"/calls/{now.id}"}


@pytest.mark.parametrize(
    ("sent_as", "status"),
    [
        ({"content": b"\x89PNG\r\n\x1a\n" + bytes(99), "headers": {"content-type": "text/plain"}}, 415),
        ({"json": {"transcript": ""}}, 422),
        ({"json": {"transcript": "A: b", "optoins": {}}}, 400),
    ],
)
async def test_what_cannot_be_read_is_refused_at_once_and_nothing_is_kept(
    sent_as: dict[str, object], status: int, tmp_path: Path
) -> None:
    async with running(settings_in(tmp_path)) as service:
        headers = LATER | dict(sent_as.pop("headers", {}))  # type: ignore[call-overload]  # by name
        answer = await service.http.post("/analyze", headers=headers, **sent_as)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        async with service.house.store._session() as session:
            assert await session.get(JobRow, "x") is None
        assert await service.house.store.jobs().counts() == (0, 0)
        assert await service.house.store.count() == 0


async def test_the_steps_are_told_in_order_and_from_any_of_them_on(service: Service) -> None:
    job = await sent(service, "Mara: Deployments have schedules.\nDevon: Nice.")
    events = await ended(service.http, job)
    assert [one.id for one in events] == list(range(1, len(events) + 1))
    assert [one.name for one in events][:2] == ["waiting", "begun"]
    steps = [one.data["step"] for one in events if one.name == "progress"]
    assert steps == [step for step in ("spot", "look_up", "judge", "save") if step in steps]
    assert {"judge", "save"} <= set(steps)
    assert await ended(service.http, job, after=3) == events[3:]
    assert await ended(service.http, job, after=999) == events, "of what never was told, nothing was heard"
    finished = await service.http.get(f"{job}/events", headers={"last-event-id": str(len(events))})
    assert finished.status_code == 204, "so that a browser does not come back for ever"


async def test_it_is_told_how_many_look_ups_are_done(tmp_path: Path) -> None:
    docs = DocsServer()
    docs.start()
    try:
        chain = {
            "prefect_mcp_enabled": True,
            "prefect_mcp_transport": "docs",
            "prefect_docs_mcp_url": docs.url,
        }
        async with running(settings_in(tmp_path, **chain)) as service:
            assert service.house.client is not None
            assert await service.house.client.ready(PATIENCE_S)
            events = await ended(service.http, await sent(service))
    finally:
        docs.stop()
    (last,) = [one.data for one in events if one.data.get("step") == "look_up"][-1:]
    assert last["settled"] == last["due"] == len(set(docs.queries)) > 1


async def test_a_job_that_is_cancelled_leaves_no_report_and_no_word(tmp_path: Path) -> None:
    async with held_service(tmp_path) as (service, held):
        job = await sent(service)
        await asked(held)
        assert (await service.http.get(job)).json()["state"] == "running"
        assert (await row(service, job)).work is not None
        assert (await service.http.delete(job)).json()["state"] == "cancelled"
        assert (await ended(service.http, job))[-1].name == "cancelled"
        held.let_go()
        kept = await row(service, job)
        assert (kept.work, kept.title) == (None, None)
        other = await sent(service, "Ann: Hello.\nBob: Hello to you.")  # the place is free again
        assert (await ended(service.http, other))[-1].name == "done"
        assert await service.house.store.count() == 1
        assert (await service.http.delete(other)).json()["state"] == "done"
        assert (await service.http.delete("/jobs/none")).status_code == 404


async def test_more_than_may_wait_are_turned_away_for_a_while(tmp_path: Path) -> None:
    few = {"coach_jobs_at_once": 1, "coach_jobs_waiting": 1}
    async with held_service(tmp_path, **few) as (service, held):
        first = await sent(service, "Ann: One call.")
        await asked(held)
        second = await sent(service, "Ann: Two calls.")
        body = {"transcript": "Ann: Three calls."}
        refused = await service.http.post("/analyze", json=body, headers=LATER)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "60"
        assert refused.json()["title"] == "Too many jobs"
        held.let_go()
        for job in (first, second):
            assert (await ended(service.http, job))[-1].name == "done"
        assert (await service.http.post("/analyze", json=body, headers=LATER)).status_code == 202


async def test_whoever_goes_away_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    async with held_service(tmp_path) as (service, held):
        job = await sent(service)
        await asked(held)
        async with httpx.AsyncClient(base_url=service.http.base_url) as other:
            heard = told(other, job)
            assert (await anext(heard)).name == "waiting"
            assert await metric(service, "job_followers") == 1
            await heard.aclose()  # type: ignore[attr-defined]  # it is a generator
        with anyio.fail_after(PATIENCE_S):
            while await metric(service, "job_followers"):
                await anyio.sleep(0.01)


async def test_a_job_that_meets_a_flaw_fails_with_a_sentence_and_others_go_on(service: Service) -> None:
    broken = JobRow(
        id="broken",
        state="waiting",
        created_at=1.0,
        title=None,
        format="plain",
        turns=1,
        duration_s=None,
        key="broken",
        work='{"transcript": "of another version"}',
    )
    await service.house.store.jobs().add(broken, most_waiting=9)
    good = await sent(service, "Ann: A flow can have many tasks.\nBob: Yes.")
    assert (await ended(service.http, "/jobs/broken"))[-1].data == {"why": FLAW}
    assert (await ended(service.http, good))[-1].name == "done"
    failed = (await service.http.get("/jobs/broken")).json()
    assert (failed["state"], failed["why"], failed["call"]) == ("failed", FLAW, None)
    text = (await service.http.get("/metrics")).text
    assert 'call_coach_jobs_total{outcome="failed"} 1.0' in text


async def test_a_stop_in_good_order_hands_the_job_to_the_next_process(tmp_path: Path) -> None:
    async with held_service(tmp_path) as (service, held):
        job = await sent(service)
        await asked(held)
        heard: list[Told] = []
        async for one in told(service.http, job):
            heard.append(one)
            if one.data.get("step") == "spot":
                break
    async with running(settings_in(tmp_path)) as service:
        rest = await ended(service.http, job, heard[-1].id)
        assert [one.name for one in rest][:2] == ["waiting", "begun"]
        assert rest[1].data == {"attempt": 1}, "a stop in good order is no failed attempt"
        assert [one.id for one in rest] == list(range(heard[-1].id + 1, heard[-1].id + 1 + len(rest)))
        assert rest[-1].name == "done"
        assert await service.house.store.count() == 1


async def test_a_stream_ends_in_good_order_when_the_service_stops(tmp_path: Path) -> None:
    async with httpx.AsyncClient() as other:
        async with held_service(tmp_path) as (service, held):
            job = await sent(service)
            await asked(held)
            listening = asyncio.create_task(ended(other, f"{service.http.base_url}{job}"))
            with anyio.fail_after(PATIENCE_S):
                while not await metric(service, "job_followers"):
                    await anyio.sleep(0.01)
        # An answer that uvicorn has to cut off is one that httpx raises over.
        assert [one.name for one in await listening][:2] == ["waiting", "begun"]


@pytest.mark.slow
async def test_a_follower_hears_from_time_to_time_that_there_is_nothing_new(tmp_path: Path) -> None:
    async with held_service(tmp_path) as (service, held):
        job = await sent(service)
        await asked(held)
        async with service.http.stream("GET", f"{job}/events", timeout=PATIENCE_S) as answer:
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    break


def with_claude(folder: Path, url: str) -> dict[str, str]:
    wants = {"COACH_ANALYST": "claude", "ANTHROPIC_BASE_URL": url, "COACH_WARM_PER_MINUTE": "0"}
    return empty_home(folder) | wants


@pytest.mark.slow
async def test_a_job_outlives_a_process_that_is_killed_in_the_middle_of_it(tmp_path: Path) -> None:
    with held_claude() as (held, url), serving(with_claude(tmp_path, url)) as (process, address):
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as http:
            body = {"transcript": CALL, "call": HINTS}
            job = (await http.post("/analyze", json=body, headers=LATER)).headers["location"]
            await asked(held)
            heard = [one async for one in _until(told(http, job), "spot")]
        process.kill()
        process.wait(PATIENCE_S)
    with ClaudeServer(Sensible()) as claude, serving(with_claude(tmp_path, claude.url)) as (_, address):
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as http:
            rest = await ended(http, job, heard[-1].id)
            report = checked(await http.get(f"{rest[-1].data['call']}.json"))
            listed = (await http.get("/calls.json")).json()["calls"]
    assert [one.data for one in rest if one.name == "begun"] == [{"attempt": 2}]
    assert rest[0].id == heard[-1].id + 1
    assert report.analyst.kind == "claude"
    assert not report.analyst.fell_back
    assert [call["id"] for call in listed] == [report.id]
    log = (tmp_path / "log").read_text().lower()
    assert "job.begun" in log
    assert not [word for word in ("quint", "achterberg", "airflow", "first call") if word in log]


async def _until(heard: AsyncIterator[Told], step: str) -> AsyncIterator[Told]:
    async for one in heard:
        yield one
        if one.data.get("step") == step:
            return
