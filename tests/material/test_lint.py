"""`call-coach lint` as enablement and its CI meet it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import call_coach, empty_home
from tests.material.documents import pdf, slides, word

CARD = """# Why Prefect

- Automations are only in Prefect Cloud.
- Flows are plain Python.

## Objections

- Single sign-on comes with the Team plan.
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return empty_home(tmp_path)


def lint(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return call_coach(env, "lint", *words)


def test_a_wrong_statement_is_named_with_file_line_and_source(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(CARD)
    done = lint(env, "card.md")
    assert done.returncode == 1, done.stderr
    assert "card.md:3: " in done.stdout
    assert "“Automations are only in Prefect Cloud.”" in done.stdout
    assert "https://" in done.stdout
    assert "Single sign-on" not in done.stdout  # it is told as what others say


def test_a_card_that_is_right_passes(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(
        "# Prefect\n\nFlows are plain Python functions.\n\nDo you run Airflow?\n"
    )
    done = lint(env, "card.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing the documentation speaks against" in done.stdout


def test_a_card_that_compares_us_with_another_product_is_checked_where_it_names_us(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "card.md").write_text(
        "# Prefect vs Airflow\n\nAutomations are only in Prefect Cloud.\n\nSingle sign-on is in every plan.\n"
    )
    done = lint(env, "card.md")
    assert "card.md:3: contradicted" in done.stdout
    assert "card.md:5: " not in done.stdout  # it may be said of either
    assert "1 undecided" in done.stdout


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_not_called_right(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "deck.pdf").write_text(CARD)
    done = lint(env, "deck.pdf")
    assert done.returncode == 1
    assert done.stdout == "Nothing was checked. 1 file not read.\n"
    assert done.stderr.startswith("call-coach lint: deck.pdf: the PDF is broken")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_json_holds_every_statement_where_all_are_wanted(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(CARD)
    found = json.loads(lint(env, ".", "--format", "json", "--all").stdout)
    assert [
        (one["line"], one["verdict"] in {"contradicted", "overstated", "outdated"})
        for one in found["findings"]
    ] == [
        (3, True),
        (4, False),
    ]
    assert all(one["evidence"][0]["quote"] for one in found["findings"][:1])


@pytest.mark.slow
def test_sarif_points_at_the_line_and_at_the_page_where_there_are_none(
    env: dict[str, str], tmp_path: Path
) -> None:
    statement = "Automations are only in Prefect Cloud."
    (tmp_path / "a card.md").write_text(CARD)
    pdf(tmp_path / "b.pdf", "Hello there.", statement)
    word(tmp_path / "c.docx", statement)
    slides(tmp_path / "d.pptx", "Why", statement)
    done = lint(env, ".", "--format", "sarif")
    assert done.returncode == 1
    (run,) = json.loads(done.stdout)["runs"]
    places = [result["locations"][0] for result in run["results"]]
    assert [
        (
            place["physicalLocation"]["artifactLocation"]["uri"],
            place["physicalLocation"].get("region", {}).get("startLine"),
            place.get("message", {}).get("text"),
        )
        for place in places
    ] == [
        ("a%20card.md", 3, None),
        ("b.pdf", None, "page 2"),
        ("c.docx", None, "paragraph 2"),
        ("d.pptx", None, "slide 1"),
    ]
    assert {result["ruleId"] for result in run["results"]} <= {
        rule["id"] for rule in run["tool"]["driver"]["rules"]
    }


@pytest.mark.slow
def test_a_broken_file_is_told_and_the_others_are_checked(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF nothing")
    (tmp_path / "card.md").write_text(CARD)
    done = lint(env, "broken.pdf", "card.md")
    assert done.returncode == 1
    assert "broken.pdf: the PDF is broken" in done.stderr
    assert "card.md:3" in done.stdout


@pytest.mark.parametrize("words", [["nowhere.md"], ["card.md", "--format", "xml"], ["empty"]])
@pytest.mark.slow
def test_what_cannot_be_done_is_said_and_is_no_pass(
    env: dict[str, str], tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    done = lint(env, *words)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_what_a_terminal_would_obey_is_escaped(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("Automations are only \x1b[2Jin Prefect Cloud.\n")
    for words in (["--all"], ["--all", "--format", "json"], ["--format", "sarif"]):
        assert "\x1b" not in lint(env, "card.md", *words).stdout
