"""What tests of the MCP client share: real children, and ways to wait for them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from backend.services.prefect_mcp import Launch, PrefectMCP, Reach
from backend.settings import Settings
from tests.services.docs_fixture import DocsServer

PATIENCE = 60.0
KEY, AUTH, PROXY_PASSWORD = "pnu_very-secret-key", "admin:very-secret-word", "very-secret-proxy-word"
ENVIRON = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    "no_proxy": "127.0.0.1",
    "HTTP_PROXY": f"http://house:{PROXY_PASSWORD}@127.0.0.1:1",
    "ANTHROPIC_API_KEY": "sk-ant-not-for-the-child",
    "LOGFIRE_TOKEN": "not-for-the-child",
    "PREFECT_MCP_EXPERIMENTAL_EXECUTION_PLANS_ENABLED": "true",
}
WAITS_FOR_EOF = "import sys; sys.stdin.read()"

# An MCP server that starts in milliseconds. What a call is given as `query` or `version` says how it answers.
TINY = """
import json, os, signal, sys
ANSWER = {"content": [{"type": "text", "text": "ok"}], "structuredContent": {"results": []}}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
HELLO["serverInfo"] = {"name": "tiny", "version": "1"}
TOOLS = {"tools": [{"name": "docs_search_prefect", "inputSchema": {"type": "object"}}]}
def answer(message):
    if message["method"] == "initialize": return {"result": HELLO}
    if message["method"] == "tools/list": return {"result": TOOLS}
    if message["method"] != "tools/call": return {"error": {"code": -32601, "message": "no"}}
    query = message["params"].get("arguments", {}).get("query")
    if query == "relays a loss": return {"error": {"code": -32000, "message": "Connection closed"}}
    if query == "dies": os.kill(os.getpid(), signal.SIGKILL)
    if query == "says half": return sys.stdout.write('{"jsonrpc": "2.0", "id"' + chr(10))
    if query == "says nothing": return None
    if query == "another schema": return {"result": {"content": 7}}
    return {"result": ANSWER}
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and (said := answer(message)) and isinstance(said, dict):
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"]} | said) + chr(10))
    sys.stdout.flush()
"""


def settings_for(docs: DocsServer, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "prefect_docs_mcp_url": docs.url,
            "prefect_api_url": "http://127.0.0.1:1/api",
            "prefect_api_key": KEY,
            "prefect_api_auth_string": AUTH,
            **more,
        }
    )


def launch_for(docs: DocsServer) -> Launch:
    """The product's own launch, with more patience for tests that make the docs server fail."""
    return replace(Launch.from_settings(settings_for(docs), ENVIRON), circuit_failures=1000)


def python(code: str) -> Launch:
    """A child that is not prefect-mcp, for what prefect-mcp cannot be made to do."""
    return Launch(command=(sys.executable, "-c", code), env=dict(os.environ))


def tiny() -> Launch:
    return Launch(command=(sys.executable, "-S", "-c", TINY), env=dict(os.environ))


def product_vocabulary(query: str) -> bool:
    return "acme" not in query.lower()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does, and fail the test where it never does it."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(reach: Reach, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[PrefectMCP]:
    """A client whose children must be gone afterwards."""
    async with PrefectMCP(reach, allowed=product_vocabulary, clock=clock) as client:
        yield client
        pids = client.state.pids
    assert client.state.state == "off"
    assert not any(alive(pid) for pid in pids)
