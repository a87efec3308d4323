"""prefect-mcp, kept running and asked with care.

One task owns the child process: it opens the connection, notices when it is lost, and opens it again.
Callers use the connection from their own tasks; none of them can harm it by leaving.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, NoReturn, Self, TypeVar

import anyio
import structlog
from mcp import Client, MCPError
from mcp.types import CONNECTION_CLOSED, CallToolResult
from pydantic import BaseModel, Field, JsonValue

from backend.errors import (
    DocsUnreachable,
    KnowledgeUnavailable,
    PrefectRefused,
    PrefectUnreachable,
    QueryRefused,
)
from backend.services.circuit import Circuit, CircuitOpen, CircuitState
from backend.services.doc_hits import MAX_HITS, DocHit, DocsToolMissing, no_docs, read_hits, read_notes
from backend.services.mcp_child import LastWords, Launch, run_child
from backend.services.tool_answers import JsonObject, ToolSaidNo, read_answer
from backend.settings import Settings

__all__ = ["READ_ONLY", "DocHit", "JsonObject", "Launch", "PrefectMCP", "PrefectMCPState"]

SEARCH = "docs_search_prefect"
RELEASE_NOTES = "docs_get_release_notes"
DOCS_TOOLS = frozenset({SEARCH, RELEASE_NOTES})
READ_ONLY = DOCS_TOOLS | {
    "orientation",
    "get_identity",
    "get_dashboard",
    "get_deployments",
    "get_flows",
    "get_flow_runs",
    "get_flow_run_logs",
    "get_task_runs",
    "get_work_pools",
    "read_events",
    "get_automations",
    "get_object_schema",
    "review_rate_limits",
    "list_authorized_workspaces",
}
"""The tools that may be called. All else is refused before anything is sent."""

Arguments = Mapping[str, JsonValue]
T = TypeVar("T")

_VERSION = re.compile(r"latest|v?\d{1,4}(\.\d{1,6}){0,3}((a|b|rc)\d{1,4})?", re.ASCII)
_log = structlog.get_logger(__name__)


class PrefectMCPState(BaseModel):
    """How prefect-mcp is doing, for /ready. `restarts` counts the children after the first, `errors` the
    calls without an answer, `refused` those that were not sent. `last_error` may be long past."""

    state: Literal["off", "starting", "up", "restarting"] = "off"
    docs_tools: bool = False
    pid: int | None = None
    restarts: int = 0
    last_error: str | None = None
    stderr_tail: list[str] = Field(default_factory=list)
    calls: int = 0
    errors: int = 0
    refused: int = 0
    circuit: CircuitState = "closed"


class _ConnectionLost(PrefectUnreachable):
    """The child is gone, or the pipe to it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Connection:
    """One child's life, from its first answer on. `over` is set when it is to end or has ended."""

    client: Client
    pid: int | None
    tools: frozenset[str]
    writers: frozenset[str]
    over: asyncio.Event


