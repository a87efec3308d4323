"""GET /health says the process lives, GET /ready what state its parts are in."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse

from backend.errors import StoreUnavailable
from backend.house import House
from backend.services.doc_cache import CacheStats
from backend.services.docs_snapshot import SnapshotStatus
from backend.services.prefect_mcp import PrefectMCPState
from backend.store.tables import StoreHealth


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """`ready` means that calls can be analysed and stored; the docs may still be away, see `prefect_mcp`."""

    status: Literal["ready", "store unavailable"]
    analyst: Literal["claude", "rules"]
    store: StoreHealth | str
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
        """The state of the store, prefect-mcp, the cache and the snapshot; 503 while the store is away."""
        house: House = request.app.state.house
        store: StoreHealth | str
        try:
            store = await house.store.health()
        except StoreUnavailable as failure:
            store = str(failure)
        broken = isinstance(store, str)
        state = Ready(
            status="store unavailable" if broken else "ready",
            analyst=house.settings.analyst,
            store=store,
            prefect_mcp=house.knowledge.server,
            cache=house.knowledge.cache_stats,
            snapshot=house.snapshot.status(),
        )
        return JSONResponse(state.model_dump(mode="json"), 503 if broken else 200)

    return routes
