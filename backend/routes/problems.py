"""Errors as users meet them: problem+json for programs (RFC 9457), a page for people."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from backend.errors import BadRequest, CoachError, MethodNotAllowed, NotFound, NotLoggedIn
from backend.formats.fields import misfit_in
from backend.pages.page import Page
from backend.pages.render import error_page
from backend.routes.turnstile import template

log = structlog.get_logger()


def problem_response(error: CoachError, headers: Headers, path: str, wanted: str = "/") -> Response:
    """The error in the form its reader wants, by the request's Accept header. `wanted` is where to go after a
    login."""
    for_people = "text/html" in headers.get("accept", "")
    if for_people and isinstance(error, NotLoggedIn):
        then = "" if wanted == "/" else "?" + urlencode({"next": wanted})
        return RedirectResponse(f"/login{then}", HTTPStatus.SEE_OTHER)
    if for_people:
        return Page(error_page(error), error.status)
    problem = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "instance": path,
    }
    headers_out = {"WWW-Authenticate": "Bearer"} if isinstance(error, NotLoggedIn) else {}
    if error.retry_after_s is not None:
        headers_out["Retry-After"] = str(error.retry_after_s)
    return Response(json.dumps(problem), error.status, headers_out, "application/problem+json")


def answer_errors(app: FastAPI) -> None:
    """Give the app its one way to answer errors."""
    for kind in (CoachError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = _problem(request, error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", route=template(request.scope), title=problem.title, detail=str(problem))
    return problem_response(problem, request.headers, request.url.path)


def _problem(request: Request, error: Exception) -> CoachError:
    path = request.url.path
    match error:
        case CoachError():
            return error
        case RequestValidationError():
            return BadRequest(f"{misfit_in(error.errors()[0], 'the request')}.")
        case HTTPException(status_code=HTTPStatus.NOT_FOUND):
            return NotFound(f"There is nothing at {path}.")
        case HTTPException(status_code=HTTPStatus.METHOD_NOT_ALLOWED):
            return MethodNotAllowed(f"{path} does not take {request.method}.")
        case HTTPException():
            return BadRequest(f"The request could not be read: {error.detail.rstrip('.')}.")
        case _:  # Starlette logs the traceback after this answer; the user needs none of it.
            return CoachError("Call Coach met a flaw of its own and stored nothing; its log has the details.")
