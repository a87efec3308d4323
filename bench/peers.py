"""One system of the comparison, in a process of its own: `python -m bench.peers SYSTEM`.

Reads a Child and then orders from stdin, a line of JSON each, and answers each on stdout; ends with stdin.
Imports nothing but what its system needs: langchain-mcp-adapters does not even share a venv with mcp 2.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backend.services.docs_snapshot import Snapshot

SEARCH = "docs_search_prefect"
TOP_K = 5
LONGEST_S = 30

Ask = Callable[[str], Awaitable[object]]


class Child(NamedTuple):
    """The prefect-mcp every system starts, and where Call Coach finds its vocabulary."""

    command: list[str]
    env: dict[str, str]
    cwd: str
    data_dir: str


class Reply(NamedTuple):
    """Seconds of each call and of all together, calls that failed, and when it was over (monotonic)."""

    seconds: list[float]
    total: float
    failed: int
    over: float


@asynccontextmanager
async def call_coach(child: Child) -> AsyncIterator[Ask]:
    """As the product does it: memory and store in front of the client, the egress guard at its door."""
    from backend.services.doc_cache import DocCache, DocKey, normalised
    from backend.services.prefect_mcp import DocHit, PrefectMCP
    from backend.settings import Settings
    from backend.store.store import Store

    settings = Settings(_env_file=None, prefect_docs_mcp_url=child.env["PREFECT_DOCS_MCP_URL"])
    snapshot = _snapshot(child.data_dir)
    async with (
        PrefectMCP.from_settings(settings, allowed=snapshot.is_product_vocabulary) as client,
        Store.open(None, Path(child.data_dir) / "store") as store,
        DocCache(list[DocHit], fresh_s=3600, shelf=store.shelf()) as cache,
    ):
        key = lru_cache(4096)(lambda query: DocKey("docs", "", SEARCH, normalised(query), TOP_K))

        async def ask(query: str) -> object:
            answer = await cache.answer(
                key(query), lambda: client.search_docs(query, top_k=TOP_K, timeout=LONGEST_S)
            )
            return answer.value

        yield ask


@cache
def _snapshot(data_dir: str) -> Snapshot:
    from backend.services.docs_snapshot import Snapshot
    from backend.settings import Settings

    return Snapshot.open(Path(data_dir), Settings(_env_file=None).coach_knowledge_dir)


@asynccontextmanager
async def mcp(child: Child) -> AsyncIterator[Ask]:
    from mcp import Client, StdioServerParameters

    program, *args = child.command
    server = StdioServerParameters(command=program, args=args, env=child.env, cwd=child.cwd)
    async with Client(server) as client:

        async def ask(query: str) -> object:
            result = await client.call_tool(SEARCH, {"query": query, "top_k": TOP_K})
            assert result.structured_content
            return result.structured_content["results"]

        yield ask


@asynccontextmanager
async def fastmcp(child: Child) -> AsyncIterator[Ask]:
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport

    program, *args = child.command
    transport = StdioTransport(program, args, env=child.env, cwd=child.cwd, keep_alive=False)
    async with Client(transport) as client:

        async def ask(query: str) -> object:
            result = await client.call_tool(SEARCH, {"query": query, "top_k": TOP_K})
            assert result.structured_content
            return result.structured_content["results"]

        yield ask


@asynccontextmanager
async def pydantic_ai(child: Child) -> AsyncIterator[Ask]:
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai.mcp import MCPToolset

    program, *args = child.command
    transport = StdioTransport(program, args, env=child.env, cwd=child.cwd, keep_alive=False)
    async with MCPToolset(transport, init_timeout=LONGEST_S) as toolset:

        async def ask(query: str) -> object:
            answer = await toolset.direct_call_tool(SEARCH, {"query": query, "top_k": TOP_K})
            return answer["results"]

        yield ask


@asynccontextmanager
async def langchain(child: Child) -> AsyncIterator[Ask]:
    """With one session kept open; by its default it would start a child per call."""
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_mcp_adapters.tools import load_mcp_tools

    program, *args = child.command
    connection = {
        "transport": "stdio",
        "command": program,
        "args": args,
        "env": child.env,
        "cwd": child.cwd,
    }
    async with MultiServerMCPClient({"prefect": connection}).session("prefect") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        search = tools[SEARCH]

        async def ask(query: str) -> object:
            arguments = {"query": query, "top_k": TOP_K}
            message = await search.ainvoke(
                {"type": "tool_call", "id": "1", "name": SEARCH, "args": arguments}
            )
            return message.artifact["structured_content"]["results"]

        yield ask


@asynccontextmanager
async def new_client_per_query(child: Child) -> AsyncIterator[Ask]:
    async def ask(query: str) -> object:
        async with mcp(child) as once:
            return await once(query)

    yield ask


SYSTEMS: dict[str, Callable[[Child], AbstractAsyncContextManager[Ask]]] = {
    "call-coach": call_coach,
    "mcp": mcp,
    "fastmcp": fastmcp,
    "pydantic-ai": pydantic_ai,
    "langchain-mcp-adapters": langchain,
    "new-client-per-query": new_client_per_query,
}


class Worker:
    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Ask]]) -> None:
        self._connect = connect
        self._stack = AsyncExitStack()
        self._ask: Ask | None = None

    async def open(self, queries: list[str], at_once: int) -> Reply:
        """From nothing to the first answer."""
        await self.close()
        begun = time.perf_counter()
        self._ask = await self._stack.enter_async_context(self._connect())
        reply = await self.ask(queries, at_once)
        return reply._replace(total=time.perf_counter() - begun)

    async def ask(self, queries: list[str], at_once: int) -> Reply:
        """All the queries, so many at once."""
        assert self._ask
        ask, waiting, seconds, clock = self._ask, iter(queries), list[float](), time.perf_counter

        async def one_after_the_other() -> None:
            for query in waiting:
                begun = clock()
                try:
                    if await ask(query):
                        seconds.append(clock() - begun)
                except Exception as error:  # noqa: BLE001 -- a failed call is counted, whatever its reason
                    print(f"{type(error).__name__}: {error}"[:500], file=sys.stderr)

        begun = clock()
        with suppress(TimeoutError):  # calls that hang have failed
            async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(one_after_the_other())
        return Reply(seconds, clock() - begun, len(queries) - len(seconds), time.monotonic())

    async def survive(self, queries: list[str], at_once: int) -> Reply:
        """The queries, while somebody kills the child. Where answers are lost, a new client asks once."""
        reply = await self.ask(queries, at_once)
        if reply.failed:
            await self.open(queries[:1], 1)
        return reply._replace(over=time.monotonic())

    async def close(self) -> None:
        stack, self._stack, self._ask = self._stack, AsyncExitStack(), None
        with suppress(Exception):  # a client whose child was killed may say so as it closes
            await stack.aclose()


async def main(system: str) -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no reply
    child = Child(**json.loads(sys.stdin.readline()))
    worker = Worker(lambda: SYSTEMS[system](child))
    orders = {"open": worker.open, "ask": worker.ask, "survive": worker.survive}
    while line := await asyncio.to_thread(sys.stdin.readline):
        order, queries, at_once = json.loads(line)
        reply = await orders[order](queries, at_once)
        print(json.dumps(reply._asdict()), file=replies, flush=True)
    await worker.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
