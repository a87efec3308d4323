"""An MCP server elsewhere: a prefect-mcp over streamable HTTP or SSE, or a docs server without it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Self

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from backend.errors import PrefectUnreachable
from backend.services.mcp_credentials import CloudToken, Credentials
from backend.services.mcp_reach import Line, Reach
from backend.settings import PUBLIC_DOCS_MCP_URL, Settings

_TIMES = httpx2.Timeout(30, read=300)  # an answer's stream may stay open; each call has its own deadline
_GOODBYE_S = 2.0
_MAX_ANSWER_BYTES = 32_000_000
_MAX_ANSWER_S = 60.0
_OF_DOCS = "docs_"  # what prefect-mcp puts before the docs server's own names


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote(Reach):
    """A server at an address. `headers` and `token` say who asks; a docs server is told neither."""

    transport: Literal["http", "sse", "docs"]
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: CloudToken | None = field(default=None, repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        kind, rest_s = settings.prefect_mcp_transport, settings.coach_docs_rest_seconds
        assert kind != "stdio"
        if kind == "docs":
            url = str(settings.prefect_docs_mcp_url or PUBLIC_DOCS_MCP_URL)
            return cls(transport=kind, url=url, pool=settings.prefect_mcp_pool, circuit_rest_s=rest_s)
        token = _cloud_token(settings)
        return cls(
            transport=kind,
            url=str(settings.prefect_mcp_url),
            headers={} if token else Credentials.from_settings(settings).headers(),
            token=token,
            pool=settings.prefect_mcp_pool,
            circuit_rest_s=rest_s,
        )

    @asynccontextmanager
    async def connect(self, ended: Callable[[], None], said: deque[str]) -> AsyncIterator[Line]:
        """Nothing is said; `ended` is called where the server has forgotten us, as it has when it was started
        anew, or was not asked for half an hour. That it is gone shows at the next call."""
        open_http = partial(self._http, ended)
        if self.transport == "sse":
            async with sse_client(self.url, auth=self.token, httpx_client_factory=open_http) as streams:
                yield Line(streams)
            return
        async with (
            open_http(auth=self.token) as http,
            streamable_http_client(self.url, http_client=http) as streams,
        ):
            try:
                yield Line(streams)
            finally:
                http.timeout = httpx2.Timeout(_GOODBYE_S)  # the session's end does not wait for who hangs

    def _http(
        self,
        ended: Callable[[], None],
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={**self.headers, **(headers or {})},
            timeout=timeout or _TIMES,
            auth=auth,
            event_hooks={"response": [_bound, partial(_note_forgotten, ended), self._refuse_refusals]},
        )

    async def _refuse_refusals(self, response: httpx2.Response) -> None:
        """The SDK would only say that the server returned an error."""
        status = response.status_code
        if status == httpx2.codes.FORBIDDEN or (status == httpx2.codes.UNAUTHORIZED and not self.token):
            raise PrefectUnreachable(f"it refuses us (HTTP {status}); {self._what_to_check()}")

    def _what_to_check(self) -> str:
        if self.transport == "docs":
            return "a docs server is sent no credentials but those in PREFECT_DOCS_MCP_URL"
        if self.token:
            return "check what the service account of PREFECT_MCP_CLOUD_CLIENT_ID may do"
        return "check PREFECT_API_KEY and PREFECT_API_AUTH_STRING"

    def secrets(self) -> list[str]:
        secret = (value for name, value in self.headers.items() if name != "X-Prefect-Api-Url")
        address = httpx2.URL(self.url)
        return [one for one in (*secret, address.password, address.query.decode()) if one]

    def failed(self, reason: str) -> str:
        who = "The docs server" if self.transport == "docs" else "prefect-mcp"
        return f"{who} at {httpx2.URL(self.url).host} cannot be reached: {reason}."

    def sent_name(self, tool: str) -> str:
        return tool.removeprefix(_OF_DOCS) if self.transport == "docs" else tool

    def our_name(self, tool: str) -> str:
        return _OF_DOCS + tool if self.transport == "docs" else tool


class _Bounded(httpx2.AsyncByteStream):
    """The body of an answer, as far as one may go in bytes and seconds."""

    def __init__(self, body: AsyncIterable[bytes]) -> None:
        self._body = body
        self._ends = time.monotonic() + _MAX_ANSWER_S

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._body:
            read += len(part)
            if read > _MAX_ANSWER_BYTES or time.monotonic() > self._ends:
                raise httpx2.ReadError("its answer does not end")
            yield part

    async def aclose(self) -> None:
        if isinstance(self._body, httpx2.AsyncByteStream):
            await self._body.aclose()


async def _bound(response: httpx2.Response) -> None:
    """With the old handshake the SDK reads an answer on when its caller has left, for as long as it comes.
    What a GET answers is the session's own stream, and has no end."""
    if response.request.method == "POST" and isinstance(response.stream, AsyncIterable):
        response.stream = _Bounded(response.stream)


async def _note_forgotten(ended: Callable[[], None], response: httpx2.Response) -> None:
    """By the protocol, 404 is the answer to a session that is not known any more."""
    if response.status_code == httpx2.codes.NOT_FOUND and "mcp-session-id" in response.request.headers:
        ended()


def _cloud_token(settings: Settings) -> CloudToken | None:
    who, secret = settings.prefect_mcp_cloud_client_id, settings.prefect_mcp_cloud_client_secret
    if not who or not secret:
        return None
    return CloudToken(who, secret, str(settings.prefect_mcp_cloud_auth_base_url))
