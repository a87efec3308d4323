"""`call-coach prefect`, as a process of its own: without a Prefect server, and (slow) against a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.prefect_commands import printable
from tests.conftest import REPO
from tests.services.prefect_server import HOSTILE, prefect_server, run_flows

PATIENCE = 120.0
LISTS = ("deployments", "flows", "runs", "task-runs", "work-pools", "events", "automations")


def call_coach(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `call-coach prefect …` with nothing in its environment but this."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    given = {"HOME": str(home), "PYTHONPATH": str(REPO), "PREFECT_DOCS_MCP_URL": "http://127.0.0.1:1/mcp"}
    return subprocess.run(
        [sys.executable, "-m", "backend", "prefect", *words],
        env={**kept, **given, "no_proxy": "127.0.0.1", **env},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_what_a_terminal_would_obey_is_escaped_and_plain_words_are_left() -> None:
    assert printable("naïve – 東京 🦦 [bold]") == "naïve – 東京 🦦 [bold]"
    assert printable("a\x1b[2Jb\x9bc\u202ed\x07\r\n") == r"a\x1b[2Jb\x9bc\u202ed\x07\r\n"


@pytest.mark.parametrize("command", ["status", "flows"])
def test_without_an_address_the_setting_is_named_and_nothing_is_started(command: str, tmp_path: Path) -> None:
    done = call_coach(tmp_path, command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().startswith("call-coach: Set PREFECT_API_URL")
    assert list(tmp_path.iterdir()) == []


def test_prefect_mcp_turned_off_stays_off(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "schema", "automation", PREFECT_MCP_ENABLED="false")
    assert done.returncode == 2
    assert "PREFECT_MCP_ENABLED" in done.stderr


@pytest.mark.parametrize("words", [("runs", "--state", "nope"), ("logs", "no-uuid"), ("schema", "flow")])
def test_a_wish_that_prefect_cannot_know_is_refused_before_anything_is_asked(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = call_coach(tmp_path, *words, PREFECT_API_URL="http://127.0.0.1:1/api")
    assert done.returncode == 2
    assert "Invalid value" in done.stderr


def test_status_tells_a_server_that_is_down_from_prefect_mcp_that_is_up(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "status", "--json", PREFECT_API_URL="http://127.0.0.1:1/api")
    seen = json.loads(done.stdout)
    assert done.returncode == 1
    assert (seen["prefect_mcp"], seen["docs_tools"]) == ("up", False)
    assert "cannot be reached" in seen["problem"]


# -- a real Prefect server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home) as url:
        run_flows(home, url)
        yield url


@pytest.mark.slow
def test_status_shows_the_version_and_what_failed(server: str, tmp_path: Path) -> None:
    done = call_coach(tmp_path, "status", PREFECT_API_URL=server)
    assert done.returncode == 0, done.stderr
    shown = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert shown["version"].startswith("3.")
    assert shown["failed"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("command", LISTS)
def test_each_list_is_shown_and_no_name_acts_on_the_terminal(
    server: str, command: str, tmp_path: Path
) -> None:
    done = call_coach(tmp_path, command, PREFECT_API_URL=server)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3
    assert "\x1b" not in done.stdout
    if command == "flows":
        assert f"broken {printable(HOSTILE)}" in done.stdout


@pytest.mark.slow
def test_from_a_failed_run_to_its_log(server: str, tmp_path: Path) -> None:
    (run,) = json.loads(
        call_coach(tmp_path, "runs", "--state", "failed", "--json", PREFECT_API_URL=server).stdout
    )
    log = call_coach(tmp_path, "logs", run["id"], PREFECT_API_URL=server).stdout
    assert f"WARNING  the table is gone {printable(HOSTILE)}" in log
    assert "\n  Traceback (most recent call last):\n" in log
    assert "\x1b" not in log
