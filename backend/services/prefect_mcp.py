"""prefect-mcp, kept running and asked with care: read-only, within a deadline, once more when the connection
is lost, and no more while the docs server keeps failing. What keeps a connection is in mcp_link, how a server
is reached in mcp_child and mcp_transports.

    async with PrefectMCP(Launch(), allowed=holds_no_secret) as prefect:
        hits = await prefect.search_docs("work pool types", timeout=5)
        flows = await prefect.call("get_flows", {"limit": 5}, timeout=5)
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from types import TracebackType
from typing import Literal, NoReturn, Self, TypeVar

import structlog
from mcp.types import CallToolResult
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
from backend.services.mcp_child import LastWords, Launch
from backend.services.mcp_link import Connection, ConnectionLost, Link
from backend.services.mcp_reach import Reach, TransportName
from backend.services.mcp_transports import Remote
from backend.services.tool_answers import JsonObject, ToolSaidNo, read_answer
from backend.settings import Settings

__all__ = ["READ_ONLY", "DocHit", "JsonObject", "Launch", "PrefectMCP", "PrefectMCPState", "Reach", "Remote"]

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
    """How prefect-mcp is doing, for /ready. Of `pool` connections wanted, `connections` are open; `pids` are
    the children's, where there are any; `restarts` counts the connections after the first of each, `errors`
    the calls without an answer, `refused` those that were not sent. `last_error` may be long past."""

    state: Literal["off", "starting", "up", "restarting"] = "off"
    transport: TransportName = "stdio"
    docs_tools: bool = False
    pool: int = 0
    connections: int = 0
    pid: int | None = None
    pids: list[int] = Field(default_factory=list)
    restarts: int = 0
    last_error: str | None = None
    stderr_tail: list[str] = Field(default_factory=list)
    calls: int = 0
    errors: int = 0
    refused: int = 0
    circuit: CircuitState = "closed"


class PrefectMCP:
    """A client of prefect-mcp that keeps it running, or keeps connected to one elsewhere.

    Entering returns at once, and connections are opened in the background; leaving ends them. `allowed` says
    of a docs query whether it may leave the house; `watched` is entered around every call, with the tool's
    name. Every call ends by its timeout, in seconds, whatever the server and the docs host do, with an
    answer, PrefectUnreachable (DocsUnreachable for the docs tools), PrefectRefused or QueryRefused.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        allowed: Callable[[str], bool],
        watched: Callable[[str], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reach = reach
        self._allowed = allowed
        self._watched = watched
        self._circuit = Circuit(failures=reach.circuit_failures, rest_s=reach.circuit_rest_s, clock=clock)
        # Apart, so that a docs server that hangs does not hold up the calls that do not need it.
        self._docs_slots, self._slots = (asyncio.Semaphore(reach.parallel * reach.pool) for _ in range(2))
        self._is_up = asyncio.Event()
        self._said: deque[str] = deque(maxlen=LastWords.KEPT_LINES)
        self._links = [
            Link(
                reach,
                SEARCH,
                said=self._said,
                changed=self._link_changed,
                docs_found=self._circuit.relent,
                failed=self._link_failed,
                clock=clock,
            )
            for _ in range(reach.pool)
        ]
        self._calls = self._errors = self._refused = 0
        self._last_error: str | None = None

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        allowed: Callable[[str], bool],
        watched: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> Self:
        """By PREFECT_MCP_TRANSPORT. Raises UnusableSetting where a profile is asked for and there is none."""
        kind = Launch if settings.prefect_mcp_transport == "stdio" else Remote
        return cls(kind.from_settings(settings), allowed=allowed, watched=watched)

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
        return await self._ask(
            SEARCH, {"query": query, "top_k": top_k}, timeout, partial(read_hits, query=query)
        )

    async def search_many(
        self,
        queries: Iterable[str],
        *,
        top_k: int = 5,
        timeout: float,  # noqa: ASYNC109 -- as above
    ) -> dict[str, list[DocHit]]:
        """What came in time for these queries, each asked once, side by side. Those without an answer are
        not in it; raises the first failure where none has one, and QueryRefused before any is sent."""
        wanted = list(dict.fromkeys(queries))
        for query in wanted:
            self._guard(SEARCH, {"query": query})
        found = await asyncio.gather(
            *(self.search_docs(query, top_k=top_k, timeout=timeout) for query in wanted),
            return_exceptions=True,
        )
        answers: dict[str, list[DocHit]] = {}
        for query, answer in zip(wanted, found, strict=True):
            if isinstance(answer, list):
                answers[query] = answer
            elif not isinstance(answer, KnowledgeUnavailable):
                raise answer
        failures = [answer for answer in found if isinstance(answer, KnowledgeUnavailable)]
        if failures and not answers:
            raise failures[0]
        return answers

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

    async def docs_heard(self, within: float) -> bool:
        """While prefect-mcp starts: whether the docs server behind it shows that it does not hang."""
        return await self._reach.docs_heard(within)

    def schema(self, tool: str) -> str | None:
        """A hash of what the tool takes and answers, as it was last listed; None before that."""
        return next((link.schemas[tool] for link in self._links if tool in link.schemas), None)

    @property
    def state(self) -> PrefectMCPState:
        up = [link.connection for link in self._links if link.connection]
        return PrefectMCPState(
            state=self._phase(),
            transport=self._reach.transport,
            docs_tools=any(link.docs_tools for link in self._links if link.connection),
            pool=self._reach.pool,
            connections=len(up),
            pid=up[0].pid if up else None,
            pids=[one.pid for one in up if one.pid],
            restarts=sum(max(0, link.lives - 1) for link in self._links),
            last_error=self._last_error,
            stderr_tail=list(self._said),
            calls=self._calls,
            errors=self._errors,
            refused=self._refused,
            circuit=self._circuit.state,
        )

    def _phase(self) -> Literal["off", "starting", "up", "restarting"]:
        if not any(link.running for link in self._links):
            return "off"
        if self._is_up.is_set():
            return "up"
        first = all(link.lives <= 1 and link.why_not is None for link in self._links)
        return "starting" if first else "restarting"

    async def _ask(
        self, tool: str, arguments: Arguments, seconds: float, read: Callable[[JsonObject | str], T]
    ) -> T:
        with self._watched(tool):
            return await self._ask_once(tool, arguments, seconds, read)

    async def _ask_once(
        self, tool: str, arguments: Arguments, seconds: float, read: Callable[[JsonObject | str], T]
    ) -> T:
        self._guard(tool, arguments)
        self._calls += 1
        of_docs = tool in DOCS_TOOLS
        try:
            return await (self._ask_docs if of_docs else self._ask_prefect)(tool, arguments, seconds, read)
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
            failure = type(error)(self._reach.redact(str(error)))
        self._errors += 1
        self._last_error = str(failure)
        if of_docs and not isinstance(failure, DocsUnreachable):
            raise DocsUnreachable(str(failure))
        raise failure

    async def _ask_prefect(
        self, tool: str, arguments: Arguments, seconds: float, read: Callable[[JsonObject | str], T]
    ) -> T:
        async with asyncio.timeout(seconds), self._slots:
            try:
                return read(read_answer(await self._send(tool, arguments)))
            except ToolSaidNo as no:
                said = str(no) or "it did not say which"
                raise PrefectRefused(f"prefect-mcp answered {tool} with an error: {said}.") from None

    async def _ask_docs(
        self, tool: str, arguments: Arguments, seconds: float, read: Callable[[JsonObject | str], T]
    ) -> T:
        """As above; failures count against the docs server, once a connection is there to ask by. While a
        probe tries whether it is back, the others wait for what that finds."""
        self._circuit.check()
        async with asyncio.timeout(seconds) as deadline, self._docs_slots:
            await self._current()
            await self._circuit.decided()
            with self._circuit.attempt(deadline.expired):
                try:
                    answer = read(read_answer(await self._send(tool, arguments)))
                except ToolSaidNo as no:
                    failure = no_docs(str(no))
                    if isinstance(failure, DocsToolMissing):
                        self._note_docs(there=False)
                    raise failure from None
        self._note_docs(there=True)
        return answer

    def _note_docs(self, *, there: bool) -> None:
        for link in self._links:  # one docs server is behind them all
            link.note_docs(there=there)

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

    async def _send(self, tool: str, arguments: Arguments) -> CallToolResult:
        """Once more where the connection is lost: the tools only read, so asking twice harms nothing."""
        for again in (True, False):
            link, connection = await self._current()
            try:
                if tool in connection.writers:
                    self._refuse(tool, f"{tool} says that it is not read-only; it was not called.")
                return await link.send(connection, tool, arguments)
            except ConnectionLost:
                if not again:
                    raise
        raise AssertionError  # the second time returns or raises

    async def _current(self) -> tuple[Link, Connection]:
        """The least busy connection, waited for while one is being opened. At once PrefectUnreachable
        where none can be had."""
        while True:
            up = [(link, link.connection) for link in self._links if link.connection]
            if up:
                return min(up, key=lambda one: one[0].busy)
            opening = [link.opened for link in self._links if link.opened and not link.opened.done()]
            if not opening:
                raise PrefectUnreachable(self._links[0].why_not or "prefect-mcp is not running.")
            # A caller who leaves does not cancel what the others wait for.
            await asyncio.wait(opening, return_when=asyncio.FIRST_COMPLETED)

    def _refuse(self, tool: str, why: str) -> NoReturn:
        self._refused += 1
        _log.warning("prefect_mcp.refused", tool=tool, refused=self._refused)  # never the query itself
        raise QueryRefused(why)

    # -- owning

    async def __aenter__(self) -> Self:
        for link in self._links:
            link.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """End every connection, and wait until the children are gone."""
        await asyncio.gather(*(link.stop() for link in self._links))
        _log.info("prefect_mcp.stopped", restarts=self.state.restarts)

    def _link_changed(self) -> None:
        if any(link.connection for link in self._links):
            self._is_up.set()
        else:
            self._is_up.clear()

    def _link_failed(self, why: str) -> None:
        self._last_error = why


def _as_it_is(answer: JsonObject | str) -> JsonObject | str:
    return answer
