"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data that lies beside the repository where it is developed; a newcomer's clone lacks it."""
    folder = REPO.parent / "shared"
    if not (folder / "calls").is_dir():
        pytest.skip("../shared is not here")
    return folder
