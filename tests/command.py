"""The command line as a user runs it: a real process in an empty home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import REPO

STARTED_S = 60


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


@contextmanager
def serving(env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`call-coach serve` as a process of its own, and its address; it ends with the block. It writes on in
    `log` in its home."""
    home = Path(env["HOME"])
    with (home / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend", "serve", "--port", "0"],
            env=env | {"PYTHONPATH": str(REPO)},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address, (home / "log").read_text()
            yield process, address.group()
        finally:
            process.terminate()
            process.communicate(timeout=STARTED_S)
