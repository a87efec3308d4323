"""A host in front of a real docs server that passes everything on, or does what hosts should not."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from types import TracebackType
from typing import Self

from tests.services.docs_fixture import DocsServer

HALF_A_SECOND = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    head: bytes
    body: bytes

    @property
    def message(self) -> dict[str, object]:
        """Its JSON-RPC message; empty where it has none."""
        return json.loads(self.body) if self.body else {}


TrueAnswer = Callable[[], Awaitable[bytes]]
Fault = Callable[[Asked, TrueAnswer], AsyncIterator[bytes]]
"""What is sent instead of the true answer, which can be had; then the connection is closed."""


class HostileFront:
    """Listens on loopback while entered. `asked` is all that came, `busy` how many are being answered."""

    def __init__(self, docs: DocsServer | None, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.busy = 0
        self._docs = docs
        self._tls = tls
        self._fault: Fault = passed_on
        self._methods: frozenset[str] | None = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{port}/mcp"

    @contextmanager
    def doing(self, fault: Fault, *methods: str) -> Iterator[None]:
        """Answer these JSON-RPC methods with the fault; without any named, everything."""
        self.do(fault, *methods)
        try:
            yield
        finally:
            self.do(passed_on)

    def do(self, fault: Fault, *methods: str) -> None:
        """The same, for good."""
        self._fault, self._methods = fault, frozenset(methods) or None

    def cut(self) -> None:
        """End every connection there is, in the middle of whatever it carries."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio keeps the task only as long as the connection, and one that still waits for the true
        # answer of a connection that was cut would be collected as it stands.
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self.busy += 1
        self._writers.add(writer)
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            method = str(asked.message.get("method", ""))
            fault = self._fault if self._methods is None or method in self._methods else passed_on
            async for part in fault(asked, partial(self._true_answer, asked)):
                writer.write(part)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left
        finally:
            self.busy -= 1
            self._writers.discard(writer)
            writer.close()

    async def _true_answer(self, asked: Asked) -> bytes:
        if self._docs is None:
            return b""
        port = int(self._docs.url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._writers.add(writer)
        try:
            writer.write(re.sub(rb"(?i)connection: [^\r]*", b"Connection: close", asked.head) + asked.body)
            return await reader.read()
        finally:
            self._writers.discard(writer)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return Asked(head, await reader.readexactly(int(length[1]) if length else 0))


async def passed_on(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
    yield await answer()


def answer_of(body: bytes, kind: str = "application/json", status: str = "200 OK", more: str = "") -> bytes:
    """An HTTP answer with a body."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    )
    return f"{head}{more}\r\n".encode() + body


# -- what a host may do


async def hangs_up(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
    """Not a byte."""
    return
    yield  # makes it a generator


async def half(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
    """The head, and the first half of the body it promises."""
    head, _, body = (await answer()).partition(b"\r\n\r\n")
    yield head + b"\r\n\r\n" + body[: len(body) // 2]


async def drips(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
    """A byte at a time, so that no wait for the next is ever long."""
    for byte in await answer():
        yield bytes([byte])
        await asyncio.sleep(HALF_A_SECOND / 10)


async def never_ends(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
    """An answer without an end, at a megabyte every fiftieth of a second."""
    yield b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"x": "'
    while True:
        yield b"x" * 1_000_000
        await asyncio.sleep(0.02)


def says(message: object, kind: str = "application/json", status: str = "200 OK") -> Fault:
    """This, with the id of the request where it is a JSON object."""

    async def fault(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
        if isinstance(message, bytes):
            yield answer_of(message, kind, status)
            return
        whole = (
            {"jsonrpc": "2.0", "id": asked.message.get("id")} | message
            if isinstance(message, dict)
            else message
        )
        yield answer_of(json.dumps(whole).encode(), kind, status)

    return fault


def finds(*results: Mapping[str, object]) -> Fault:
    """A search that finds these."""
    found = {"query": "", "namespace": "prefect-3", "results": list(results)}
    return says({"result": {"resultType": "complete", "content": [], "structuredContent": found}})


def refuses(status: str, more: str = "") -> Fault:
    """An HTTP status without a body worth reading; `more` is headers, each with its line end."""

    async def fault(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
        yield answer_of(b"no", "text/plain", status, more)

    return fault


def refuses_one_by_one(every_s: float) -> Fault:
    """A refusal to whoever is next, so much later than the last."""
    turn = asyncio.Lock()
    refusal = refuses("503 Service Unavailable")

    async def fault(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
        async with turn:
            await asyncio.sleep(every_s)
        async for part in refusal(asked, answer):
            yield part

    return fault


def every_other(fault: Fault) -> Fault:
    """The fault, then a true answer, and so on."""
    faults = cycle([fault, passed_on])

    async def alternating(asked: Asked, answer: TrueAnswer) -> AsyncIterator[bytes]:
        async for part in next(faults)(asked, answer):
            yield part

    return alternating


def sends_on(url: str, status: str = "307 Temporary Redirect") -> Fault:
    return refuses(status, f"location: {url}\r\n")
