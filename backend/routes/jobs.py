"""Calls sent for later: how one goes, as JSON, as a page and as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from backend.errors import StoreUnavailable
from backend.jobs import Jobs
from backend.pages.add import job_page
from backend.pages.page import Page
from backend.routes.analyze import JobAnswer
from backend.services.meters import Meters
from backend.store.jobs import Job

RECONNECT_MS = 1000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""A proxy that gathers an answer before it passes it on would hold every event back."""


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/jobs/{job_id}", response_model=JobAnswer)
    async def job(request: Request, job_id: str) -> Response:
        """A call sent for later. Browsers get a page, and once it is done, the call's."""
        found = await _jobs(request).by_id(job_id)
        if "text/html" not in request.headers.get("accept", ""):
            return Response(JobAnswer.of(found).model_dump_json(), media_type="application/json")
        if found.report_id:
            return RedirectResponse(f"/calls/{found.report_id}", HTTPStatus.SEE_OTHER)
        return Page(await asyncio.to_thread(job_page, found))

    # FastAPI's own way, a generator as the endpoint, cannot answer that there is nothing more to hear.
    @routes.get(
        "/jobs/{job_id}/events",
        response_class=Response,
        responses={200: {"content": {EventSourceResponse.media_type: {}}}, 204: {}},
    )
    async def events(request: Request, job_id: str) -> Response:
        """What happens to the job, as server-sent events: `waiting`, `begun`, `progress`
        `{step, settled, due}`, and at last `done` `{call}`, `failed` `{why}` or `cancelled`.

        `Last-Event-ID` goes on after that event, also when the service was started anew; where the last one
        was told already, the answer is 204.
        """
        jobs = _jobs(request)
        found = await jobs.by_id(job_id)
        after = _number(request.headers.get("last-event-id", ""), found.told)
        if found.ended and after == found.told:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        meters: Meters = request.app.state.house.meters
        return _Followed(_told(jobs, found, after), meters)

    @routes.delete("/jobs/{job_id}")
    async def cancel(request: Request, job_id: str) -> JobAnswer:
        """Cancel a job and forget its transcript. One that had ended before is answered as it is."""
        return JobAnswer.of(await _jobs(request).cancel(job_id))

    @routes.post("/jobs/{job_id}/cancel", include_in_schema=False)
    async def cancel_by_form(request: Request, job_id: str) -> Response:
        await _jobs(request).cancel(job_id)
        return RedirectResponse(f"/jobs/{job_id}", HTTPStatus.SEE_OTHER)

    @routes.post("/jobs/{job_id}/again", include_in_schema=False)
    async def again_by_form(request: Request, job_id: str) -> Response:
        """Try a failed job once more."""
        fresh = await _jobs(request).again(job_id)
        return RedirectResponse(f"/jobs/{fresh.id}", HTTPStatus.SEE_OTHER)

    return routes


class _Followed(EventSourceResponse):
    """A stream of events, counted while there is somebody to hear it."""

    def __init__(self, content: AsyncIterator[bytes], meters: Meters) -> None:
        super().__init__(content, headers=HEADERS)
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._meters.following():
            await super().__call__(scope, receive, send)


async def _told(jobs: Jobs, job: Job, after: int) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=RECONNECT_MS)
    try:
        async for event in jobs.follow(job, after):
            if event is None:
                yield KEEPALIVE_COMMENT
            else:
                yield format_sse_event(event=event.name, data_str=event.data, id=str(event.number))
    except StoreUnavailable:
        return  # whoever listens comes back, and goes on where it was


def _number(last_event_id: str, told: int) -> int:
    """How much was heard already; of what never was told, nothing."""
    heard = int(last_event_id[:9]) if last_event_id.isascii() and last_event_id.isdigit() else 0
    return heard if heard <= told else 0


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs
