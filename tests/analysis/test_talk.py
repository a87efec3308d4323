"""Counting who spoke how much."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from backend.analysis.talk import count_questions, talk_stats
from backend.formats import CallHints, Limits, parse
from backend.report import TalkStats

LIMITS = Limits(max_turns=1000, max_words=10_000)


def stats(
    *rows: tuple[str, str, float | None, float | None], sides: dict[str, str] | None = None
) -> TalkStats:
    body: list[JsonValue] = [
        {"speaker": name, "text": text, "start": start, "end": end} for name, text, start, end in rows
    ]
    people = [{"name": name, "side": side} for name, side in (sides or {}).items()]
    return talk_stats(parse(body, limits=LIMITS, hints=CallHints.model_validate({"participants": people})))


def test_shares_and_questions_are_counted_by_side() -> None:
    counted = stats(
        ("Ann", "Ready? Really?! Fine.", 0, 2),
        ("Bob", "What is it (roughly?) Well.", 2, 4),
        ("Cy", "Who knows?", 4, 5),
        sides={"Ann": "internal", "Bob": "external"},
    )
    assert (counted.words, counted.turns) == (10, 3)
    assert counted.rep_share == 0.3
    assert (counted.questions_by_rep, counted.questions_by_prospect) == (2, 1)
    assert [(speaker.speaker, speaker.words, speaker.questions) for speaker in counted.speakers] == [
        ("Ann", 3, 2),
        ("Bob", 5, 1),
        ("Cy", 2, 1),
    ]


def test_unknown_sides_and_times_give_none_rather_than_zero() -> None:
    counted = stats(("Ann", "one two", None, None), ("Bob", "three?", None, None))
    assert counted.rep_share is None
    assert counted.questions_by_rep is None
    assert counted.questions_by_prospect is None
    assert counted.interruptions is None
    assert counted.words_per_minute is None
    assert counted.longest_monologue_s is None
    assert counted.longest_monologue_words == 2
    assert [speaker.seconds for speaker in counted.speakers] == [None, None]


def test_a_silence_inside_a_turn_is_not_talk() -> None:
    counted = stats(("Ann", "one two", 0, 1), ("Ann", "three four", 100, 101), ("Bob", "five", 102, 103))
    assert counted.longest_monologue_s == 2
    assert counted.words_per_minute == 100
    assert counted.speakers[0].seconds == 2


def test_an_interruption_begins_before_the_other_has_ended() -> None:
    counted = stats(("Ann", "a", 0, 5), ("Bob", "b", 4.5, 6), ("Ann", "c", 5.95, 8), ("Bob", "d", 9, 10))
    assert counted.interruptions == 1


def test_one_missing_time_does_not_hide_the_others() -> None:
    counted = stats(("Ann", "one two", 0, 1), ("Bob", "three", 1, None))
    assert counted.words_per_minute == 120
    assert [speaker.seconds for speaker in counted.speakers] == [1, None]


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Is it? Yes.", 1),
        ("“Is it?” she said.", 1),
        ("Why...?", 1),
        ("Ça va ?", 1),
        ("x?y=1 in a link", 0),
        ("", 0),
    ],
)
def test_a_question_is_a_sentence_that_ends_with_its_mark(text: str, questions: int) -> None:
    assert count_questions(text) == questions


def test_shares_of_a_real_call_add_up(shared: Path) -> None:
    transcript = parse(
        (shared / "calls" / "dev-01" / "transcript.json").read_bytes(), limits=Limits(5000, 50_000)
    )
    counted = talk_stats(transcript)
    assert sum(speaker.words for speaker in counted.speakers) == counted.words
    assert sum(speaker.share for speaker in counted.speakers) == pytest.approx(1, abs=0.001)
    assert counted.interruptions == 4
    assert 100 < (counted.words_per_minute or 0) < 220
