"""One connection to an MCP server, and the task that keeps it: it opens the connection, notices when it is
lost or when nobody answers any more, and opens it again. Callers use it from tasks of their own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass

import anyio
import structlog
from mcp import Client, MCPError
from mcp.types import CONNECTION_CLOSED, CallToolResult, Tool
from pydantic import JsonValue

from backend.errors import PrefectUnreachable
from backend.services.mcp_reach import Reach

PROBE = "orientation"
"""Answered by prefect-mcp itself in three milliseconds, also while the docs server hangs. A server without
it answers that it has none, which will do."""

_MOST_PAGES = 20
"""A list of tools that goes on is not read further."""

_log = structlog.get_logger(__name__)


class ConnectionLost(PrefectUnreachable):
    """The answer was lost with the connection; another may be had from the next one."""


class Pulse:
    """Whether a connection is over, and whether somebody doubts that its server still answers."""

    def __init__(self) -> None:
        self.over = False
        self._doubted = False
        self._news = asyncio.Event()

    def end(self) -> None:
        self.over = True
        self._news.set()

    def doubt(self) -> None:
        self._doubted = True
        self._news.set()

    def stir(self) -> None:
        self._news.set()

    async def doubted(self, within: float | None) -> bool:
        """Wait for news, up to `within` seconds. Whether they are a doubt."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()
        self._news.clear()
        doubted, self._doubted = self._doubted, False
        return doubted


@dataclass(slots=True, eq=False)
class Connection:
    """One connection's life, from its first answer on."""

    client: Client
    pid: int | None
    pulse: Pulse
    writers: frozenset[str] = frozenset()


