"""What every request passes first, so that it is counted: plain ASGI, no buffering."""

from __future__ import annotations

import time
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.services.meters import Meters

NO_ROUTE = "none"
"""The template of what matched no route, or was turned away before one was looked for."""

log = structlog.get_logger()


class Turnstile:
    """Counts and times every request, also those that the door turns away."""

    def __init__(self, app: ASGIApp, *, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)  # what is answered to an exception, further out

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - begun
            route, method = template(scope), scope["method"]
            self._meters.answered(route, method, status, seconds)
            log.debug("request.answered", route=route, status=status, ms=round(seconds * 1000, 1))


def template(scope: Scope) -> str:
    """The path of the route that a request matched, with its parameters' names in place of their values;
    of files, the path they are mounted at."""
    path = getattr(scope.get("route"), "path", None)
    mounted = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    return path or mounted or NO_ROUTE
