"""prefect-mcp over streamable HTTP, as it is deployed: read-only, and the docs host sees no credentials.

prefect-mcp's own HTTP mode forwards each caller's X-Prefect-* and Authorization headers to the docs server,
which is a public one by default. Here the docs tools are mounted through a client that forwards none.

FastMCP's settings say where it listens: FASTMCP_HOST, FASTMCP_PORT, and FASTMCP_HTTP_ALLOWED_HOSTS (a JSON
list) for the names by which it may be called beside its own address. GET /health answers while it lives.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from fastmcp import FastMCP

CLOUD = "https://api.prefect.cloud"
QUIET = {
    # Without a PREFECT_API_URL, any tool about flows would start a 235 MB Prefect server of its own.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # A docs host that hangs stalls the list of tools and each docs call this long (seconds).
    "PREFECT_DOCS_MCP_INIT_TIMEOUT": "2",
    "DO_NOT_TRACK": "1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_ENABLE_RICH_LOGGING": "false",
    "FASTMCP_LOG_LEVEL": "WARNING",
}


class OnePrefect:
    """Refuses an X-Prefect-Api-Url on another host than PREFECT_API_URL's (Prefect Cloud's without one).

    The header names where the server sends requests to: unchecked, whoever reaches it could have it call
    any address of the cluster.
    """

    def __init__(self, app: ASGIApp, *, api_url: str) -> None:
        self._app = app
        self._origin = _origin(api_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope).getlist("x-prefect-api-url") if scope["type"] == "http" else []
        if any(_origin(url) != self._origin for url in asked):
            refusal = PlainTextResponse("X-Prefect-Api-Url is not on this server's Prefect host.\n", 400)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _origin(url: str) -> tuple[str, bytes] | None:
    try:
        parsed = httpx.URL(url)  # read by the library that would send the request
    except httpx.InvalidURL:
        return None
    return parsed.scheme, parsed.netloc


def build() -> FastMCP:
    """The server: the core tools, the docs tools, nothing that writes."""
    # Imported late: Prefect and FastMCP read the environment as they are imported.
    from fastmcp.client.transports import ClientTransport
    from fastmcp.server import create_proxy
    from fastmcp.server.providers.proxy import ProxyClient
    from prefect_mcp_server.execution_plans import EXECUTION_PLAN_TOOL_NAMES
    from prefect_mcp_server.server import build_prefect_mcp_server
    from prefect_mcp_server.settings import settings

    server = build_prefect_mcp_server(include_docs_proxy=False)
    for writes in EXECUTION_PLAN_TOOL_NAMES:  # hidden by default, but callable, and one setting away
        server.local_provider.remove_tool(writes)
    docs: ProxyClient[ClientTransport] = ProxyClient(
        settings.docs_mcp.url, init_timeout=settings.docs_mcp.init_timeout, forward_incoming_headers=False
    )
    server.mount(create_proxy(docs, name="Prefect Documentation Search"), namespace="docs")

    @server.custom_route("/health", methods=["GET"], include_in_schema=False)
    async def health(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    return server


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    api_url = os.environ.get("PREFECT_API_URL") or CLOUD
    build().run(
        transport="http",
        show_banner=False,
        stateless_http=True,  # any replica answers any request
        json_response=True,
        host_origin_protection=True,  # a web page cannot reach it by a name it controls
        middleware=[Middleware(OnePrefect, api_url=api_url)],
        uvicorn_config={"access_log": False, "log_level": "warning", "server_header": False},
    )


if __name__ == "__main__":
    main()
