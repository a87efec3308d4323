"""What `make` would do, asked with --dry-run."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import REPO

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def would_do(*words: str) -> str:
    # The tests are run by make themselves; what it tells its own children is not for this one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", "--always-make", *words]
    return subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("words", "runs"), [(["PORT=8123"], "demo --port 8123"), (["PORT="], "demo")])
def test_the_demo_listens_where_it_is_told_to(words: list[str], runs: str) -> None:
    assert would_do("demo", *words).rstrip().endswith(f"call-coach {runs}")


def test_an_environment_that_takes_its_time_says_so_first() -> None:
    told = would_do("env")
    assert told.index("Making .venv (about a minute)") < told.index("requirements.lock")
