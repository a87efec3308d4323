"""Our client through every way to a real prefect-mcp that is not its child: HTTP, SSE and Supergateway."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.sse import sse_client

from backend.services.prefect_mcp import PrefectMCP
from tests.conftest import REPO
from tests.deploy.processes import PrefectAPI, Served, free_port, serving
from tests.service import settings_in
from tests.services.docs_fixture import DocsServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SUPERGATEWAY = "supergateway@4.0.0"
SERVE = str(REPO / "deploy" / "prefect-mcp" / "serve.py")
SSE = (
    "from prefect_mcp_server.server import mcp; from starlette.responses import Response;"
    "mcp.custom_route('/health', methods=['GET'])(Response()); mcp.run(transport='sse')"
)
PATIENCE_S = 30.0


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Supergateway from npm, in a folder of its own."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here, so the way through Supergateway is NOT tested")
    folder = tmp_path_factory.mktemp("supergateway")
    install = [npm, "install", "--no-fund", "--no-audit", "--prefix", str(folder), SUPERGATEWAY]
    subprocess.run(install, check=True, capture_output=True, timeout=180)
    return str(folder / "node_modules" / ".bin" / "supergateway")


def environment(port: int, docs: DocsServer, api: PrefectAPI) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "FASTMCP_PORT": str(port),
        "FASTMCP_LOG_LEVEL": "ERROR",
        "FASTMCP_SHOW_SERVER_BANNER": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_DOCS_MCP_URL": docs.url,
        "PREFECT_API_URL": api.url,
    }


def served(
    way: str, docs: DocsServer, api: PrefectAPI, cwd: Path, gateway: str = ""
) -> AbstractContextManager[Served]:
    port = free_port()
    child = ["--stdio", f"{sys.executable} -m prefect_mcp_server", "--healthEndpoint", "/health"]
    command = {
        "http": [sys.executable, SERVE],
        "sse": [sys.executable, "-c", SSE],
        "gateway-sse": [gateway, *child, "--port", str(port)],
        "gateway-http": [
            *(gateway, *child, "--port", str(port)),
            *("--outputTransport", "streamableHttp", "--stateful"),
        ],
    }[way]
    return serving(command, port, environment(port, docs, api), cwd)


def client(transport: str, url: str, folder: Path, **more: object) -> PrefectMCP:
    """The product's own, by its settings."""
    given = {"prefect_mcp_enabled": True, "prefect_mcp_transport": transport, "prefect_mcp_url": url}
    settings = settings_in(folder, **given, **more)
    return PrefectMCP.from_settings(settings, allowed=lambda query: True)


@pytest.mark.parametrize(
    ("way", "transport", "path"),
    [
        ("http", "http", "/mcp"),
        pytest.param("sse", "sse", "/sse", marks=pytest.mark.slow),
        pytest.param("gateway-sse", "sse", "/sse", marks=pytest.mark.slow),
        pytest.param("gateway-http", "http", "/mcp", marks=pytest.mark.slow),
    ],
)
async def test_our_client_is_answered(
    way: str,
    transport: str,
    path: str,
    docs: DocsServer,
    api: PrefectAPI,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    gateway = request.getfixturevalue("gateway") if "gateway" in way else ""
    docs.forget()
    with served(way, docs, api, tmp_path, gateway) as server:
        async with client(transport, server.url + path, tmp_path) as prefect:
            assert await prefect.ready(PATIENCE_S)
            assert prefect.state.transport == transport
            hits = await asyncio.gather(
                *(prefect.search_docs(f"work pools {k}", top_k=k, timeout=PATIENCE_S) for k in (1, 2, 3))
            )
            notes = await prefect.release_notes("3.8.8", PATIENCE_S)
            flows = await prefect.call("get_flows", {}, timeout=PATIENCE_S)
    assert [len(found) for found in hits] == [1, 2, 3]
    assert sorted(docs.queries) == ["work pools 1", "work pools 2", "work pools 3"]
    assert "Release 3.8.8" in notes
    assert isinstance(flows, dict)
    assert flows["flows"] == []


async def test_our_clients_credentials_reach_prefect_and_not_the_docs_host(
    docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    docs.forget()
    api.authorizations.clear()
    own = {"prefect_api_url": api.url, "prefect_api_key": "pnu_of-the-backend"}
    with served("http", docs, api, tmp_path) as server:
        async with client("http", f"{server.url}/mcp", tmp_path, **own) as prefect:
            await prefect.call("get_flows", {}, timeout=PATIENCE_S)
            assert await prefect.search_docs("work pools", top_k=1, timeout=PATIENCE_S)
    assert set(api.authorizations) == {"Bearer pnu_of-the-backend"}
    assert docs.headers
    assert "pnu_" not in str(docs.headers)
    assert "x-prefect" not in str(docs.headers)


@pytest.mark.slow
async def test_supergateway_misroutes_among_several_clients_over_sse(
    gateway: str, docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    """The trap that README names: one gateway a client, or `--stateful`. Once this fails, so may it go."""

    async def ask(url: str, who: str, within: float) -> int:
        """How many of a client's questions are not answered with what it asked."""
        wrong = 10
        # The SDK cannot close while an answer to somebody else arrives.
        with suppress(ExceptionGroup):
            async with Client(sse_client(url), mode="legacy", cache=None) as mcp:
                wrong = sum([await misses(mcp, f"{who} {turn}", within) for turn in range(10)])
        return wrong

    async def misses(mcp: Client, query: str, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                answer = await mcp.call_tool("docs_search_prefect", {"query": query})
            return (answer.structured_content or {}).get("query") != query
        except TimeoutError:
            return True

    with served("gateway-sse", docs, api, tmp_path, gateway) as server:
        alone = await ask(f"{server.url}/sse", "one", PATIENCE_S)
        crowd = await asyncio.gather(*(ask(f"{server.url}/sse", who, 5) for who in ("two", "three", "four")))
    assert alone == 0
    assert sum(crowd) > 0


@pytest.mark.slow
async def test_supergateway_with_sessions_answers_each_client_itself(
    gateway: str, docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    async def ask(url: str, who: str) -> list[str]:
        """What a client's questions were answered with, by the question the answer repeats."""
        async with Client(url, mode="legacy", cache=None) as mcp:
            answers = [
                await mcp.call_tool("docs_search_prefect", {"query": f"{who} {turn}"}) for turn in range(5)
            ]
        return [str((answer.structured_content or {}).get("query")) for answer in answers]

    with served("gateway-http", docs, api, tmp_path, gateway) as server:
        answered = await asyncio.gather(*(ask(f"{server.url}/mcp", who) for who in ("one", "two", "three")))
    assert answered == [[f"{who} {turn}" for turn in range(5)] for who in ("one", "two", "three")]
