"""Stored reports for programs: one as JSON, the list, and deleting."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from backend.house import House
from backend.report import CoachingReport
from backend.routes.door import check_may_rule
from backend.store import CallPage


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/calls.json")
    async def calls(
        request: Request, limit: int = Query(50, ge=1, le=500), before: str | None = None
    ) -> CallPage:
        """The stored calls, newest first; `next` of the answer goes into `before` for the following page."""
        house: House = request.app.state.house
        return await house.store.calls(limit, before)

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
