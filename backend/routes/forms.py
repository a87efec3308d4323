"""What the pages' forms send: a call to coach, a token to log in with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from backend.analysis.engine import Options
from backend.errors import BadRequest, CoachError, StoreUnavailable, TooManyJobs
from backend.formats import CallHints, seated
from backend.house import House
from backend.jobs import Jobs
from backend.pages.add import ROLES, SIDES, Draft, Entered, add_page, draft_page, seats, to_the_minute
from backend.pages.page import Page
from backend.pages.render import call_page, login_page
from backend.routes.analyze import checked, read_call, read_upload
from backend.routes.door import COOKIE, SESSION_SECONDS, known_token, new_session
from backend.transcript import Call, Participant, Transcript

MOST_FIELDS = 500
ADDRESS_HERE = re.compile(r"/(?![/\\])[!-~]*")


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/add")
    async def empty() -> Page:
        return Page(add_page())

    @routes.post("/add")
    async def add(request: Request) -> Response:
        """Read the call and keep it for a last look; what cannot be read comes back with the form as it was
        filled in."""
        house: House = request.app.state.house
        try:
            asked = await read_upload(request)
            transcript, reasons = await asyncio.to_thread(read_call, house, asked)
        except BadRequest as error:
            return await _form_again(request, error)
        draft = Draft(transcript=transcript, reasons=reasons)
        draft_id = uuid4().hex
        try:
            await house.store.drafts().keep(draft_id, await asyncio.to_thread(draft.model_dump_json))
        except StoreUnavailable:  # then there is nothing to come back to: coach it as it is, and show it
            return await _coached_now(request, transcript)
        return RedirectResponse(f"/add/{draft_id}", HTTPStatus.SEE_OTHER)

    @routes.get("/add/{draft_id}")
    async def look(request: Request, draft_id: str) -> Page:
        draft = await _draft(request, draft_id)
        return Page(await asyncio.to_thread(draft_page, draft_id, draft))

    @routes.post("/add/{draft_id}")
    async def send(request: Request, draft_id: str) -> Response:
        """Have the call coached with the sides and roles as they were put right."""
        draft = await _draft(request, draft_id)
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
            entered = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        jobs: Jobs = request.app.state.jobs
        try:
            transcript = await asyncio.to_thread(put_right, draft, entered)
            job = await jobs.send(transcript, Options(), headers=request.headers)
        except (BadRequest, TooManyJobs) as error:
            page = await asyncio.to_thread(draft_page, draft_id, draft, str(error), entered)
            return Page(page, error.status)
        return RedirectResponse(f"/jobs/{job.id}", HTTPStatus.SEE_OTHER)

    @routes.post("/login")
    async def login(request: Request) -> Response:
        """Exchange a token for a cookie that no script can read."""
        house: House = request.app.state.house
        async with request.form(max_files=0, max_fields=2) as form:
            token = str(form.get("token", "")).strip()
            wanted = address_here(str(form.get("next", "")))
        if not known_token(token, house.settings.tokens):
            error = "That is none of the tokens this service was started with."
            page = login_page(error, wanted=wanted)
            return Page(page, HTTPStatus.UNAUTHORIZED)
        answer = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            COOKIE,
            new_session(token),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",  # so that a link in a chat opens its call; the door keeps other sites' forms out
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/logout")
    async def logout() -> Response:
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    return routes


def address_here(address: str) -> str:
    """The address, where it is one of this service, else the front page: a login leads to no other site."""
    return address if ADDRESS_HERE.fullmatch(address) else "/"


def put_right(draft: Draft, entered: Mapping[str, str]) -> Transcript:
    """The draft's transcript with what the form says of title, time, sides and roles. BadRequest."""
    transcript = seated(draft.transcript, _people(draft, entered))
    call = transcript.call
    given: dict[str, str] = {}
    if (title := entered.get("title", "").strip()) != (call.title or ""):
        given["title"] = title
    if (started := entered.get("started_at", "")) != to_the_minute(call.started_at):
        given["started_at"] = started
    return transcript.model_copy(update={"call": _with(call, given)})


def _with(call: Call, given: Mapping[str, str]) -> Call:
    """The call with these facts changed; an empty one is one that is not known."""
    stated = checked(CallHints, {name: value for name, value in given.items() if value})
    return call.model_copy(update={name: getattr(stated, name) for name in given})


def _people(draft: Draft, entered: Mapping[str, str]) -> list[Participant]:
    people = list(draft.transcript.call.participants)
    for seat in seats(draft, entered):
        if seat.side not in SIDES:
            raise BadRequest("A side is internal, external or unknown.")
        if seat.role not in {*ROLES, seat.person.role}:
            raise BadRequest("A role is ae, se or csm, or left open.")
        role = (seat.role or None) if seat.side == "internal" else None
        people[seat.place] = seat.person.model_copy(update={"side": seat.side, "role": role})
    return people


async def _draft(request: Request, draft_id: str) -> Draft:
    house: House = request.app.state.house
    body = await house.store.drafts().body(draft_id)
    return await asyncio.to_thread(Draft.model_validate_json, body)


async def _coached_now(request: Request, transcript: Transcript) -> Response:
    house: House = request.app.state.house
    with house.tracing.continuing(request.headers):
        report, kept = await house.analyse(transcript, Options())
    if kept:
        return RedirectResponse(f"/calls/{report.id}", HTTPStatus.SEE_OTHER)
    return Page(await asyncio.to_thread(call_page, report, stored=False))  # it can only be shown now


async def _form_again(request: Request, error: CoachError) -> Page:
    async with request.form() as form:
        typed = {name: value for name in Entered._fields if isinstance(value := form.get(name), str)}
        file = form.get("file")
    of_file = bool(getattr(file, "filename", None))
    page = await asyncio.to_thread(add_page, str(error), Entered(**typed), of_file=of_file)
    return Page(page, error.status)
