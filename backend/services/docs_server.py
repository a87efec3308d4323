"""The project's own docs MCP server: what Prefect's public one offers, answered from the local snapshot.

Point prefect-mcp to it with PREFECT_DOCS_MCP_URL. It reads nothing but the snapshot and writes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field
from starlette.applications import Starlette

from backend.facts import Passage
from backend.services.docs_snapshot import Snapshot
from backend.services.synced_docs import symbols

MCP_PATH = "/mcp"
MAX_QUERY_CHARS = 2_000
MAX_NOTES_CHARS = 60_000
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class Result(BaseModel):
    """One passage. `score` is a distance, here its place in the order; `read_at` is when it was read."""

    snippet: str
    id: str
    score: float
    title: str
    link: str | None
    read_at: datetime


class Results(BaseModel):
    """`namespace` says where the passages come from: a synced copy of the docs, or the knowledge pack."""

    query: str
    namespace: str
    results: list[Result]


def create_docs_server(snapshot: Snapshot, allowed_hosts: tuple[str, ...] = LOOPBACK) -> Starlette:
    """An ASGI app that speaks MCP over streamable HTTP at /mcp.

    It answers only requests to these hosts, on any port, so that no web page reaches it by rebinding DNS.
    """
    server = MCPServer(
        "call-coach-docs",
        instructions="Searches Prefect's documentation as Call Coach holds it.",
        log_level="WARNING",
    )

    @server.tool(annotations=READS)
    def search_prefect(
        query: Annotated[str, Field(max_length=MAX_QUERY_CHARS, description="Words to look for.")],
        top_k: Annotated[int, Field(ge=1, le=20, description="Most results to return.")] = 5,
    ) -> Results:
        """Search Prefect's documentation."""
        passages = _found(snapshot, query, top_k)
        synced = any(passage.source == "snapshot" for passage in passages)
        return Results(
            query=query,
            namespace="call-coach-docs" if synced else "call-coach-pack",
            results=[_result(passage, place) for place, passage in enumerate(passages)],
        )

    @server.tool(annotations=READS, structured_output=False)
    def get_release_notes(
        version: Annotated[
            str | None, Field(max_length=40, description="Such as 3.8.2 or 3.8; the newest if left out.")
        ] = None,
    ) -> str:
        """Release notes of a Prefect version, as last synced."""
        release = snapshot.release(version)
        if release is None:
            return f"No release notes for {version or 'any version'} have been synced."
        return f"# {release.title}\n\nSource: {release.url}\n\n{release.text}"[:MAX_NOTES_CHARS]

    return server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[*allowed_hosts, *(f"{host}:*" for host in allowed_hosts)],
            allowed_origins=[f"http://{host}:*" for host in allowed_hosts],
        ),
    )


def _found(snapshot: Snapshot, query: str, k: int) -> list[Passage]:
    """The prose; for a query that is mostly names, commands or versions, the reference on them first."""
    named = sum(len(symbol.split()) for symbol in symbols(query))
    reference = snapshot.reference(query, k) if 2 * named >= len(query.split()) else []
    return [*reference, *snapshot.search(query, k)][:k]


def _result(passage: Passage, place: int) -> Result:
    return Result(
        snippet=(
            f"# Document metadata\ntitle={passage.title!r} link={passage.url or ''!r}\n\n"
            f"# Excerpt content:\n{passage.text}"
        ),
        id=passage.id,
        score=float(place),
        title=passage.title,
        link=passage.url,
        read_at=passage.read_at,
    )
