"""The servers that several of these tests talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.processes import PrefectAPI, prefect_api
from tests.services.docs_fixture import DocsServer


@pytest.fixture(scope="module")
def docs() -> Iterator[DocsServer]:
    server = DocsServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api() -> Iterator[PrefectAPI]:
    with prefect_api() as running:
        yield running
