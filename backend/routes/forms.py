"""What the pages' forms send: a call to coach, a token to log in with."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from backend.errors import BadRequest
from backend.house import House
from backend.pages.page import Page
from backend.pages.render import Entered, add_page, call_page, login_page
from backend.routes.analyze import analyse, read_upload
from backend.routes.door import COOKIE, SESSION_SECONDS, known_token, new_session


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/add")
    async def add(request: Request) -> Response:
        """Coach the call and show it; what cannot be read comes back with the form as it was filled in."""
        house: House = request.app.state.house
        try:
            asked = await read_upload(request)
            with house.tracing.continuing(request.headers):
                report, kept = await analyse(house, asked)
        except BadRequest as error:
            page = await asyncio.to_thread(add_page, str(error), await _entered(request))
            return Page(page, error.status)
        if not kept:  # its page can only be shown now
            return Page(await asyncio.to_thread(call_page, report))
        return RedirectResponse(f"/calls/{report.id}", HTTPStatus.SEE_OTHER)

    @routes.post("/login")
    async def login(request: Request) -> Response:
        """Exchange a token for a cookie that no script can read."""
        house: House = request.app.state.house
        async with request.form(max_files=0, max_fields=2) as form:
            token = str(form.get("token", "")).strip()
        if not known_token(token, house.settings.tokens):
            error = "That is none of the tokens this service was started with."
            page = login_page(error)
            return Page(page, HTTPStatus.UNAUTHORIZED)
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            COOKIE,
            new_session(token),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/logout")
    async def logout() -> Response:
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    return routes


async def _entered(request: Request) -> Entered:
    async with request.form() as form:
        typed = {name: value for name in Entered._fields if isinstance(value := form.get(name), str)}
    return Entered(**typed)
