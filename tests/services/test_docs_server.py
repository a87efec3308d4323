"""Our docs MCP server, asked straight and through the real prefect-mcp process."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from backend.services.docs_server import create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync
from tests.conftest import REPO
from tests.services.docs_tree import write_docs

pytestmark = pytest.mark.anyio
KNOWLEDGE = REPO / "knowledge"


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[str]:
    """The address of our docs server over this data directory."""
    snapshot = Snapshot.open(data, KNOWLEDGE)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_docs_server(snapshot), log_level="error", ws="none")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        try:
            async with asyncio.timeout(20):
                while not server.started:
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await running
            snapshot.close()


async def search(client: Client, tool: str = "search_prefect", **arguments: object) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


async def test_a_synced_copy_answers_in_the_public_servers_shape(data: Path, tmp_path: Path) -> None:
    synced = sync(write_docs(tmp_path / "docs"), data)
    async with serving(data) as url, Client(url) as client:
        answer = await search(client, query="workers polling for work", top_k=2)
        notes = await client.call_tool("get_release_notes", {"version": "3.9"})
        none = await client.call_tool("get_release_notes", {"version": "9.9"})
    assert (answer["query"], answer["namespace"]) == ("workers polling for work", "call-coach-docs")
    first = answer["results"][0]
    assert first["title"] == "Workers"
    assert first["link"].startswith("https://docs.prefect.io/v3/concepts/workers")
    header, words = first["snippet"].split("# Excerpt content:\n")
    assert header.startswith("# Document metadata\ntitle='Workers' link='https://docs.prefect.io/")
    assert "Workers poll for work every 15 seconds by default." in words
    assert first["read_at"].startswith(synced.synced_at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert [result["score"] for result in answer["results"]] == [0.0, 1.0]
    assert "Nine is out." in notes.content[0].text  # type: ignore[union-attr]  # a text, by its tool
    assert "No release notes for 9.9" in none.content[0].text  # type: ignore[union-attr]


async def test_names_commands_and_versions_are_looked_for_in_the_reference_first(
    data: Path, tmp_path: Path
) -> None:
    docs = write_docs(tmp_path / "docs")
    page = docs / "v3/api-ref/python/prefect-flows.mdx"
    page.parent.mkdir(parents=True)
    page.write_text("---\ntitle: flows\n---\n\n## serve\n\n`prefect.flows.serve` starts workers polling.\n")
    sync(docs, data)
    async with serving(data) as url, Client(url) as client:
        name = await search(client, query="prefect.flows.serve", top_k=3)
        version = await search(client, query="3.10.1", top_k=1)
        spoken = await search(client, query="who serves the workers polling in prefect.flows.serve", top_k=20)
    assert name["results"][0]["link"] == "https://docs.prefect.io/v3/api-ref/python/prefect-flows#serve"
    assert len(name["results"]) == 3
    assert "/release-notes/" in version["results"][0]["link"]
    assert all("/api-ref/" not in result["link"] for result in spoken["results"])


async def test_without_a_copy_the_pack_answers_with_its_own_date(data: Path) -> None:
    async with serving(data) as url, Client(url) as client:
        answer = await search(client, query="worker poll interval", top_k=20)
    assert answer["namespace"] == "call-coach-pack"
    assert 0 < len(answer["results"]) <= 20
    assert answer["results"][0]["read_at"] == "2026-08-21T00:00:00Z"


async def test_only_searching_and_release_notes_are_offered_and_both_only_read(data: Path) -> None:
    async with serving(data) as url, Client(url) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["search_prefect", "get_release_notes"]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)


@pytest.mark.parametrize(
    "arguments",
    [{"query": "worker", "top_k": 21}, {"query": "worker", "top_k": 0}, {"query": "w" * 2001}, {"top_k": 3}],
)
async def test_arguments_out_of_bounds_are_refused(data: Path, arguments: dict[str, object]) -> None:
    async with serving(data) as url, Client(url) as client:
        assert (await client.call_tool("search_prefect", arguments)).is_error


async def test_a_page_in_a_browser_cannot_reach_it_by_another_name(data: Path) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    async with serving(data) as url, httpx.AsyncClient() as browser:
        rebound = await browser.post(url, json=body, headers=accept | {"Host": "evil.example"})
        foreign = await browser.post(url, json=body, headers=accept | {"Origin": "https://evil.example"})
    assert rebound.status_code == 421
    assert foreign.status_code == 403


async def test_the_real_prefect_mcp_passes_on_words_namespace_and_reading_time(
    data: Path, tmp_path: Path
) -> None:
    synced = sync(write_docs(tmp_path / "docs"), data)
    (tmp_path / "empty").mkdir()
    async with serving(data) as url:
        child = StdioServerParameters(
            command=sys.executable,
            args=["-m", "prefect_mcp_server"],
            cwd=tmp_path / "empty",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path / "empty"),
                "PREFECT_DOCS_MCP_URL": url,
                "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
                "FASTMCP_CHECK_FOR_UPDATES": "off",
                "FASTMCP_SHOW_SERVER_BANNER": "false",
                "FASTMCP_LOG_LEVEL": "ERROR",
                "DO_NOT_TRACK": "1",
            },
        )
        async with asyncio.timeout(60), Client(stdio_client(child)) as client:
            answer = await search(client, "docs_search_prefect", query="workers polling for work", top_k=2)
            notes = await client.call_tool("docs_get_release_notes", {"version": "3.10.1"})
    assert answer["namespace"] == "call-coach-docs"
    assert "Workers poll for work every 15 seconds" in answer["results"][0]["snippet"]
    assert answer["results"][0]["read_at"].startswith(synced.synced_at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert "A fix." in notes.content[0].text  # type: ignore[union-attr]  # a text, by its tool
