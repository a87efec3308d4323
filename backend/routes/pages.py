"""What people open in a browser."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request

from backend.pages import render
from backend.pages.page import Page
from backend.routes import calls
from backend.routes.door import viewer_of
from backend.store import Store


def pages_router() -> APIRouter:
    """The pages. Include it after the routers with narrower paths, such as `/calls/x.json`."""
    routes = APIRouter(include_in_schema=False, default_response_class=Page)
    routes.include_router(calls.pages())

    @routes.get("/calls/{report_id}")
    async def call(request: Request, report_id: str) -> Page:
        report = await _store(request).by_id(report_id)
        return Page(await asyncio.to_thread(render.call_page, report))

    @routes.get("/login")
    async def login(request: Request) -> Page:
        wanted = request.query_params.get("next", "/")
        return Page(render.login_page(viewer=viewer_of(request), wanted=wanted))

    return routes


def _store(request: Request) -> Store:
    store: Store = request.app.state.house.store
    return store