class PrefectMCP:
    """A client of prefect-mcp that starts it, restarts it and stops it.

    Entering returns at once, and the child starts in the background; leaving stops it. `allowed` says of
    a query whether it may leave the house. Every call ends by its timeout, in seconds, whatever the child
    and the docs host do, with an answer, PrefectUnreachable (DocsUnreachable for the docs tools),
    PrefectRefused or QueryRefused.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        allowed: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._launch = launch
        self._allowed = allowed
        self._clock = clock
        self._circuit = Circuit(failures=launch.circuit_failures, rest_s=launch.circuit_rest_s, clock=clock)
        self._slots = asyncio.Semaphore(launch.parallel)
        self._owner: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._opening: asyncio.Timeout | None = None
        # What callers wait for: the connection, or why there is none.
        self._opened: asyncio.Future[_Connection | str] | None = None
        self._is_up = asyncio.Event()
        self._stderr: deque[str] = deque(maxlen=LastWords.KEPT_LINES)
        self._children = self._calls = self._errors = self._refused = 0
        self._docs_tools = False
        self._last_error: str | None = None

    @classmethod
    def from_settings(cls, settings: Settings, *, allowed: Callable[[str], bool]) -> Self:
        return cls(Launch.from_settings(settings), allowed=allowed)

    # -- asking

    async def search_docs(
        self,
        query: str,
        *,
        top_k: int = 5,
        timeout: float,  # noqa: ASYNC109 -- a call's deadline is its promise
    ) -> list[DocHit]:
        """What the documentation says on a query of product vocabulary, nearest first."""
        top_k = max(1, min(top_k, MAX_HITS))
        return await self._ask(SEARCH, {"query": query, "top_k": top_k}, timeout, read_hits)

    async def release_notes(self, version: str, timeout: float) -> str:  # noqa: ASYNC109 -- as above
        """The release notes of a version such as "3.4.0", or of "latest"."""
        arguments: Arguments = {} if version == "latest" else {"version": version}
        return await self._ask(RELEASE_NOTES, arguments, timeout, read_notes)

    async def call(
        self,
        tool: str,
        arguments: Arguments,
        *,
        timeout: float,  # noqa: ASYNC109 -- as above
    ) -> JsonObject | str:
        """The structured answer of any read-only tool, or its text where that is all there is.

        Raises PrefectUnreachable where none comes, PrefectRefused where it is an error, and QueryRefused
        where nothing was sent.
        """
        return await self._ask(tool, arguments, timeout, _as_it_is)

    async def ready(self, within: float) -> bool:
        """Whether the child answers, waiting for it up to `within` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._is_up.wait()
        return self._is_up.is_set()

    @property
    def state(self) -> PrefectMCPState:
        connection = self._connection
        return PrefectMCPState(
            state=self._phase(),
            docs_tools=self._docs_tools and connection is not None,
            pid=connection.pid if connection else None,
            restarts=max(0, self._children - 1),
            last_error=self._last_error,
            stderr_tail=list(self._stderr),
            calls=self._calls,
            errors=self._errors,
            refused=self._refused,
            circuit=self._circuit.state,
        )

    def _phase(self) -> Literal["off", "starting", "up", "restarting"]:
        if self._owner is None or self._owner.done() or self._closing.is_set():
            return "off"
        if self._is_up.is_set():
            return "up"
        return "starting" if self._children <= 1 and self._last_error is None else "restarting"

    async def _ask(
        self, tool: str, arguments: Arguments, seconds: float, read: Callable[[JsonObject | str], T]
    ) -> T:
        self._guard(tool, arguments)
        of_docs = tool in DOCS_TOOLS
        self._calls += 1
        try:
            if of_docs:
                self._circuit.check()
            async with asyncio.timeout(seconds) as deadline, self._slots:
                await self._current()  # a child that is starting says nothing of the docs server
                with self._circuit.attempt(deadline.expired) if of_docs else nullcontext():
                    answer = read(await self._call(tool, arguments))
        except CircuitOpen:
            self._errors += 1
            raise
        except TimeoutError:
            who = "The docs server" if of_docs else "prefect-mcp"
            who = who if self._is_up.is_set() else "prefect-mcp, which is starting,"
            failure: KnowledgeUnavailable = PrefectUnreachable(
                f"{who} did not answer within {seconds:g} seconds."
            )
        except (PrefectUnreachable, PrefectRefused) as error:
            self._docs_tools = self._docs_tools and not isinstance(error, DocsToolMissing)
            failure = type(error)(self._launch.redact(str(error)))
        else:
            self._docs_tools = self._docs_tools or of_docs
            return answer
        self._errors += 1
        self._last_error = str(failure)
        if of_docs and not isinstance(failure, DocsUnreachable):
            raise DocsUnreachable(str(failure))
        raise failure

    def _guard(self, tool: str, arguments: Arguments) -> None:
        """QueryRefused, unless the tool only reads and what it is given may leave the house."""
        if tool not in READ_ONLY:
            self._refuse(tool, f"{tool} is not among the read-only tools; it was not called.")
        if tool in DOCS_TOOLS and not arguments.keys() <= {"query", "top_k", "version"}:
            self._refuse(tool, "A docs tool is given a query or a version and nothing else; it was not sent.")
        query, version = arguments.get("query", ""), arguments.get("version", "latest")
        if tool == SEARCH and not (isinstance(query, str) and self._allowed(query)):
            self._refuse(tool, "The query holds words that are not product vocabulary; it was not sent.")
        if tool == RELEASE_NOTES and not (isinstance(version, str) and _VERSION.fullmatch(version)):
            self._refuse(tool, "Release notes are asked for by version number; nothing was sent.")

    async def _call(self, tool: str, arguments: Arguments) -> JsonObject | str:
        """Once more where the connection is lost: the tools only read, so asking twice harms nothing."""
        try:
            result = await self._send(await self._current(), tool, arguments)
        except _ConnectionLost:
            result = await self._send(await self._current(), tool, arguments)
        try:
            return read_answer(result)
        except ToolSaidNo as no:
            if tool in DOCS_TOOLS:
                raise no_docs(str(no)) from None
            said = str(no) or "it did not say which"
            raise PrefectRefused(f"prefect-mcp answered {tool} with an error: {said}.") from None

    async def _send(self, connection: _Connection, tool: str, arguments: Arguments) -> CallToolResult:
        if tool in connection.writers:
            self._refuse(tool, f"{tool} says that it is not read-only; it was not called.")
        try:
            return await connection.client.call_tool(tool, dict(arguments))
        except Exception as error:  # the SDK raises MCPError, RuntimeError, ValidationError and more
            if _is_loss(error):
                self._drop(connection)
                raise _ConnectionLost("prefect-mcp ended during the call.") from error
            raise PrefectUnreachable(f"prefect-mcp gave no usable answer: {_reason(error)}.") from error

    async def _current(self) -> _Connection:
        """The connection, waited for while the child starts. At once PrefectUnreachable if it cannot."""
        if self._opened is None:
            raise PrefectUnreachable("prefect-mcp is not running.")
        # Shielded: a caller who leaves must not cancel what the others wait for.
        opened = await asyncio.shield(self._opened)
        if isinstance(opened, str):
            raise PrefectUnreachable(opened)
        return opened

    def _refuse(self, tool: str, why: str) -> NoReturn:
        self._refused += 1
        _log.warning("prefect_mcp.refused", tool=tool, refused=self._refused)  # never the query itself
        raise QueryRefused(why)

    # -- owning

    async def __aenter__(self) -> Self:
        self._opened = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(), name="prefect-mcp")
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Stop the child and wait until it is gone. The owner is asked, never cancelled: a cancellation
        while it stops a child would leave the child behind."""
        self._closing.set()
        if connection := self._connection:
            connection.over.set()
        if self._opening and not self._opening.expired():
            self._opening.reschedule(asyncio.get_running_loop().time())
        if self._owner:
            await asyncio.wait({self._owner})

    @property
    def _connection(self) -> _Connection | None:
        opened = self._opened.result() if self._opened and self._opened.done() else None
        return opened if isinstance(opened, _Connection) else None

    async def _own(self) -> None:
        """Run one child after the other until closed."""
        short_lives = 0
        try:
            while not self._closing.is_set():
                began = self._clock()
                await self._live()
                steady = self._clock() - began > self._launch.steady_s
                short_lives = 0 if steady else short_lives + 1
                await self._rest(short_lives)
        finally:
            self._settle("prefect-mcp is stopped.")
            _log.info("prefect_mcp.stopped", children=self._children)

    async def _live(self) -> None:
        """One child, from its start to its end."""
        self._children += 1
        if self._opened is None or self._opened.done():  # the child before could not be started
            self._opened = asyncio.get_running_loop().create_future()
        connection, why = None, "prefect-mcp ended, and is started again."
        try:
            async with AsyncExitStack() as stack:
                connection = await self._open(stack)
                self._settle(connection)
                _log.info("prefect_mcp.up", pid=connection.pid, tools=len(connection.tools))
                if not self._closing.is_set():
                    await connection.over.wait()
                self._drop(connection)
        except Exception as error:  # noqa: BLE001 -- however a child ends, the next is tried; the reason is kept
            if connection is None:
                why = self._launch.redact(f"prefect-mcp could not be started: {_reason(error)}.")
        if self._closing.is_set():
            return
        self._last_error = why
        if connection is None:
            self._settle(why)
        _log.warning(
            "prefect_mcp.down", why=why, pid=connection and connection.pid, stderr=list(self._stderr)[-3:]
        )

    async def _open(self, stack: AsyncExitStack) -> _Connection:
        """Start a child and list its tools: the first call would else do so, outside of its timeout."""
        over = asyncio.Event()
        words = LastWords(self._launch, self._stderr, over)
        try:
            async with asyncio.timeout(self._launch.start_timeout_s) as self._opening:
                client = await stack.enter_async_context(Client(run_child(self._launch, words), cache=None))
                listed = (await client.list_tools()).tools
        finally:
            self._opening = None
        hints = {tool.name: tool.annotations and tool.annotations.read_only_hint for tool in listed}
        return _Connection(
            client=client,
            pid=words.pid,
            tools=frozenset(hints),
            writers=frozenset(name for name, reads_only in hints.items() if reads_only is False),
            over=over,
        )

    def _settle(self, opened: _Connection | str) -> None:
        """Tell those who wait for a connection."""
        if self._opened and not self._opened.done():
            self._opened.set_result(opened)
        if isinstance(opened, _Connection):
            self._docs_tools = SEARCH in opened.tools
            self._is_up.set()

    def _drop(self, connection: _Connection) -> None:
        """Give up a connection: its owner ends it, and callers wait for the next."""
        connection.over.set()
        if self._connection is connection:
            self._opened = asyncio.get_running_loop().create_future()
            self._is_up.clear()

    async def _rest(self, short_lives: int) -> None:
        """Wait before the next child, longer after each that ended soon, and with jitter, so that many
        services do not start theirs in step. Not at all after a steady one."""
        if short_lives == 0:
            return
        longest = min(self._launch.backoff_max_s, self._launch.backoff_s * 2 ** min(short_lives - 1, 20))
        with suppress(TimeoutError):
            async with asyncio.timeout(longest * random.uniform(0.5, 1)):  # noqa: S311 -- no secret
                await self._closing.wait()


def _as_it_is(answer: JsonObject | str) -> JsonObject | str:
    return answer


def _is_loss(error: BaseException) -> bool:
    if isinstance(error, MCPError):
        return error.code == CONNECTION_CLOSED
    return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError | anyio.EndOfStream)


def _reason(error: BaseException) -> str:
    """An error's reason, as the end of a sentence."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if _is_loss(error):
        return "it ended before it answered"
    said = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((said or type(error).__name__).split())[:200].rstrip(".")
