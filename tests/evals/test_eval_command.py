"""`call-coach eval` and `eval-pairs` as a user meets them, on a made-up call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.evals.measures import Result
from backend.report import Verdict
from tests.claude_server import ClaudeServer, Sensible, fails
from tests.conftest import REPO
from tests.evals.made_up import write


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all, so that the knowledge pack is indexed once."""
    home = tmp_path_factory.mktemp("home")
    write(home / "calls")
    return home


def call_coach(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SSL_CERT_FILE"}}
    return subprocess.run(
        [sys.executable, "-m", "backend", *words],
        env=kept | {"HOME": str(home), "PYTHONPATH": str(REPO), **settings},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def first(home: Path) -> str:
    """What a first run prints; its figures are in now.json."""
    done = call_coach(home, "eval", "calls", "--json", "now.json", "-v")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_prints_figures_and_lists_what_was_missed_on_demand(home: Path, first: str) -> None:
    assert "accusations: precision" in first
    assert "competitors by call: F1" in first
    assert "the transcript sent five times" in first
    assert "“Prefect is open source.”" in first or "“Workers run in your own cloud.”" in first
    result = Result.model_validate_json((home / "now.json").read_text())
    recall = result.analysts[0].figures["competitors.recall"]
    assert recall is not None
    assert recall.value == 1.0


def test_the_file_holds_no_word_of_a_call(home: Path, first: str) -> None:
    assert "Airflow" in (home / "calls" / "made-up" / "transcript.txt").read_text()
    assert "Airflow" not in (home / "now.json").read_text()


@pytest.mark.slow
def test_a_run_is_the_same_again_but_for_times_and_tells_what_differs_from_an_earlier_one(
    home: Path, first: str
) -> None:
    earlier = json.loads((home / "now.json").read_text())
    counts = earlier["analysts"][0]["calls"][0]["counts"]
    right = counts["competitors.recall"]
    counts["competitors.recall"] = [0, 2]
    (home / "earlier.json").write_text(json.dumps(earlier))
    done = call_coach(home, "eval", "calls", "--against", "earlier.json", "--json", "again.json")
    assert "changed since the earlier run" in done.stdout
    changed = [line for line in done.stdout.splitlines() if "beyond noise" in line]
    assert [line.split("   ")[0].strip() for line in changed] == [
        "competitors by call: recall",
        "competitors by call: F1",
    ]
    again = json.loads((home / "again.json").read_text())
    counts["competitors.recall"] = right
    for body in (earlier, again):
        del body["analysts"][0]["spent"]["cpu_ms_p50"], body["analysts"][0]["spent"]["wall_ms_p50"]
    assert again == earlier


@pytest.mark.slow
def test_both_analysts_stand_beside_each_other_with_what_claude_has_cost(home: Path) -> None:
    wanted: dict[str, Verdict] = {
        "Prefect is open source.": "supported",
        "SLAs are on every plan.": "unclear",
    }
    with ClaudeServer(Sensible(claims=wanted)) as server:
        done = call_coach(
            home, "eval", "calls", "--analyst", "both", "--json", "both.json", ANTHROPIC_BASE_URL=server.url
        )
        asked = len(server.requests)
    assert done.returncode == 0, done.stderr
    rules, claude = Result.model_validate_json((home / "both.json").read_text()).analysts
    assert (rules.analyst, rules.spent.input_tokens, rules.spent.dollars) == ("rules", 0, 0.0)
    assert (claude.analyst, claude.fell_back) == ("claude", 0)
    assert asked > 0
    assert claude.spent.input_tokens > 0
    assert claude.spent.dollars is not None
    assert claude.spent.dollars > 0
    assert claude.verdicts["supported"] == {"supported": 1}


@pytest.mark.slow
def test_a_call_that_claude_did_not_finish_is_counted_as_fallen_back(home: Path) -> None:
    with ClaudeServer(fails(401)) as server:
        done = call_coach(
            home, "eval", "calls", "--analyst", "claude", "--json", "fell.json", ANTHROPIC_BASE_URL=server.url
        )
    assert "calls that rules finished" in done.stdout
    assert Result.model_validate_json((home / "fell.json").read_text()).analysts[0].fell_back == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eval", "nowhere"), "nowhere: there is no such folder."),
        (("eval", "calls", "--call", "dev-99"), "calls: there is no call dev-99 here."),
        (("eval", "calls", "--analyst", "claude"), "Claude is not set up here"),
        (("eval", "calls", "--against", "no.json"), "no.json: it cannot be read"),
        (("eval-pairs", "no.jsonl"), "no.jsonl: it cannot be read"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(home: Path, words: tuple[str, ...], said: str) -> None:
    done = call_coach(home, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
