"""Cuts a turn's text where its moments begin and end, so that each can be marked where it was said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from backend.transcript import Quote, Turn


class Moment(Protocol):
    """Anything of a report that quotes a turn."""

    @property
    def id(self) -> str: ...
    @property
    def quote(self) -> Quote: ...


class Segment(NamedTuple):
    """A stretch of text with the ids of the moments it belongs to, shortest first, and of those that end
    with it."""

    text: str
    within: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


def mark(turn: Turn, moments: Sequence[Moment]) -> list[Segment]:
    """The turn's text in segments. Joined they are the text; each moment covers exactly its characters.

    Moments may overlap in any way. One that points outside the text is clipped to it, and one that covers
    nothing is left out.
    """
    if not moments:  # most turns
        return [Segment(turn.text)]
    spans = sorted(_spans(len(turn.text), moments))
    edges = sorted({0, len(turn.text), *(edge for _, start, end, _ in spans for edge in (start, end))})
    by_start = sorted(spans, key=lambda span: span[1], reverse=True)
    segments: list[Segment] = []
    open_spans: list[tuple[int, int, int, str]] = []
    for start, end in pairwise(edges):
        opened = False
        while by_start and by_start[-1][1] == start:
            open_spans.append(by_start.pop())
            opened = True
        if opened:
            open_spans.sort()
        segments.append(
            Segment(
                turn.text[start:end],
                tuple(id_ for *_, id_ in open_spans),
                tuple(id_ for *_, stop, id_ in open_spans if stop == end),
            )
        )
        open_spans = [span for span in open_spans if span[2] > end]
    return segments


def _spans(length: int, moments: Sequence[Moment]) -> list[tuple[int, int, int, str]]:
    """(size, start, end, id) of each moment within the text."""
    spans = []
    for moment in moments:
        start, end = max(0, moment.quote.char_start), min(length, moment.quote.char_end)
        if start < end:
            spans.append((end - start, start, end, moment.id))
    return spans
