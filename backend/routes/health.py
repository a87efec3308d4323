"""GET /health says the process lives, GET /ready what state its parts are in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse

from backend.analysis.claude_bill import Spending
from backend.errors import StoreUnavailable
from backend.house import House
from backend.services.cache_counts import CacheStats
from backend.services.docs_snapshot import SnapshotStatus
from backend.services.prefect_mcp import PrefectMCPState
from backend.store.tables import StoreHealth

STORE_S = 3
"""How long the store may take to answer here: less than a probe waits, so that it hears why."""


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """`ready`: calls can be analysed and stored, and the pages shown. `troubles` are sentences on what else
    is away. They are no reason to send calls elsewhere: an analysis does without it, and its report says so.
    `claude` is what it has cost this month; None where it is not set up, or the store does not say.
    """

    status: Literal["ready", "store unavailable"]
    troubles: list[str]
    analyst: Literal["claude", "rules"]
    store: StoreHealth | str
    claude: Spending | None
    prefect_mcp: PrefectMCPState
    cache: CacheStats
    snapshot: SnapshotStatus


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> Health:
        """Alive."""
        return Health()

    @routes.get("/ready", response_model=Ready, responses={503: {"model": Ready}})
    async def ready(request: Request) -> JSONResponse:
        """The state of the store, prefect-mcp, the cache and the snapshot; 503 while the store is away, and
        for nothing else."""
        house: House = request.app.state.house
        store = await _store(house)
        broken = isinstance(store, str)
        state = Ready(
            status="store unavailable" if broken else "ready",
            troubles=list(_troubles(house.knowledge.server)),
            analyst=house.settings.analyst,
            store=store,
            claude=None if broken else await _spending(house),
            prefect_mcp=house.knowledge.server,
            cache=house.knowledge.cache_stats,
            snapshot=house.snapshot.status(),
        )
        return JSONResponse(state.model_dump(mode="json"), 503 if broken else 200)

    return routes


async def _store(house: House) -> StoreHealth | str:
    """What the store is, or a sentence on why it cannot be used."""
    try:
        async with asyncio.timeout(STORE_S):
            return await house.store.health()
    except StoreUnavailable as failure:
        return str(failure)
    except TimeoutError:
        return f"The store did not answer within {STORE_S} seconds."


async def _spending(house: House) -> Spending | None:
    try:
        async with asyncio.timeout(STORE_S):
            return await house.claude.spending() if house.claude else None
    except (StoreUnavailable, TimeoutError):
        return None


def _troubles(now: PrefectMCPState) -> Iterator[str]:
    if now.state == "starting":
        yield "prefect-mcp is starting."
    elif now.state == "restarting":
        yield "prefect-mcp does not answer, and is connected to anew."
    elif now.state == "up" and not now.docs_tools:
        yield "prefect-mcp offers no docs tools, as where it cannot reach the docs server."
    if 0 < now.connections < now.pool:
        yield f"Of {now.pool} connections to prefect-mcp, {now.connections} are open."
    if now.circuit != "closed":
        yield "The docs server keeps failing, and is left alone for a while."