class Link:
    """Keeps one connection from `start` to `stop`.

    `opened` is the connection, or the reason why there is none, or pending while one is being opened.
    `schemas` has what each tool takes and answers, as a hash, by the last list that had it.
    `changed` is called when there is a connection, or none any more; `docs_found` when it offers the docs
    tools and did not before; `failed` with the reason why a connection ended or could not be had.
    """

    def __init__(
        self,
        reach: Reach,
        docs_tool: str,
        *,
        said: deque[str],
        changed: Callable[[], None],
        docs_found: Callable[[], None],
        failed: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._reach = reach
        self._docs_tool = docs_tool
        self._said = said
        self._changed = changed
        self._docs_found = docs_found
        self._failed = failed
        self._clock = clock
        self._owner: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._answered = False
        self._opening: asyncio.Timeout | None = None
        self._sent: set[asyncio.Task[CallToolResult]] = set()
        self.opened: asyncio.Future[Connection | str] | None = None
        self.docs_tools = False
        self.schemas: dict[str, str] = {}
        self.lives = 0

    @property
    def connection(self) -> Connection | None:
        opened = self.opened.result() if self.opened and self.opened.done() else None
        return opened if isinstance(opened, Connection) else None

    @property
    def why_not(self) -> str | None:
        """Why there is no connection, where one was tried for and could not be had."""
        opened = self.opened.result() if self.opened and self.opened.done() else None
        return opened if isinstance(opened, str) else None

    @property
    def running(self) -> bool:
        return self._owner is not None and not self._owner.done() and not self._closing.is_set()

    @property
    def busy(self) -> int:
        """How many calls are under way."""
        return len(self._sent)

    # -- asking

    async def send(
        self, connection: Connection, tool: str, arguments: Mapping[str, JsonValue]
    ) -> CallToolResult:
        """The tool's answer. ConnectionLost where asking once more may help, else PrefectUnreachable.

        A caller who leaves does so at once: the SDK would hold him for seconds where the pipe is full.
        """
        call = asyncio.create_task(connection.client.call_tool(self._reach.sent_name(tool), dict(arguments)))
        self._sent.add(call)
        call.add_done_callback(self._received)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            call.cancel()
            connection.pulse.doubt()  # whether he was kept waiting or not is for the probe to say
            raise
        except Exception as error:  # the SDK raises MCPError, RuntimeError, ValidationError and more
            if not (_is_loss(error) or connection.pulse.over):
                raise PrefectUnreachable(f"prefect-mcp gave no usable answer: {reason_of(error)}.") from error
            # A server may relay such a loss from behind it; that is no reason to end it.
            if connection.pulse.over or not await self._answers(connection):
                self._drop(connection)
            raise ConnectionLost("prefect-mcp ended during the call.") from error

    def _received(self, call: asyncio.Task[CallToolResult]) -> None:
        self._sent.discard(call)
        if not call.cancelled():
            call.exception()  # seen, also where the caller has left

    def note_docs(self, *, there: bool) -> None:
        """A call found the docs tools there, or missing, unlike the last list: so list the tools anew."""
        if self.connection and self.docs_tools != there:
            self.docs_tools = self.docs_tools and there
            self.connection.pulse.stir()

    # -- owning

    def start(self) -> None:
        self.opened = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(), name="prefect-mcp")

    async def stop(self) -> None:
        """End the connection and wait until it is gone. The owner is asked, never cancelled: a cancellation
        while it stops a child would leave the child behind."""
        self._closing.set()
        if connection := self.connection:
            connection.pulse.end()
        if self._opening and not self._opening.expired():
            self._opening.reschedule(asyncio.get_running_loop().time())
        if self._owner:
            await asyncio.wait({self._owner})
        if self._sent:
            await asyncio.wait(self._sent)

    async def _own(self) -> None:
        """Open one connection after the other until closed."""
        short_lives = 0
        try:
            while not self._closing.is_set():
                began = self._clock()
                # In a task of its own: an HTTP transport that drops may cancel the one that entered it.
                life = asyncio.create_task(self._live(), name="prefect-mcp connection")
                await asyncio.wait({life})
                self._note_end(life)
                steady = self._clock() - began > self._reach.steady_s
                short_lives = 0 if steady else short_lives + 1
                await self._rest(short_lives)
        finally:
            self._settle("prefect-mcp is stopped.")

    async def _live(self) -> None:
        """One connection, from its opening to its end."""
        if self._closing.is_set():
            return
        self.lives += 1
        if self.opened is None or self.opened.done():  # the one before could not be had
            self.opened = asyncio.get_running_loop().create_future()
        self._answered = self.docs_tools = False
        async with AsyncExitStack() as stack:
            connection = await self._open(stack)
            self._answered = True
            self._settle(connection)
            _log.info("prefect_mcp.up", pid=connection.pid, docs_tools=self.docs_tools)
            await self._watch(connection)
            self._drop(connection)  # first, since the closing may take seconds

    async def _open(self, stack: AsyncExitStack) -> Connection:
        """Connect and list the tools: the first call would else do so, outside of its timeout."""
        pulse = Pulse()
        try:
            async with asyncio.timeout(self._reach.start_timeout_s) as self._opening:
                line = await stack.enter_async_context(self._reach.connect(pulse.end, self._said))
                client = await stack.enter_async_context(
                    Client(nullcontext(line.streams), mode=line.mode, cache=None)
                )
                connection = Connection(client, line.pid, pulse)
                await self._list_tools(connection)
        finally:
            self._opening = None
        return connection

    async def _list_tools(self, connection: Connection) -> None:
        page = await connection.client.list_tools()
        listed = page.tools
        for _ in range(_MOST_PAGES):
            if page.next_cursor is None:
                break
            page = await connection.client.list_tools(cursor=page.next_cursor)
            listed += page.tools
        tools = {self._reach.our_name(tool.name): tool for tool in listed}
        connection.writers = frozenset(name for name, tool in tools.items() if _says_it_writes(tool))
        self.schemas |= {name: _schema_of(tool) for name, tool in tools.items()}
        found, self.docs_tools = not self.docs_tools, self._docs_tool in tools
        if found and self.docs_tools:
            self._docs_found()

    async def _watch(self, connection: Connection) -> None:
        """Stay while the connection lives. Meanwhile, look whether it does when somebody doubts it, and list
        the tools now and then, more often while those of the docs are missing."""
        pulse = connection.pulse
        while not pulse.over:
            if await pulse.doubted(within=self._reach.list_s if self.docs_tools else self._reach.look_s):
                if not pulse.over and not await self._answers(connection):
                    self._kill(connection)
            elif not pulse.over:
                await self._list_again(connection)

    async def _answers(self, connection: Connection) -> bool:
        """Whether the server answers at all: an error will do."""
        probe = asyncio.create_task(connection.client.call_tool(PROBE, {}))
        self._sent.add(probe)
        probe.add_done_callback(self._received)
        done, _ = await asyncio.wait({probe}, timeout=self._reach.probe_s)
        if not done:
            probe.cancel()
            return False
        failure = None if probe.cancelled() else probe.exception()
        return failure is None or (isinstance(failure, MCPError) and not _is_loss(failure))

    async def _list_again(self, connection: Connection) -> None:
        with suppress(MCPError, TimeoutError):
            async with asyncio.timeout(self._reach.start_timeout_s):
                await self._list_tools(connection)

    def _kill(self, connection: Connection) -> None:
        """End a server that does not answer. It would not hear the polite way either."""
        _log.warning("prefect_mcp.silent", pid=connection.pid)
        if connection.pid:
            with suppress(ProcessLookupError):
                os.killpg(connection.pid, signal.SIGKILL)
        self._drop(connection)

    def _settle(self, opened: Connection | str) -> None:
        """Tell those who wait for a connection."""
        if self.opened and not self.opened.done():
            self.opened.set_result(opened)
            self._changed()

    def _drop(self, connection: Connection) -> None:
        """Give up a connection: its owner ends it, and callers wait for the next."""
        connection.pulse.end()
        if self.connection is connection:
            self.opened = asyncio.get_running_loop().create_future()
            self._changed()

    def _note_end(self, life: asyncio.Task[None]) -> None:
        """Keep the reason why a connection ended, or was none."""
        failure = None if life.cancelled() else life.exception()
        if connection := self.connection:  # the transport ended by itself
            self._drop(connection)
        if self._closing.is_set():
            return
        why = "The connection to prefect-mcp ended, and is opened again."
        if not self._answered:
            reason = reason_of(failure) if failure else "the connection was cut"
            why = self._reach.redact(self._reach.failed(reason))
            self._settle(why)
        self._failed(why)
        _log.warning("prefect_mcp.down", why=why, stderr=list(self._said)[-3:])

    async def _rest(self, short_lives: int) -> None:
        """Wait before the next connection, longer after each that ended soon, and with jitter, so that many
        services do not start theirs in step. Not at all after a steady one."""
        if short_lives == 0:
            return
        longest = min(self._reach.backoff_max_s, self._reach.backoff_s * 2 ** min(short_lives - 1, 20))
        with suppress(TimeoutError):
            async with asyncio.timeout(longest * random.uniform(0.5, 1)):  # noqa: S311 -- no secret
                await self._closing.wait()


def _says_it_writes(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is False


def _schema_of(tool: Tool) -> str:
    shape = json.dumps([tool.input_schema, tool.output_schema], sort_keys=True)
    return hashlib.sha256(shape.encode()).hexdigest()[:16]


def reason_of(error: BaseException) -> str:
    """An error's reason, as the end of a sentence."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if _is_loss(error):
        return "it ended before it answered"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"its certificate is not trusted ({str(error).rpartition(': ')[2]}); see SSL_CERT_FILE"
    said = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((said or type(error).__name__).split())[:300].rstrip(".")


def _is_loss(error: BaseException) -> bool:
    if isinstance(error, MCPError):
        return error.code == CONNECTION_CLOSED
    return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError | anyio.EndOfStream)
