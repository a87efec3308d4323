"""Patterns that are passed over are those that plain searching would not have found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.analysis.claim_cues import CUES
from backend.analysis.pushback_cues import SIGNS
from backend.analysis.rivals import Rivals
from backend.analysis.sieve import Sieve, beginnings
from backend.services.pack import read_pack

PACK = read_pack(Path(__file__).parents[2] / "knowledge")
PATTERNS = {
    **SIGNS,
    **{f"cue: {one.name}": one.pattern for one in CUES},
    "rivals": Rivals(PACK.competitors)._names,
}
SIEVE = Sieve(PATTERNS)
VOCABULARY = sorted({word for one in PATTERNS.values() for word in re.findall(r"[a-z0-9]+", one.pattern)})
BETWEEN = [" ", " ", " ", ", ", ". ", "-", "'", "’", "? ", "", "s ", "ing ", "\n", "_", "é "]


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(VOCABULARY), st.sampled_from(BETWEEN)), max_size=14))
def test_a_text_shows_what_searching_for_each_finds(said: list[tuple[str, str]]) -> None:
    text = "".join(word + between for word, between in said)
    assert SIEVE.found(text) == [name for name, pattern in PATTERNS.items() if pattern.search(text)]


@pytest.mark.parametrize(
    ("pattern", "begun"),
    [
        (r"\b(?:costs?|lock[- ]?in)\b", {"\bcost\b", "\bcosts", "\block\b", "\blocki"}),
        (r"(?<!not )\b(?:(?:really )?sure|i)\b", {"\breall", "\bsure\b", "\bi\b"}),
        (r"\b(?:java\b|rust)\b", {"\bjava\b", "\brust\b"}),
        (r"\borgani[sz]ation", {"\borgan"}),
        (r"\b\w+ works", set()),
        (r"\?", set()),
        (r"cost", set()),
        (r"\b(?:cost|)", set()),
    ],
)
def test_how_a_pattern_begins_is_told_where_it_can_be(pattern: str, begun: set[str]) -> None:
    assert beginnings(pattern) == begun


def test_most_patterns_are_passed_over_for_most_words() -> None:
    untold = [name for name, pattern in PATTERNS.items() if not beginnings(pattern.pattern)]
    assert len(untold) < len(PATTERNS) / 4
