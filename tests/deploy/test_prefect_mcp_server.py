"""The prefect-mcp that is deployed (deploy/prefect-mcp/serve.py), as a process, over real sockets."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.conftest import REPO
from tests.deploy.processes import PrefectAPI, Served, free_port, serving
from tests.services.docs_fixture import DocsServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SERVE = REPO / "deploy" / "prefect-mcp" / "serve.py"
OURS, CALLERS, TOKEN, AUTH = (
    "pnu_of-the-server",
    "pnu_of-the-caller",
    "Bearer of-the-caller",
    "u:of-the-caller",
)
DOCS_TOOLS = {"docs_search_prefect", "docs_get_release_notes"}


@pytest.fixture(scope="module")
def server(docs: DocsServer, api: PrefectAPI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    cwd, port = tmp_path_factory.mktemp("prefect-mcp"), free_port()
    with serving([sys.executable, str(SERVE)], port, environment(port, docs, api, cwd), cwd) as running:
        yield running


def environment(port: int, docs: DocsServer, api: PrefectAPI, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PREFECT_HOME": str(home / "prefect"),
        "FASTMCP_PORT": str(port),
        "FASTMCP_HTTP_ALLOWED_HOSTS": '["prefect-mcp"]',
        "PREFECT_DOCS_MCP_URL": docs.url,
        "PREFECT_API_URL": api.url,
        "PREFECT_API_KEY": OURS,
        "PREFECT_MCP_EXPERIMENTAL_EXECUTION_PLANS_ENABLED": "true",  # the tools that write are to stay away
    }


@asynccontextmanager
async def caller(server: Served, **headers: str) -> AsyncIterator[Client]:
    """A client that sends these headers with every request; an underscore stands for a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx2.AsyncClient(headers=named, timeout=20) as http,
        Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
    ):
        yield client


def text(answer: CallToolResult) -> str:
    assert not answer.is_error, answer.content
    return "".join(getattr(part, "text", "") for part in answer.content)


async def flows(client: Client) -> dict[str, object]:
    answer = await client.call_tool("get_flows", {})
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


async def test_no_credential_reaches_the_docs_host(server: Served, docs: DocsServer, api: PrefectAPI) -> None:
    seen = await headers_at_the_docs_host(server, docs, api)
    assert "mcp-protocol-version" in seen
    for secret in (OURS, CALLERS, TOKEN, AUTH, api.url, "x-prefect", "authorization"):
        assert secret not in seen


@pytest.mark.slow
async def test_prefect_mcps_own_http_mode_still_leaks_them(
    docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    """Why serve.py is there, and that the test above can fail. Once this fails, serve.py may go."""
    port = free_port()
    code = (
        "from prefect_mcp_server.server import mcp; from starlette.responses import Response;"
        "mcp.custom_route('/health', methods=['GET'])(Response()); mcp.run(transport='http')"
    )
    leaky = [sys.executable, "-c", code]
    with serving(leaky, port, environment(port, docs, api, tmp_path), tmp_path) as own:
        seen = await headers_at_the_docs_host(own, docs, api)
    assert CALLERS in seen
    assert TOKEN in seen


async def headers_at_the_docs_host(server: Served, docs: DocsServer, api: PrefectAPI) -> str:
    """All headers that came with a caller's two docs calls, after checking that both were answered."""
    docs.forget()
    credentials = {"X_Prefect_Api_Url": api.url, "X_Prefect_Api_Key": CALLERS, "Authorization": TOKEN}
    async with caller(server, **credentials, X_Prefect_Api_Auth_String=AUTH) as client:
        found = await client.call_tool("docs_search_prefect", {"query": "work pools", "top_k": 2})
        notes = await client.call_tool("docs_get_release_notes", {"version": "3.8.8"})
    assert found.structured_content is not None
    assert len(found.structured_content["results"]) == 2
    assert "Release 3.8.8" in text(notes)
    assert (docs.queries, docs.versions) == (["work pools"], ["3.8.8"])
    return "\n".join(f"{name}: {value}" for headers in docs.headers for name, value in headers.items())


async def test_a_core_tool_reaches_prefect_with_the_servers_key(server: Served, api: PrefectAPI) -> None:
    api.authorizations.clear()
    async with caller(server) as client:
        assert (await flows(client))["success"] is True
    assert set(api.authorizations) == {f"Bearer {OURS}"}


async def test_a_caller_may_bring_a_key_of_its_own(server: Served, api: PrefectAPI) -> None:
    api.authorizations.clear()
    async with caller(server, X_Prefect_Api_Url=api.url, X_Prefect_Api_Key=CALLERS) as client:
        assert (await flows(client))["success"] is True
    assert set(api.authorizations) == {f"Bearer {CALLERS}"}


async def test_nothing_that_writes_is_offered_or_can_be_called(server: Served) -> None:
    async with caller(server) as client:
        tools = (await client.list_tools()).tools
        published = await client.call_tool("execution_plans_publish", {})
    assert {tool.name for tool in tools} >= DOCS_TOOLS
    core = [tool for tool in tools if tool.name not in DOCS_TOOLS]
    assert len(core) >= 12
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in core)
    assert published.is_error


async def test_the_core_tools_stay_when_the_docs_host_is_down(server: Served, docs: DocsServer) -> None:
    with docs.down():
        async with caller(server) as client:
            assert "inspection" in text(await client.call_tool("orientation", {}))


@pytest.mark.parametrize(
    ("elsewhere", "status"),
    [
        ({"Host": "prefect-mcp:8000"}, 200),
        ({"Host": "rebound.example:8000"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"X-Prefect-Api-Url": "http://169.254.169.254/latest/meta-data"}, 400),
        ({"X-Prefect-Api-Url": "http://127.0.0.1:1\\@169.254.169.254/"}, 400),
        ({"X-Prefect-Api-Url": "//"}, 400),
    ],
    ids=["its name", "another name", "a web page", "another host", "a disguised host", "no address"],
)
def test_only_calls_meant_for_it_are_answered(server: Served, elsewhere: dict[str, str], status: int) -> None:
    assert httpx.get(f"{server.url}/health", headers=elsewhere).status_code == status


def test_a_self_hosted_prefects_address_does_not_open_others_on_its_machine(server: Served) -> None:
    other = f"http://127.0.0.1:{free_port()}/api"
    answer = httpx.get(f"{server.url}/mcp", headers={"X-Prefect-Api-Url": other})
    assert answer.status_code == 400
    assert answer.text == "X-Prefect-Api-Url is not on this server's Prefect host.\n"


async def test_it_stops_when_asked_and_starts_no_prefect_of_its_own(docs: DocsServer, tmp_path: Path) -> None:
    port = free_port()
    env = environment(port, docs, PrefectAPI(), tmp_path) | {"PREFECT_API_URL": "", "PREFECT_API_KEY": ""}
    with serving([sys.executable, str(SERVE)], port, env, tmp_path) as server:
        async with caller(server) as client:
            assert (await flows(client))["success"] is False
        assert not (tmp_path / "prefect" / "prefect.db").exists()
        assert server.stop() in {0, -15}
    assert "Traceback" not in server.log.read_text()
