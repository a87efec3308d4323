"""The list of calls, for people and for programs; one report as JSON, and deleting."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from backend.house import House
from backend.pages.calls import CallsShown, calls_at, calls_page
from backend.pages.page import Page
from backend.report import CoachingReport
from backend.routes.door import check_may_rule
from backend.store import CallPage, CallQuery, Store

CALLS_PER_PAGE = 50


class CallsAsked(CallQuery):
    """One page of the list."""

    before: str | None = None


class SomeCallsAsked(CallsAsked):
    """So many calls of it."""

    limit: int = Field(CALLS_PER_PAGE, ge=1, le=500)


def pages() -> APIRouter:
    """The list of calls for people."""
    routes = APIRouter(include_in_schema=False, default_response_class=Page)

    @routes.get("/")
    @routes.get("/calls")
    async def calls(request: Request, asked: Annotated[CallsAsked, Query()]) -> Response:
        if "" in request.query_params.values():  # a form's empty fields make no address to share
            return RedirectResponse(calls_at(asked), HTTPStatus.SEE_OTHER)
        store: Store = request.app.state.house.store
        found = await store.calls(CALLS_PER_PAGE, asked.before, asked)
        shown = CallsShown(found, await store.choices(), asked, asked.before, str(request.base_url))
        return Page(await asyncio.to_thread(calls_page, shown))

    return routes


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/calls.json")
    async def calls(request: Request, asked: Annotated[SomeCallsAsked, Query()]) -> CallPage:
        """The calls that have all that is asked for, by default all calls, the newest first; `next` of the
        answer goes into `before` for the following page."""
        house: House = request.app.state.house
        return await house.store.calls(asked.limit, asked.before, asked)

    @routes.get("/calls/{report_id}.json", response_model=CoachingReport)
    async def call(request: Request, report_id: str) -> Response:
        """One report, as it was stored."""
        house: House = request.app.state.house
        report = await house.store.by_id(report_id)
        return Response(report.model_dump_json(), media_type="application/json")

    @routes.delete("/calls/{report_id}", status_code=204)
    async def forget(request: Request, report_id: str) -> None:
        """Delete a report with its transcript."""
        check_may_rule(request, "delete calls")
        house: House = request.app.state.house
        await house.store.delete(report_id)

    return routes
