"""A prefect-mcp elsewhere, over streamable HTTP and SSE, and a docs server without it: real processes."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from backend.errors import DocsUnreachable, PrefectRefused, PrefectUnreachable
from backend.services.mcp_credentials import CloudToken
from backend.services.prefect_mcp import Remote
from backend.services.prefect_tools import PrefectTools
from tests.conftest import REPO
from tests.deploy.processes import PrefectAPI, Served, free_port, prefect_api, serving
from tests.services.docs_fixture import DocsServer
from tests.services.mcp_fixture import AUTH, KEY, PATIENCE, running, settings_for, until
from tests.services.prefect_cloud import prefect_cloud

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Kind = Literal["http", "sse"]
PATHS = {"http": "/mcp", "sse": "/sse"}
SERVE = """
import sys; sys.path.insert(0, sys.argv[1])
from serve import build
build().run(transport=sys.argv[2], show_banner=False, uvicorn_config={"log_level": "critical"})
"""


SERVE_CLOUD = """
from prefect_mcp_server.cloud import mcp
from starlette.responses import PlainTextResponse
@mcp.custom_route("/health", methods=["GET"])
async def health(_): return PlainTextResponse("alive")
mcp.run(transport="http", show_banner=False, uvicorn_config={"log_level": "critical"})
"""


@pytest.fixture(scope="module")
def api() -> Iterator[PrefectAPI]:
    with prefect_api() as running_api:
        yield running_api


@contextmanager
def prefect_mcp(kind: Kind, port: int, docs: DocsServer, cwd: Path) -> Iterator[Served]:
    """The server that is deployed, without credentials of its own."""
    command = [sys.executable, "-c", SERVE, str(REPO / "deploy" / "prefect-mcp"), kind]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "FASTMCP_PORT": str(port),
        "PREFECT_DOCS_MCP_URL": docs.url,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }
    with serving(command, port, env, cwd) as served:
        yield served


def remote(kind: Kind, port: int, docs: DocsServer, api_url: str) -> Remote:
    settings = settings_for(
        docs,
        prefect_mcp_transport=kind,
        prefect_mcp_url=f"http://127.0.0.1:{port}{PATHS[kind]}",
        prefect_api_url=api_url,
    )
    return replace(Remote.from_settings(settings), backoff_s=0.05, backoff_max_s=0.2)


def secrets_in(docs: DocsServer) -> list[str]:
    return [
        value
        for headers in docs.headers
        for name, value in headers.items()
        if name in {"authorization", "cookie"}
        or name.startswith("x-prefect")
        or KEY in value
        or AUTH in value
    ]


@pytest.mark.parametrize("kind", ["http", "sse"])
async def test_a_server_elsewhere_answers_survives_and_tells_the_docs_server_no_secret(
    kind: Kind, docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    port = free_port()
    api.authorizations.clear()
    with prefect_mcp(kind, port, docs, tmp_path) as first:
        client_is = running(remote(kind, port, docs, api.url))
        async with client_is as client:
            assert await client.ready(within=PATIENCE)
            answers = await asyncio.gather(
                *(client.search_docs(f"workers {n}", top_k=2, timeout=PATIENCE) for n in range(8))
            )
            assert [len(answer) for answer in answers] == [2] * 8
            assert "## Release" in await client.release_notes("latest", timeout=PATIENCE)
            assert await client.call("get_flows", {}, timeout=PATIENCE)
            state = client.state
            assert (state.state, state.transport, state.docs_tools, state.pids) == ("up", kind, True, [])
            assert api.authorizations
            assert set(api.authorizations) == {f"Bearer {KEY}"}
            assert docs.headers
            assert secrets_in(docs) == []

            first.stop()
            with pytest.raises(PrefectUnreachable):
                await client.call("orientation", {}, timeout=PATIENCE)
            await until(lambda: "127.0.0.1 cannot be reached" in (client.state.last_error or ""))
            with prefect_mcp(kind, port, docs, tmp_path):
                await until(lambda: client.state.state == "up")
                assert await client.search_docs("workers", timeout=PATIENCE)


async def test_a_server_that_has_forgotten_our_session_is_met_anew_and_the_call_is_answered(
    docs: DocsServer, api: PrefectAPI, tmp_path: Path
) -> None:
    port = free_port()
    with prefect_mcp("http", port, docs, tmp_path) as first:
        async with running(remote("http", port, docs, api.url)) as client:
            assert await client.search_docs("workers", timeout=PATIENCE)
            first.stop()
            with prefect_mcp("http", port, docs, tmp_path):
                calls = (client.search_docs(f"flows {n}", timeout=PATIENCE) for n in range(4))
                assert [len(hits) for hits in await asyncio.gather(*calls)] == [5] * 4
                assert (client.state.restarts, client.state.errors) == (1, 0)


async def test_a_service_account_of_prefect_clouds_opens_prefect_mcp_and_its_token_is_renewed(
    docs: DocsServer, tmp_path: Path
) -> None:
    now = 0.0
    port = free_port()
    with prefect_cloud() as cloud:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "FASTMCP_PORT": str(port),
            "PREFECT_MCP_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "PREFECT_MCP_CLOUD_ENABLED": "true",
            "PREFECT_MCP_CLOUD_AUTH_TOKEN_KEY": cloud.key,
            "PREFECT_MCP_CLOUD_AUTH_BASE_URL": cloud.url,
            "PREFECT_DOCS_MCP_URL": docs.url,
        }
        settings = settings_for(
            docs,
            prefect_mcp_transport="http",
            prefect_mcp_url=f"http://127.0.0.1:{port}/mcp",
            prefect_mcp_cloud_client_id="us",
            prefect_mcp_cloud_client_secret="a-secret",
            prefect_mcp_cloud_auth_base_url=cloud.url,
        )
        reach = Remote.from_settings(settings)
        assert reach.token
        token = CloudToken("us", SecretStr("a-secret"), cloud.url, clock=lambda: now)
        with serving([sys.executable, "-c", SERVE_CLOUD], port, env, tmp_path):
            async with running(replace(reach, token=token)) as client:
                tools = PrefectTools(client, PATIENCE)
                assert [one.workspace_name for one in await tools.workspaces()] == ["ours"]
                now = 239
                assert await tools.workspaces()
                assert cloud.given == 1
                now = 241  # it lives for 300
                assert await tools.workspaces()
                assert await client.search_docs("workers", timeout=PATIENCE)
                assert cloud.given == 2
                assert client.state.restarts == 0


async def test_straight_to_a_docs_server_there_are_docs_and_nothing_else(docs: DocsServer) -> None:
    reach = Remote.from_settings(settings_for(docs, prefect_mcp_transport="docs"))
    async with running(replace(reach, backoff_s=0.05, backoff_max_s=0.2)) as client:
        assert len(await client.search_docs("workers", top_k=3, timeout=PATIENCE)) == 3
        assert "3.4.0" in await client.release_notes("3.4.0", timeout=PATIENCE)
        assert client.state.docs_tools
        with pytest.raises(PrefectRefused):
            await client.call("get_flows", {}, timeout=PATIENCE)
        assert secrets_in(docs) == []
        with docs.down(), pytest.raises(DocsUnreachable):
            await client.search_docs("workers", timeout=PATIENCE)
        await until(lambda: client.state.state == "up" and client.state.docs_tools)
        assert await client.search_docs("workers", timeout=PATIENCE)


async def test_a_hanging_docs_server_holds_neither_a_call_nor_the_end(docs: DocsServer) -> None:
    reach = Remote.from_settings(settings_for(docs, prefect_mcp_transport="docs"))
    async with running(reach) as client:
        assert await client.search_docs("workers", timeout=PATIENCE)
        docs.behaviour = "hangs"
        try:
            with pytest.raises(DocsUnreachable, match=r"within 0\.2 seconds"):
                await client.search_docs("workers", timeout=0.2)
        finally:
            docs.behaviour = "answers"


async def _trouble(
    answer: bytes,
    tls: ssl.SSLContext | None = None,
    transport: Literal["http", "sse", "docs"] = "docs",
) -> str:
    """What is said of a server whose every answer is this one."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        scheme = "https" if tls else "http"
        url = f"{scheme}://127.0.0.1:{port}/mcp"
        reach = Remote(transport=transport, url=url, start_timeout_s=5)
        async with running(reach) as client:
            with pytest.raises(DocsUnreachable) as failure:
                await client.search_docs("workers", timeout=PATIENCE)
    return str(failure.value)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 307 No\r\nLocation: http://elsewhere.example/mcp\r\nContent-Length: 0\r\n\r\n",
            "Redirect to",
        ),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "error response"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
            "cannot be reached",
        ),
        (b"\x00\x01garbage", "cannot be reached"),
    ],
)
async def test_what_is_wrong_with_a_server_is_said_in_one_sentence(answer: bytes, why: str) -> None:
    said = await _trouble(answer)
    assert why in said
    assert "127.0.0.1 cannot be reached" in said
    assert "\n" not in said


@pytest.mark.parametrize("status", ["401", "403"])
@pytest.mark.parametrize(
    ("transport", "setting"),
    [("docs", "PREFECT_DOCS_MCP_URL"), ("http", "PREFECT_API_KEY"), ("sse", "PREFECT_API_KEY")],
)
async def test_a_refusal_names_the_setting_that_matters(
    transport: Literal["http", "sse", "docs"], setting: str, status: str
) -> None:
    said = await _trouble(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode(), transport=transport)
    assert f"it refuses us (HTTP {status})" in said
    assert [name for name in re.findall(r"PREFECT_\w+", said) if name != "PREFECT_API_AUTH_STRING"] == [
        setting
    ]


@pytest.fixture
def nobodys(tmp_path: Path) -> ssl.SSLContext:
    """TLS with a certificate that only itself vouches for."""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(made.split(), check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    return tls


async def test_a_certificate_that_nobody_vouches_for_is_said(nobodys: ssl.SSLContext) -> None:
    said = await _trouble(b"", nobodys)
    assert "its certificate is not trusted" in said
    assert "SSL_CERT_FILE" in said
