"""Prompts are files, strict about what they declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.analysis.prompts import Prompt, Prompts
from backend.errors import UnusableKnowledge
from tests.conftest import REPO

GREETING = "---\nname: greeting\ndescription: Says hello.\nvariables: [who]\n---\nHello {{who}}.\n"


def load(folder: Path, text: str | bytes, name: str = "greeting.md") -> Prompts:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return Prompts.load(folder)


def test_a_variable_is_filled_in(tmp_path: Path) -> None:
    assert load(tmp_path, GREETING).get("greeting", {"who"}).render(who="Ann") == "Hello Ann."


def test_the_prompts_that_ship_can_be_loaded() -> None:
    prompts = Prompts.load(REPO / "prompts")
    assert prompts.get("spot", {"competitors", "guides"}).closing
    assert prompts.get("judge").closing
    assert prompts.get("repair", {"problem"})


@given(st.text())
def test_a_value_is_taken_as_it_is(value: str) -> None:
    prompt = Prompt(name="p", description="d", variables=("a", "b"), body="<{{a}}|{{b}}>")
    assert prompt.render(a=value, b="{{a}}") == f"<{value}|{{{{a}}}}>"


def test_a_placeholder_within_a_value_is_not_expanded() -> None:
    prompt = Prompt(name="p", description="d", variables=("a", "b"), body="{{a}} and {{b}}")
    assert prompt.render(a="{{b}}", b=r"\1 secret") == r"{{b}} and \1 secret"


@pytest.mark.parametrize("values", [{}, {"who": "Ann", "whom": "Bob"}, {"whom": "Bob"}])
def test_missing_and_unknown_values_are_refused(tmp_path: Path, values: dict[str, str]) -> None:
    prompt = load(tmp_path, GREETING).get("greeting", {"who"})
    with pytest.raises(UnusableKnowledge, match="wants the variables who"):
        prompt.render(**values)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GREETING.replace("{{who}}", "{{whom}}"), "uses whom without declaring it"),
        (GREETING.replace("{{who}}", "you"), "declares who but never uses it"),
        (GREETING.replace("{{who}}", "{{who}} {{ who }}"), "braces"),
        (GREETING.replace("name: greeting", "name: farewell"), "calls itself farewell"),
        (GREETING.replace("variables", "varables"), "wrong at"),
        (GREETING.replace("Hello {{who}}.\n", ""), "wrong at body"),
        ("Hello {{who}}.", "must begin with YAML"),
        ("---\n- a\n---\nHello.", "must begin with YAML"),
        ("---\nname: [\n---\nHello.", "cannot be read"),
        (b"---\nname: \xff\n---\nHello.", "cannot be read"),
    ],
)
def test_a_prompt_that_is_not_as_agreed_is_refused(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(UnusableKnowledge, match=complaint):
        load(tmp_path, text)


def test_a_folder_without_prompts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableKnowledge, match="COACH_PROMPTS_DIR"):
        Prompts.load(tmp_path)


def test_a_prompt_with_other_variables_than_are_filled_in_is_refused_at_the_start(tmp_path: Path) -> None:
    prompts = load(tmp_path, GREETING)
    with pytest.raises(UnusableKnowledge, match="declares the variables who"):
        prompts.get("greeting")
    with pytest.raises(UnusableKnowledge, match=r"farewell\.md is missing"):
        prompts.get("farewell")
