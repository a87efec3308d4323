"""A quote is found as the exact characters it stands for, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.analysis.fences import fenced, one_line
from backend.analysis.verbatim import find_span


def found(quote: str, text: str) -> str | None:
    span = find_span(quote, text)
    return text[slice(*span)] if span else None


@pytest.mark.parametrize(
    ("quote", "text", "words"),
    [
        ("It's  free", "so it’s\nfree, yes", "it’s\nfree"),
        ('called "work pools"', "are called “work pools” here", "called “work pools"),
        ("pay-as-you-go", "it is pay–as–you–go", "pay–as–you–go"),
        ("…retries are built in...", "well, retries are built in. Right?", "retries are built in"),
        ("a.b (c) [d]", "see a.b (c) [d] there", "a.b (c) [d]"),
        ("限りない", "それは限りないです", "限りない"),
    ],
)
def test_white_space_case_quotation_marks_and_dashes_may_differ(quote: str, text: str, words: str) -> None:
    assert found(quote, text) == words


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the limit is 5", "the limit is 50 runs"),
        ("limit is 1", "the limit is 1,000 runs"),
        ("0 runs", "up to 50 runs"),
        ("since version 3", "since version 3.5"),
        ("able to retry", "it is unable to retry"),
        ("it retries", "it does not retry"),
        ("", "anything"),
        (" …?! ", "anything …?! at all"),
        ("word " * 500, "word " * 600),
    ],
)
def test_a_quote_neither_cuts_a_word_or_number_nor_is_made_up(quote: str, text: str) -> None:
    assert found(quote, text) is None


@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_is_quoted_the_span_lies_within_the_text(quote: str, text: str) -> None:
    span = find_span(quote, text)
    assert span is None or 0 <= span[0] < span[1] <= len(text)


@given(st.text(max_size=200))
def test_data_neither_closes_its_fence_nor_begins_a_line(words: str) -> None:
    line = one_line(words)
    fence = fenced("words", line).split("\n")
    assert len("\n".join(fence).splitlines()) == 3
    assert fence[1] == line
    assert fence[-1].split()[2] not in line
    line.encode("utf-8")
    assert "\0" not in line
