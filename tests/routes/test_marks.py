"""Marks in a turn's text."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from backend.pages.marks import mark
from backend.transcript import Quote, Turn


class Spot(NamedTuple):
    id: str
    quote: Quote


@st.composite
def marked_turns(draw: st.DrawFn) -> tuple[Turn, list[Spot]]:
    text = draw(st.text(max_size=40))
    ends = st.integers(0, len(text))
    spots = []
    for number, (one, other) in enumerate(draw(st.lists(st.tuples(ends, ends), max_size=8))):
        start, end = sorted((one, other))
        quote = Quote(turn=0, speaker="A", text=text[start:end], char_start=start, char_end=end)
        spots.append(Spot(f"c{number}", quote))
    return Turn(index=0, speaker="A", text=text), spots


@given(marked_turns())
def test_marks_change_no_character_and_cover_exactly_theirs(turn_and_spots: tuple[Turn, list[Spot]]) -> None:
    turn, spots = turn_and_spots
    segments = mark(turn, spots)
    assert "".join(segment.text for segment in segments) == turn.text
    for spot in spots:
        mine = [segment for segment in segments if spot.id in segment.within]
        assert "".join(segment.text for segment in mine) == spot.quote.text
        start = sum(len(segment.text) for segment in segments[: segments.index(mine[0])]) if mine else 0
        assert not mine or start == spot.quote.char_start
        assert [segment for segment in segments if spot.id in segment.ends] == mine[-1:]


def test_a_mark_that_points_past_the_text_is_clipped_to_it() -> None:
    quote = Quote(turn=0, speaker="A", text="", char_start=2, char_end=99)
    segments = mark(Turn(index=0, speaker="A", text="hello"), [Spot("c1", quote)])
    assert [(segment.text, segment.within) for segment in segments] == [("he", ()), ("llo", ("c1",))]
