"""`call-coach analyze --in-batches`: real processes, a local Batches API, one store."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.report import CoachingReport
from tests.claude_server import ClaudeServer, Sensible
from tests.command import call_coach, empty_home
from tests.service import CALL


@pytest.mark.slow
def test_calls_are_coached_in_batches_and_not_asked_for_twice(tmp_path: Path) -> None:
    for n in range(2):
        (tmp_path / f"{n}.txt").write_text(f"{CALL}Devon Achterberg: That was call {n}.\n")
    words = (
        "analyze",
        "0.txt",
        "1.txt",
        "--rep",
        "Mara Quint",
        "--in-batches",
        "--analyst",
        "claude",
        "--json",
    )
    sensible = Sensible(claims={"Automations are only in Prefect Cloud": "supported"})
    with ClaudeServer(sensible, polls=0) as server:
        given = empty_home(tmp_path) | {"ANTHROPIC_BASE_URL": server.url}
        done = call_coach(given, *words)
        again = call_coach(given, *words)
    assert done.returncode == 0, done.stderr
    reports = [CoachingReport.model_validate_json(line) for line in done.stdout.splitlines()]
    assert [report.turns[-1].text for report in reports] == ["That was call 0.", "That was call 1."]
    for report in reports:
        assert (report.analyst.kind, report.analyst.fell_back) == ("claude", False), report.analyst.why
        assert report.analyst.usage
        assert report.analyst.usage.dollars
    assert again.stdout == done.stdout
    # Both calls hold the same claim in the same words: one request judges it for both.
    assert [len(batch.requests) for batch in server.batches] == [2, 1]


def test_without_claude_it_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text(CALL)
    done = call_coach(empty_home(tmp_path), "analyze", "call.txt", "--in-batches")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("set ANTHROPIC_API_KEY, or leave out --in-batches.")
