"""The docs host of the benchmark: the project's own docs server behind a gate that counts tool calls.

It is the same for every system and its search costs a fortieth of a look-up, so what is compared is the
way there. It answers from the knowledge pack, whose own queries are asked: real sizes, real words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.services.docs_server import MCP_PATH, create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.serving import listen, served


class Gate:
    """Counts the tool calls that arrive, and keeps them waiting while it is shut."""

    def __init__(self, app: ASGIApp) -> None:
        self.calls = 0
        self._app = app
        self._open = asyncio.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read: list[Message] = []
        if scope["type"] == "http":
            read.append(await receive())
            while read[-1].get("more_body"):
                read.append(await receive())
        if read and read[0]["type"] == "http.disconnect":  # the client was killed
            return
        if b'"tools/call"' in b"".join(message.get("body", b"") for message in read):
            self.calls += 1
            await self._open.wait()

        async def again() -> Message:
            return read.pop(0) if read else await receive()

        await self._app(scope, again, send)


@asynccontextmanager
async def docs_host(snapshot: Snapshot) -> AsyncIterator[tuple[Gate, str]]:
    """A docs host on loopback while the block runs: its gate, and the address of its MCP endpoint."""
    gate = Gate(create_docs_server(snapshot))
    async with served(gate, listen("127.0.0.1", 0)) as url:
        yield gate, f"{url}{MCP_PATH}"
