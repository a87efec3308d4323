"""Listening sockets and the servers behind them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from backend.app import create_app
from backend.errors import UnusableSetting
from backend.house import open_house
from backend.jobs import Jobs
from backend.services.docs_server import create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.settings import LOOPBACK, Settings

SHUTDOWN_S = 10


async def serve_app(settings: Settings) -> None:
    """Serve Call Coach until a signal ends it."""
    with listen(settings.coach_host, settings.coach_port) as listener:
        async with open_house(settings) as house:
            typer.echo(f"Call Coach is at {address(listener)}")  # on stdout: stderr is the log
            await _Server(_config(create_app(house))).serve(sockets=[listener])


async def serve_as_worker(settings: Settings, worker: int, listener: socket.socket) -> None:
    """Serve as one of several processes behind a socket, until a signal ends it."""
    with listener:
        async with open_house(settings, worker=worker) as house:
            await _Server(_config(create_app(house))).serve(sockets=[listener])


async def serve_docs(settings: Settings, host: str, port: int) -> None:
    """Serve the local documentation over MCP until a signal ends it."""
    if host not in LOOPBACK:
        raise UnusableSetting("The docs server has no login: it only listens on this machine (127.0.0.1).")
    with listen(host, port) as listener:
        snapshot = await asyncio.to_thread(
            Snapshot.open, settings.coach_data_dir, settings.coach_knowledge_dir
        )
        with closing(snapshot):
            typer.echo(f"The docs MCP server is at {address(listener)}/mcp")
            await uvicorn.Server(_config(create_docs_server(snapshot))).serve(sockets=[listener])


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket) -> AsyncIterator[str]:
    """The app served in the background while the block runs; gives its address."""
    server = _Background(_config(app))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
                raise UnusableSetting("A server could not be started; its log says why.")
            await asyncio.sleep(0.01)
        yield address(listener)
    finally:
        server.should_exit = True
        await task


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises UnusableSetting where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UnusableSetting(
            f"Port {port} on {host} cannot be used ({error.strerror or error}); choose another with --port."
        ) from None
    # asyncio sets this only on sockets made with an explicit protocol; without it small answers wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Has those who follow jobs told that it stops: else it would wait for the end of what they hear."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, Starlette) and isinstance(jobs := getattr(app.state, "jobs", None), Jobs):
            jobs.leave()
        await super().shutdown(sockets)


class _Background(_Server):
    """Leaves signals to whoever started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    # Without a log_config of its own, uvicorn's warnings go the way of all others (backend/logs.py).
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
