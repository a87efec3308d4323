"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from backend.services.docs_snapshot import Snapshot

REPO = Path(__file__).parents[1]

# How long an example takes is the machine's affair: a busy one is no failure.
settings.register_profile("call-coach", deadline=None)
settings.load_profile("call-coach")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the knowledge pack's index, which takes seconds to build."""
    folder = tmp_path_factory.mktemp("indexed")
    Snapshot.open(folder, REPO / "knowledge").close()
    return folder


@pytest.fixture
def data(indexed: Path, tmp_path: Path) -> Path:
    """A data directory of the test's own, `tmp_path / "data"`, that begins with that index."""
    return shutil.copytree(indexed, tmp_path / "data")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data that lies beside the repository where it is developed; a newcomer's clone lacks it."""
    folder = REPO.parent / "shared"
    if not (folder / "calls").is_dir():
        pytest.skip("../shared is not here")
    return folder
