"""The web service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from backend.house import House
from backend.jobs import Jobs
from backend.pages.page import PageFiles
from backend.routes import (
    analyze,
    calls,
    exports,
    forms,
    health,
    jobs,
    judgements,
    knowledge,
    metrics,
    pages,
    people,
)
from backend.routes.door import Door
from backend.routes.problems import answer_errors
from backend.routes.turnstile import Turnstile
from backend.settings import LOOPBACK


def create_app(house: House) -> FastAPI:
    """The service in front of an open house, which outlives it. While it runs, it takes up jobs."""
    at_work = Jobs(house)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with at_work.running():
            yield

    # The interactive docs would load their script from another host.
    app = FastAPI(title="Call Coach", version="0.1.0", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.house, app.state.jobs = house, at_work
    settings = house.settings
    # Event streams are left alone by Starlette. The length of a compressed answer tells whoever can choose
    # some of its words something of the others (BREACH). Tokens stand in headers and cookies alone, and no
    # other site's page can ask for customers' words in a user's name: the cookie is SameSite=Strict.
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(
        Door,
        tokens=settings.tokens,
        manager_tokens=settings.manager_tokens,
        max_body_bytes=settings.max_body_bytes,
        loopback_only=settings.coach_host in LOOPBACK and not settings.tokens,
    )
    app.add_middleware(Turnstile, meters=house.meters)
    answer_errors(app)
    rooms = (analyze, calls, exports, forms, health, jobs, judgements, knowledge, metrics, people)
    for router in (*(room.router() for room in rooms), pages.pages_router()):
        app.include_router(router)
    app.mount("/static", PageFiles(), name="static")
    return app
