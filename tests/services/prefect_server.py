"""A real Prefect server on a loopback port, with a home and a database of its own, and something in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.settings import Settings
from tests.service import settings_in

HERE = Path(__file__).parent
PATIENCE = 120.0
HOSTILE = "[bold red] \x1b[2J"
"""In a flow's name and log: it would colour a table and clear the screen."""


@contextmanager
def prefect_server(home: Path, auth: str | None = None) -> Iterator[str]:
    """Run a server until the block ends; its API's address. `auth` is `user:password`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        env = _quiet(home) | ({"PREFECT_SERVER_API_AUTH_STRING": auth} if auth else {})
        program = [sys.executable, str(HERE / "prefect_app.py"), str(listener.fileno())]
        with (home / "server.log").open("wb") as log:
            server = subprocess.Popen(
                program, env=env, stdout=log, stderr=log, cwd=home, pass_fds=[listener.fileno()]
            )
    try:
        _wait_for(server, url, home / "server.log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def run_flows(home: Path, url: str, auth: str | None = None) -> None:
    """Fill a server with the runs and objects of prefect_flows.py."""
    env = _quiet(home) | {"PREFECT_API_URL": url} | ({"PREFECT_API_AUTH_STRING": auth} if auth else {})
    done = subprocess.run(
        [sys.executable, str(HERE / "prefect_flows.py"), HOSTILE],
        env=env,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def prefect_settings(folder: Path, url: str | None, auth: str | None = None) -> Settings:
    """Settings for this server, with no docs host behind prefect-mcp."""
    nowhere = "http://127.0.0.1:1/mcp"
    given: dict[str, object] = {"prefect_mcp_enabled": True, "prefect_docs_mcp_url": nowhere}
    return settings_in(folder, **given, prefect_api_url=url, prefect_api_auth_string=auth)


def _wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """The port listens from the first moment, and the health check answers once all is up."""
    began = time.monotonic()
    while True:
        assert server.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() - began < PATIENCE, "the Prefect server did not come up"
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=PATIENCE):
                return
        except OSError:
            time.sleep(0.1)


def _quiet(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "DO_NOT_TRACK": "1",
        "no_proxy": "127.0.0.1",
    }
