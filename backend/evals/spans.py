"""Where labelled words stand in a call as we parse it, and when two quotes are of the same thing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.evals.labels import Label
from backend.transcript import Quote, Transcript


class Span(NamedTuple):
    """Characters of a call on one line: all its turns one after the other."""

    start: int
    end: int

    def shared(self, other: Span) -> int:
        """How many characters the two share, 0 where they are apart."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def matches(self, other: Span) -> bool:
        """Whether they share at least half of the shorter one."""
        shared = self.shared(other)
        return shared > 0 and 2 * shared >= min(self.end - self.start, other.end - other.start)


class Line:
    """A call's turns on one line of characters, so that a quote is a span wherever a format ends a turn."""

    def __init__(self, transcript: Transcript) -> None:
        self.turns = transcript.turns
        self._starts: list[int] = []
        at = 0
        for turn in self.turns:
            self._starts.append(at)
            at += len(turn.text) + 1
        self._text = " ".join(turn.text for turn in self.turns)

    def span(self, quote: Quote) -> Span:
        start = self._starts[quote.turn]
        return Span(start + quote.char_start, start + quote.char_end)

    def quote(self, span: Span) -> Quote:
        """The words at this place, as far as they stand in one turn."""
        turn = self._turn(span)
        start = span.start - self._starts[turn]
        text = self.turns[turn].text
        return self.turns[turn].quote(start, min(start + span.end - span.start, len(text)))

    def place(self, labels: Sequence[Label]) -> list[Span | None]:
        """Where each label's words stand; of several places the nearest in time that no label before it
        took. None where they are nowhere."""
        taken: set[Span] = set()
        placed: list[Span | None] = []
        for label in labels:
            places = sorted(self._places(label), key=lambda place: self._distance(label, place))
            span = next((one for one in places if one not in taken), places[0] if places else None)
            if span:
                taken.add(span)
            placed.append(span)
        return placed

    def _places(self, label: Label) -> list[Span]:
        """In a turn of the speaker's, else in anybody's, also where our turns end in the middle of it."""
        everywhere = [Span(at, at + len(label.quote)) for at in _all(self._text, label.quote)]
        theirs = [one for one in everywhere if self.turns[self._turn(one)].speaker == label.speaker]
        return theirs or everywhere

    def _distance(self, label: Label, place: Span) -> float:
        said = self.start_s(place)
        return abs(said - label.start_s) if said is not None and label.start_s is not None else 0.0

    def start_s(self, place: Span) -> float | None:
        """When the words at this place begin, where the file has times."""
        turn = self._turn(place)
        at = place.start - self._starts[turn]
        return self.turns[turn].quote(at, at + 1).start_s

    def _turn(self, place: Span) -> int:
        return bisect_right(self._starts, place.start) - 1


def _all(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)
