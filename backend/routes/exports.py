"""A coached call as a file: its claims as CSV, the whole as Markdown."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from backend.house import House
from backend.pages.exports import claims_csv, file_name, markdown

BOM = "\ufeff"
"""Without it spreadsheets read UTF-8 as something else."""


def router() -> APIRouter:
    """Include it before the pages, whose paths are wider."""
    routes = APIRouter()

    @routes.get("/calls/{report_id}/claims.csv", response_class=Response)
    async def claims(request: Request, report_id: str) -> Response:
        """The claims of a call, one line each, for a spreadsheet."""
        house: House = request.app.state.house
        report = await house.store.by_id(report_id)
        body = await asyncio.to_thread(claims_csv, report)
        return _file(BOM + body, "text/csv", file_name(report, "-claims.csv"))

    @routes.get("/calls/{report_id}.md", response_class=Response)
    async def readable(request: Request, report_id: str) -> Response:
        """The whole report as Markdown."""
        house: House = request.app.state.house
        report = await house.store.by_id(report_id)
        body = await asyncio.to_thread(markdown, report)
        return _file(body, "text/markdown", file_name(report, ".md"))

    return routes


def _file(body: str, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(
        body.encode("utf-8", "replace"), headers=headers, media_type=f"{media_type}; charset=utf-8"
    )
