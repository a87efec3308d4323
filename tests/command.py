"""The command line as a user runs it: a real process in an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPO


def empty_home(folder: Path) -> dict[str, str]:
    """A user's environment: an empty home, nothing set but what a command needs."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SSL_CERT_FILE"}}
    return kept | {"HOME": str(folder), "PREFECT_MCP_ENABLED": "false", "COACH_ANALYST": "rules"}


def call_coach(env: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend", *words],
        env=env | {"PYTHONPATH": str(REPO)},
        cwd=env["HOME"],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
