"""A small real docs MCP server on loopback, whose behaviour a test can switch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent
from starlette.types import ASGIApp, Receive, Scope, Send

Behaviour = Literal["answers", "hangs", "slow", "soft_error", "garbage", "html"]


class DocsServer:
    """`search_prefect` and `get_release_notes` over streamable HTTP, in a thread of its own.

    `queries` and `versions` are what was asked, `headers` all that came with any request, in order.
    """

    def __init__(self) -> None:
        self.behaviour: Behaviour = "answers"
        self.queries: list[str] = []
        self.versions: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self.snippet = "Workers poll work pools."
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/mcp"

    def start(self) -> None:
        """Listen, on the same port as before when it was stopped."""
        config = uvicorn.Config(
            self._recording(_tools(self).streamable_http_app(stateless_http=True, json_response=True)),
            host="127.0.0.1",
            port=self._port,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the docs server did not start"
            time.sleep(0.01)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Refuse connections from now on."""
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join()

    @contextmanager
    def being(self, behaviour: Behaviour) -> Iterator[None]:
        self.behaviour = behaviour
        try:
            yield
        finally:
            self.behaviour = "answers"

    @contextmanager
    def down(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    def forget(self) -> None:
        self.queries.clear()
        self.versions.clear()
        self.headers.clear()

    def _recording(self, app: ASGIApp) -> ASGIApp:
        async def recording(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
            while self.behaviour == "hangs":
                await asyncio.sleep(0.02)
            if self.behaviour == "html":
                kind = [(b"content-type", b"text/html")]
                await send({"type": "http.response.start", "status": 200, "headers": kind})
                await send({"type": "http.response.body", "body": b"<h1>Sign in to the hotel wifi</h1>"})
                return
            await app(scope, receive, send)

        return recording


def _tools(docs: DocsServer) -> MCPServer:
    server = MCPServer("docs", log_level="CRITICAL")

    @server.tool()
    async def search_prefect(query: str, top_k: int = 5) -> CallToolResult:
        docs.queries.append(query)
        if docs.behaviour == "slow":
            await asyncio.sleep(0.3)
        if docs.behaviour == "soft_error":
            return _result({"query": query, "results": [], "error": "the index is being rebuilt"})
        if docs.behaviour == "garbage":
            return _result({"results": [{"snippet": 7, "score": "near"}]})
        found = [
            {"id": f"chunk-{n}", "snippet": docs.snippet, "score": 0.1 * n, "title": "Workers"}
            | {"link": "https://docs.prefect.io/v3/concepts/workers"}
            for n in range(top_k)
        ]
        return _result({"query": query, "namespace": "prefect-3", "results": found})

    @server.tool()
    async def get_release_notes(version: str | None = None) -> CallToolResult:
        docs.versions.append(version)
        return CallToolResult(content=[TextContent(text=f"## Release {version or '3.8.8'}\nMany fixes.")])

    return server


def _result(answer: dict[str, object]) -> CallToolResult:
    return CallToolResult(content=[TextContent(text="see structured")], structured_content=answer)
