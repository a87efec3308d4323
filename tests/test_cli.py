"""The command line as a user meets it: real processes, their output and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.quotes import verify
from backend.report import CoachingReport
from tests.command import call_coach, empty_home
from tests.conftest import REPO
from tests.service import CALL

SAMPLE = REPO / "backend" / "samples" / "first-call.vtt"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return empty_home(tmp_path)


def test_analyzing_files_prints_a_table_and_what_was_wrong(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text(CALL)
    done = call_coach(env, "analyze", str(SAMPLE), "call.txt", "--rep", "Mara Quint")
    assert done.returncode == 0, done.stderr
    assert "claims" in done.stdout
    assert "contradicted" in done.stdout
    assert "https://docs.prefect.io/" in done.stdout
    assert done.stdout.count("“Automations are only in Prefect Cloud") == 2


def test_json_output_is_one_verified_report_a_line(env: dict[str, str]) -> None:
    done = call_coach(env, "analyze", str(SAMPLE), "-", "--json", stdin=CALL)
    reports = [CoachingReport.model_validate_json(line) for line in done.stdout.splitlines()]
    assert len(reports) == 2
    for report in reports:
        verify(report)


def test_a_file_that_cannot_be_read_is_one_sentence_and_the_others_are_done(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    done = call_coach(env, "analyze", "nowhere.vtt", "picture.png", str(SAMPLE))
    assert done.returncode == 1
    assert "nowhere.vtt: The file cannot be read" in done.stderr
    assert "picture.png: This is a PNG image" in done.stderr
    assert "Traceback" not in done.stderr
    assert "snapshot" in done.stdout


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("COACH_PROT", "9000", "did you mean COACH_PORT?"),
        ("COACH_HOST", "0.0.0.0", "set COACH_API_TOKENS"),
        ("DATABASE_URL", "mysql://coach:hunter2hunter2@db/coach", "postgresql://"),
        ("COACH_KNOWLEDGE_DIR", "/nonexistent", "knowledge pack"),
        ("PREFECT_MCP_ENABLED", "perhaps", "PREFECT_MCP_ENABLED"),
    ],
)
def test_an_unusable_setting_stops_the_start_with_one_sentence(
    setting: str, value: str, said: str, env: dict[str, str]
) -> None:
    done = call_coach(env | {setting: value}, "serve", "--port", "0")
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("call-coach: ")
    assert said in last
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_one_sentence(env: dict[str, str]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = call_coach(env, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr


def test_docs_are_synced_searched_and_counted(env: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "docs" / "v3" / "concepts" / "workers.mdx"
    page.parent.mkdir(parents=True)
    page.write_text(
        "---\ntitle: Workers\n---\n\nWorkers poll a work pool and start the flow runs they find.\n"
    )
    (tmp_path / "docs" / "docs.json").write_text("{}")
    synced = call_coach(env, "docs", "sync", "--from", "docs", "--no-meaning")
    assert synced.returncode == 0, synced.stderr
    assert "1 pages" in synced.stdout
    found = call_coach(env, "docs", "search", "every fifteen seconds that poller asks for jobs").stdout
    assert "https://docs.prefect.io/v3/concepts/workers" in found
    status = call_coach(env, "docs", "status").stdout
    assert "synced_pages     1" in status
    assert "last_sync        done at" in status


@pytest.mark.slow
def test_a_call_whose_evidence_changed_is_listed_and_judged_anew(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text(CALL)
    assert call_coach(env, "analyze", "call.txt", "--rep", "Mara Quint").returncode == 0
    assert call_coach(env, "docs", "drift").stdout == (
        "Reports on changed passages: 0; on words that are gone: 0.\n"
    )
    page = tmp_path / "docs" / "v3" / "concepts" / "automations.mdx"
    page.parent.mkdir(parents=True)
    page.write_text("---\ntitle: Automations\n---\n\nAutomations have become something else.\n")
    assert call_coach(env, "docs", "sync", "--from", "docs", "--no-meaning").returncode == 0
    drifted = call_coach(env, "docs", "drift", "--rejudge")
    assert drifted.returncode == 0, drifted.stderr
    assert "fact concepts-automations-02  not on its page: " in drifted.stdout
    assert "automations does not bear out any more" in drifted.stdout
    assert "Reports on changed passages: 1; on words that are gone: 1." in drifted.stdout
    assert "judged anew: " in drifted.stdout
    assert call_coach(env, "docs", "drift").stdout.endswith(
        "Reports on changed passages: 0; on words that are gone: 0.\n"
    )


def test_every_command_says_what_it_does(env: dict[str, str]) -> None:
    for words in ((), ("serve",), ("analyze",), ("demo",), ("docs",), ("docs", "sync"), ("docs", "drift")):
        done = call_coach(env, *words, "--help")
        assert done.returncode == 0
        assert "Usage" in done.stdout
