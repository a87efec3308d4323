"""Routes over a real store that holds the sample call, and nothing else of the house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace

from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from backend.pages.page import PageFiles
from backend.store import Store
from tests.sample_report import sample_report


@contextmanager
def client_of(routes: APIRouter, folder: Path) -> Iterator[TestClient]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Store.open(None, folder) as store:
            await store.save(sample_report())
            app.state.house = SimpleNamespace(store=store)
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(routes)
    app.mount("/static", PageFiles())
    with TestClient(app) as client:
        yield client
