"""`call-coach prefect`, as a process of its own: without a Prefect server, and (slow) against a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.terminal import printable
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


def test_status_says_why_there_are_no_docs_tools(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "status", PREFECT_API_URL="http://127.0.0.1:1/api")
    (why,) = [line for line in done.stdout.splitlines() if line.startswith("docs problem")]
    assert "cannot reach the docs server; see PREFECT_DOCS_MCP_URL" in why


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
    shown = dict(line.strip().rsplit(maxsplit=1) for line in done.stdout.splitlines() if "  " in line)
    assert shown["version"].startswith("3.")
    assert shown["failed"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("command", LISTS)
def test_each_list_is_shown_and_no_name_acts_on_the_terminal(
    server: str, command: str, tmp_path: Path
) -> None:
    done = call_coach(tmp_path, command, PREFECT_API_URL=server)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3
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


@pytest.mark.slow
def test_one_thing_is_shown_alone_by_what_a_list_calls_it(server: str, tmp_path: Path) -> None:
    (run,) = json.loads(
        call_coach(tmp_path, "runs", "--state", "completed", "--json", PREFECT_API_URL=server).stdout
    )
    shown = call_coach(tmp_path, "run", run["id"], PREFECT_API_URL=server).stdout
    assert "\nparameters\n  count  3\n" in shown
    whole = call_coach(tmp_path, "run", run["id"], "--json", PREFECT_API_URL=server).stdout
    assert json.loads(whole)["parameters"] == {"count": 3}
    for words, part in {
        ("deployment", "nightly/prod"): "\nparameters\n  count  5\n",
        ("work-pool", "batch"): "\nwork queues\n",
        ("automation", "tell"): "prefect.flow-run.Failed",
        ("orientation",): "docs_search_prefect",
        ("dashboard",): "\nwork pool ",
    }.items():
        done = call_coach(tmp_path, *words, PREFECT_API_URL=server)
        assert done.returncode == 0, done.stderr
        assert part in done.stdout


NO_RUN = "00000000-0000-0000-0000-000000000001"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", NO_RUN), f"Prefect knows no flow run {NO_RUN}."),
        (("logs", NO_RUN), f"Prefect knows no flow run {NO_RUN}."),
        (("deployment", "no/\x1b[2J"), r"Prefect knows no deployment 'no/\x1b[2J'."),
        (("work-pool", "none"), "Prefect knows no work pool 'none'."),
        (("automation", NO_RUN), "Prefect knows no automation with this id."),
        (("workspaces",), "Only Prefect Cloud answers this, and PREFECT_API_URL is another server."),
        (("rate-limits",), "Only Prefect Cloud answers this, and PREFECT_API_URL is another server."),
    ],
)
def test_what_is_not_there_is_one_sentence(
    server: str, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = call_coach(tmp_path, *words, PREFECT_API_URL=server)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"call-coach: {said}\n")


@pytest.mark.slow
def test_an_address_that_is_no_api_is_named(server: str, tmp_path: Path) -> None:
    done = call_coach(tmp_path, "runs", PREFECT_API_URL=server.removesuffix("/api"))
    assert done.returncode == 2
    assert "it usually ends in /api" in done.stderr


@pytest.mark.slow
def test_a_wrong_password_is_said_to_be_wrong_and_not_repeated(tmp_path: Path) -> None:
    with prefect_server(tmp_path, "coach:the-word") as url:
        right, wrong, none = (
            call_coach(tmp_path, "identity", PREFECT_API_URL=url, **auth)
            for auth in (
                {"PREFECT_API_AUTH_STRING": "coach:the-word"},
                {"PREFECT_API_AUTH_STRING": "coach:a-wrong-word"},
                {},
            )
        )
    assert right.returncode == 0, right.stderr
    for refused in (wrong, none):
        assert refused.returncode == 2
        assert "refused the credentials" in refused.stderr
        assert "word" not in refused.stderr
