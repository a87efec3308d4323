"""Services in processes of their own, and the bare one that ours is measured beside.

The bare one is a plain FastAPI route that parses and validates the same body by the same model, no more.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
from fastapi import FastAPI

from backend.routes.analyze import AnalyzeRequest
from backend.serving import address, listen
from bench.scene import PYTHON

OURS = ("-m", "backend", "serve")
BARE = ("-m", "uvicorn", "bench.services:bare_app", "--factory", "--log-level", "warning")
START_S = 120


class Service(NamedTuple):
    """`started_s` is how long it took from the command until /health answered."""

    http: httpx.AsyncClient
    started_s: float
    pid: int


def bare_app() -> FastAPI:
    app = FastAPI()

    @app.get("/health")
    async def health() -> bool:
        return True

    @app.post("/analyze")
    async def analyze(body: AnalyzeRequest) -> int:
        return len(body.model_fields_set)

    return app


@asynccontextmanager
async def running(command: tuple[str, ...], env: Mapping[str, str]) -> AsyncIterator[Service]:
    with listen("127.0.0.1", 0) as free:
        url = address(free)
    port = url.rpartition(":")[2]
    quiet = asyncio.subprocess.DEVNULL
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        PYTHON, *command, "--port", port, env=os.environ | env, stdout=quiet, stderr=quiet
    )
    try:
        async with httpx.AsyncClient(base_url=url, timeout=300) as http, asyncio.timeout(START_S) as starting:
            while not await _healthy(http):
                if process.returncode is not None:
                    raise SystemExit(f"{' '.join(command)} ended before it answered.")
                await asyncio.sleep(0.01)
            started = time.perf_counter() - begun
            starting.reschedule(None)
            yield Service(http, started, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _healthy(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health")).status_code == 200
    except httpx.TransportError:
        return False
