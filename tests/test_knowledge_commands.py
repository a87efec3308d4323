"""`call-coach knowledge`, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO

KNOWLEDGE = REPO / "knowledge"


def call_coach(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `call-coach knowledge …` with a data directory of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "backend", "knowledge", *words],
        env={**kept, "HOME": str(home), "PYTHONPATH": str(REPO), "COACH_DATA_DIR": str(home / "data")},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A pack in which one id is misspelt and one price is far too old."""
    pack = Path(shutil.copytree(KNOWLEDGE, tmp_path / "pack"))
    page = pack / "pages/v3/concepts/workers.yaml"
    page.write_text(page.read_text().replace("id: concepts-workers-02", "id: Workers_2", 1))
    return pack


def test_lint_passes_our_own_pack_and_counts_it(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "lint")
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 0 errors," in done.stdout.splitlines()[-1]


def test_lint_counts_old_facts_in_its_last_line(tmp_path: Path) -> None:
    pack = Path(shutil.copytree(KNOWLEDGE, tmp_path / "pack"))
    for page in (pack / "pages").rglob("*.yaml"):
        page.write_text(
            re.sub(r"^(as_of|read|checked): .*$", r"\1: 2020-01-01", page.read_text(), flags=re.M)
        )
    done = call_coach(tmp_path, "lint", str(pack), "--json")
    old = sum(json.loads(line)["level"] == "age" for line in done.stdout.splitlines())
    assert old > 0
    assert f", {old} past their time." in call_coach(tmp_path, "lint", str(pack)).stdout.splitlines()[-1]


def test_lint_names_file_line_and_fact_and_fails(tmp_path: Path, broken: Path) -> None:
    done = call_coach(tmp_path, "lint", str(broken))
    text = (broken / "pages/v3/concepts/workers.yaml").read_text()
    line = text.split("Workers_2")[0].count("\n") + 1
    assert done.returncode == 1
    assert f"pack/pages/v3/concepts/workers.yaml:{line}: error: Workers_2: an id is words" in done.stdout


def test_lint_gives_findings_as_json_too(tmp_path: Path, broken: Path) -> None:
    done = call_coach(tmp_path, "lint", str(broken), "--json")
    errors = [one for one in map(json.loads, done.stdout.splitlines()) if one["level"] == "error"]
    assert [(one["fact"], Path(one["file"]).name) for one in errors] == [("Workers_2", "workers.yaml")]


def test_lint_without_a_pack_is_one_sentence(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "lint", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("call-coach: There is no knowledge pack")


def test_try_shows_what_is_found_and_why(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "try", "so every fifteen seconds that cube control thing polls?", "-k", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "heard as  so every fifteen seconds that kubectl thing polls?" in done.stdout
    assert "1. concepts-workers-04" in done.stdout
    assert "https://docs.prefect.io/v3/concepts/workers" in done.stdout
    assert "every, fifteen, seconds" in done.stdout
    assert "asks      the docs for “Workers Polling for work" in done.stdout


def test_try_says_why_a_fact_accuses_nobody(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "try", "what does the Starter plan cost a month", "--json")
    found = json.loads(done.stdout)["found"]
    prices = {one["fact"]["id"]: one["innocent"] for one in found if one["fact"]["id"].startswith("pr-")}
    assert prices["pr-011"] == "it has no public source"


def test_try_without_a_match_says_so(tmp_path: Path) -> None:
    done = call_coach(tmp_path, "try", "zyzzyva")
    assert (done.returncode, done.stdout) == (0, "Nothing in the pack shares a word with this.\n")
