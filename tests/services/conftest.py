"""What these tests share: a real docs server; for look-ups the real prefect-mcp, the pack and a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.analysis.queries import can_be_asked, write_query
from backend.facts import DocQuery
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import ProductKnowledge
from backend.services.prefect_mcp import PrefectMCP
from backend.settings import Settings
from backend.store import Store
from tests.conftest import REPO
from tests.service import settings_in
from tests.services.docs_fixture import DocsServer
from tests.services.lookups import PATIENCE, knowing


@pytest.fixture(scope="module")
def docs_server() -> Iterator[DocsServer]:
    server = DocsServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def docs(docs_server: DocsServer) -> DocsServer:
    docs_server.forget()
    return docs_server


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    with closing(Snapshot.open(tmp_path_factory.mktemp("snapshot"), REPO / "knowledge")) as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def settings(docs_server: DocsServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(
        tmp_path_factory.mktemp("data"),
        prefect_mcp_enabled=True,
        prefect_docs_mcp_url=docs_server.url,
        coach_look_up_seconds=PATIENCE,
        coach_docs_rest_seconds=0.1,
    )


@pytest.fixture(scope="module")
async def client(settings: Settings, snapshot: Snapshot) -> AsyncIterator[PrefectMCP]:
    async with PrefectMCP.from_settings(settings, allowed=snapshot.is_product_vocabulary) as client:
        assert await client.ready(within=PATIENCE)
        yield client


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(None, tmp_path) as store:
        yield store


@pytest.fixture
def queries(snapshot: Snapshot) -> list[DocQuery]:
    return [write_query(fact) for fact in snapshot.pack.facts if can_be_asked(fact)][:12]


@pytest.fixture
async def knowledge(
    settings: Settings, snapshot: Snapshot, client: PrefectMCP, store: Store
) -> AsyncIterator[ProductKnowledge]:
    async with knowing(settings, snapshot, client, store) as knowledge:
        yield knowledge
