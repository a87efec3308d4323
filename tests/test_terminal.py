"""What the commands write: readable, aligned, and with nothing in it that a terminal would obey."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from backend.terminal import cell, lasting, one_line, print_fields, print_rows, printable, printable_json


class Inner(BaseModel):
    name: str
    over_limit: bool


class Thing(BaseModel):
    id: str
    state: str = "Failed"
    duration_s: float | None = None
    tags: list[str] = []
    message: str | None = None
    parameters: dict[str, JsonValue] = {}
    limit: Inner | None = None
    queues: list[Inner] = []


def test_what_a_terminal_would_obey_is_escaped_and_plain_words_are_left() -> None:
    assert printable("naïve – 東京 🦦 [bold]") == "naïve – 東京 🦦 [bold]"
    assert printable("a\x1b[2Jb\x9bc\u202ed\x07\r\n") == r"a\x1b[2Jb\x9bc\u202ed\x07\r\n"
    assert one_line("two\r\n  lines\x1b") == r"two lines\x1b"


@given(st.recursive(st.text() | st.none(), lambda each: st.dictionaries(st.text(), each) | st.lists(each)))
def test_json_with_escapes_says_the_same_and_is_one_printable_line(found: JsonValue) -> None:
    shown = printable_json(json.dumps(found, ensure_ascii=False))
    assert json.loads(shown) == found
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.008, "0.01 s"), (9.994, "9.99 s"), (59.4, "59 s"), (200.2, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_a_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_each_kind_of_value_has_one_line() -> None:
    berlin = datetime(2026, 11, 21, 5, 46, 37, tzinfo=timezone(timedelta(hours=1)))
    shown = [cell(value) for value in (None, [], {}, "", True, berlin, 3, ["a", "b\x1b"], {"a": "\x9b"})]
    assert shown == ["-", "-", "-", "-", "yes", "2026-11-21 04:46:37", "3", r"a, b\x1b", '{"a": "\\u009b"}']


def test_a_table_is_aligned_also_by_wide_letters_and_without_colours_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Thing(id="1", duration_s=1.5, message="x" * 5_000), Thing(id="東京", message="\x1b[2J\nnext")]
    print_rows(rows, "id state duration_s=took message")
    heading, rule, first, second = capsys.readouterr().out.splitlines()
    assert heading == "id     state    took     message"
    assert set(rule) == {"─"}
    assert first == "1      Failed   1.50 s   " + "x" * 99 + "…"
    assert second == r"東京   Failed   -        \x1b[2J next"


def test_an_empty_table_says_so_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], "id message")
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "id   message"
    assert shown.err == "None.\n"


def test_one_thing_is_shown_with_what_is_known_of_it_and_parts_under_their_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_fields(
        Thing(
            id="1",
            duration_s=90,
            message="one\n  two\x1b",
            parameters={"count": 3, "\x1bday": "today", "deep": {"er": [1, 2]}},
            queues=[Inner(name="a", over_limit=True), Inner(name="b", over_limit=False)],
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "id        1",
        "state     Failed",
        "duration  1 min 30 s",
        "message   one",
        r"            two\x1b",
        "",
        "parameters",
        "  count    3",
        r"  \x1bday  today",
        "",
        "  deep",
        "    er  1, 2",
        "",
        "queues",
        "  name        a",
        "  over limit  yes",
        "",
        "  name        b",
        "  over limit  no",
    ]


def test_values_whose_names_say_that_they_are_secret_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, JsonValue] = {
        "db_password": "hunter2",
        "monkeys": 3,
        "env": [{"name": "API_KEY", "value": "hunter2"}, {"name": "MODE", "value": "fast"}],
        "creds": {"credentials": {"user": "hunter2"}, "apiToken": ["hunter2"]},
    }
    print_fields(Thing(id="7", parameters=given))
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    assert shown.count("(masked)") == 4
    assert "fast" in shown
    assert "monkeys      3" in shown
