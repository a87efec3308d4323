"""What every request passes before a route sees it: host, origin, size, login. Plain ASGI, no buffering."""

from __future__ import annotations

import asyncio
import hmac
import time
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import BodyTooLarge, CoachError, Forbidden, NotLoggedIn
from backend.pages.viewer import NOBODY, Viewer
from backend.routes.problems import problem_response
from backend.settings import LOOPBACK

COOKIE = "call_coach_session"
NAME_COOKIE = "call_coach_name"
LONGEST_NAME = 200
SESSION_SECONDS = 12 * 3600
NAME_SECONDS = 180 * 24 * 3600
OPEN_PATHS = frozenset({"/health", "/login"})
SPARE_BYTES = 2_000_000
DRAIN_S = 2.0
"""An oversized body is read and thrown away for so many bytes past the limit and so long: most clients read
no answer before they have sent all. On one that asked to have the connection closed, as urllib does, uvicorn
closes it right after the answer, and what the client then sends is met by a reset."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Door:
    """Refuses what must not come in, with one sentence.

    Off the network (loopback), only loopback host names are answered, so that a web page cannot reach the
    service by a name it controls. A browser's request that changes something must come from our own pages.
    With tokens set, every path but the open ones wants one, as a bearer token or as the login's cookie; who
    came in stands in `request.state.viewer`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: tuple[str, ...],
        manager_tokens: tuple[str, ...] = (),
        max_body_bytes: int,
        loopback_only: bool,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._managers = manager_tokens
        self._most = max_body_bytes
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            self._check_origin(scope["method"], headers)
            scope.setdefault("state", {})["viewer"] = self._check_login(scope["path"], headers)
            self._check_length(headers)
        except CoachError as error:
            late = _Lingering(send) if isinstance(error, BodyTooLarge) else None
            answer = problem_response(error, headers, scope["path"], _wanted(scope))
            await answer(scope, receive, late or send)
            if late:
                await late.close_after(receive, self._most + SPARE_BYTES)
            return
        await self._app(scope, self._counted(receive), send)

    def _check_host(self, headers: Headers) -> None:
        if self._loopback_only and _name(headers.get("host", "")) not in LOOPBACK:
            raise Forbidden("This service only answers on this machine: open it as http://127.0.0.1.")

    def _check_origin(self, method: str, headers: Headers) -> None:
        if method in SAFE_METHODS:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        ours = site in {"same-origin", "none"} if site else origin is None or _is_host(origin, headers)
        if not ours:
            raise Forbidden("This request came from another site's page; use Call Coach's own pages.")

    def _check_login(self, path: str, headers: Headers) -> Viewer:
        name = unquote(_cookie(headers, NAME_COOKIE))[:LONGEST_NAME]
        if not self._tokens:
            return Viewer(logged_in=False, may_rule=True, name=name)
        token = self._token(headers)
        if token is None and not (path in OPEN_PATHS or path.startswith("/static/")):
            raise NotLoggedIn("Send one of COACH_API_TOKENS as a bearer token, or log in at /login.")
        may_rule = token is not None and (not self._managers or token in self._managers)
        return Viewer(logged_in=token is not None, may_rule=may_rule, name=name)

    def _token(self, headers: Headers) -> str | None:
        """Which of the tokens was shown, a manager's before another."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        shown = known_token(given.strip(), self._tokens) if scheme.lower() == "bearer" else None
        return shown or session_token(_cookie(headers, COOKIE), self._tokens)

    def _check_length(self, headers: Headers) -> None:
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > self._most:
            raise self._too_large()

    def _counted(self, receive: Receive) -> Receive:
        """`receive`, ending in BodyTooLarge as soon as the body has passed the limit."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._most:
                    raise self._too_large()
            return message

        return counted

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"The body is larger than {self._most / 1e6:g} MB; send less, or raise COACH_MAX_BODY_MB."
        )


class _Lingering:
    """A `send` that holds back an answer's end: the whole answer is out, and the server still reads."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        await self._send({**message, "more_body": True} if "body" in message else message)

    async def close_after(self, receive: Receive, most: int) -> None:
        """End the answer when the body has come, or `most` bytes of it, or it has taken DRAIN_S."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while most > 0:
                    message = await receive()
                    if not message.get("more_body"):  # all has come, or the client is gone
                        break
                    most -= len(message["body"])
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b""})


def new_session(token: str) -> str:
    """A cookie value that proves knowledge of a token for SESSION_SECONDS and does not contain it."""
    until = str(int(time.time()) + SESSION_SECONDS)
    return f"{until}.{_seal(token, until)}"


def session_token(cookie: str, tokens: tuple[str, ...]) -> str | None:
    """The token that a cookie was given for, None for a cookie that is forged or past its time."""
    until, _, seal = cookie.partition(".")
    if not (until.isdecimal() and time.time() < int(until[:20])):
        return None
    return next((token for token in tokens if _same(seal, _seal(token, until))), None)


def known_token(given: str, tokens: tuple[str, ...]) -> str | None:
    return next((token for token in tokens if _same(given, token)), None)


def viewer_of(request: Request) -> Viewer:
    """Who asks."""
    return getattr(request.state, "viewer", NOBODY)


def check_may_rule(request: Request, what: str) -> None:
    """Raise Forbidden unless whoever asks may rule on verdicts. `what` only they may do is for the user."""
    viewer: Viewer = request.state.viewer
    if not viewer.may_rule:
        raise Forbidden(f"Only a manager may {what}: log in with one of COACH_MANAGER_TOKENS.")


def remember_name(answer: Response, name: str) -> None:
    """So that the next form holds the name already. It proves nothing."""
    answer.set_cookie(NAME_COOKIE, quote(name), max_age=NAME_SECONDS, httponly=True, samesite="lax", path="/")


def _seal(token: str, until: str) -> str:
    return hmac.new(token.encode(), f"call-coach session until {until}".encode(), sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def _wanted(scope: Scope) -> str:
    """The address of the page that was asked for, the front page where a form was sent."""
    if scope["method"] not in SAFE_METHODS:
        return "/"
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _is_host(origin: str, headers: Headers) -> bool:
    return origin.partition("://")[2] == headers.get("host")


def _name(host: str) -> str:
    """The host without its port: `[::1]:8000` is `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _cookie(headers: Headers, name: str) -> str:
    try:
        jar: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""
