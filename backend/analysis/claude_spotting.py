"""Claude's first step: the windows of a call it reads, and the moments it saw, found in the turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from pydantic import Field

from backend.analysis.analyst import (
    Moments,
    SpottedClaim,
    SpottedCompetitor,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.claude_door import Answer
from backend.analysis.fences import one_line, spoken_line
from backend.analysis.verbatim import find_span
from backend.report import CompetitorContext, ObjectionCategory
from backend.transcript import Quote, Side, Transcript, Turn

WINDOW_WORDS = 6_000
OVERLAP_WORDS = 400
LINE_WORDS = 1_500
STRAY_QUOTE_WORDS = 3
"""Shorter quotes ("Yes.") are only looked for in the turn they are said to stand in."""

OURS: frozenset[Side] = frozenset({"internal", "unknown"})
THEIRS: frozenset[Side] = frozenset({"external", "unknown"})
ANYBODY: frozenset[Side] = OURS | THEIRS


class Seen(Answer):
    turn: int = Field(description="The number in front of the turn.")
    quote: str = Field(description="Copied from that turn, word for word.")


class SeenClaim(Seen):
    topic: str
    about: str


class SeenObjection(Seen):
    category: ObjectionCategory
    about: str
    guide: str | None = Field(description="The id of the guide it sounds like, or null.")
    response: Seen | None = Field(description="What our side said to it, or null.")


class SeenCompetitor(Seen):
    competitor: str = Field(description="An id from the list, in_house or other.")
    context: CompetitorContext


class SeenQuestion(Seen):
    about: str
    answered: bool


class SpotAnswer(Answer):
    """What Claude answers for one window of a call."""

    claims: list[SeenClaim]
    objections: list[SeenObjection]
    competitors: list[SeenCompetitor]
    questions: list[SeenQuestion]


class Line(NamedTuple):
    """Words of one turn: all of them, or a part of a very long one."""

    turn: Turn
    text: str
    words: int


Window = list[Line]


def windows(turns: Iterable[Turn]) -> list[Window]:
    """The call in stretches that fit an answer, each beginning a little before the last one ended."""
    lines = [line for turn in turns for line in _lines(turn)]
    cut: list[Window] = []
    start = 0
    while start < len(lines):
        end, words = start, 0
        while end < len(lines) and (end == start or words + lines[end].words <= WINDOW_WORDS):
            words += lines[end].words
            end += 1
        cut.append(lines[start:end])
        if end == len(lines):
            break
        start = _overlap(lines, start, end)
    return cut


def window_halves(window: Window) -> list[Window]:
    """Two windows with half the lines; none where there is one line."""
    middle = len(window) // 2
    return [window[:middle], window[middle:]] if middle else []


def window_text(window: Window) -> str:
    return "\n".join(spoken_line(line.turn, line.text) for line in window)


class Spotter:
    """Gathers what Claude saw in the windows of one call into moments whose quotes are exact."""

    def __init__(self, transcript: Transcript, competitors: frozenset[str], guides: frozenset[str]) -> None:
        self._turns = transcript.turns
        self._competitors = competitors | {"in_house", "other"}
        self._guides = guides
        self._claims: list[SpottedClaim] = []
        self._objections: list[SpottedObjection] = []
        self._mentions: list[SpottedCompetitor] = []
        self._questions: list[SpottedQuestion] = []
        self._lost = 0

    def gather(self, parts: Iterable[Window], answers: Iterable[SpotAnswer]) -> Moments:
        """The moments of all windows, in the order they were said, each once."""
        for window, answer in zip(parts, answers, strict=True):
            self._add(window, answer)
        return Moments(
            claims=_in_order(self._claims, "c"),
            objections=_in_order(self._objections, "o"),
            competitors=_in_order(self._mentions, "m", key=lambda mention: mention.competitor),
            questions=_in_order(self._questions, "q"),
            warnings=[_lost(self._lost)] if self._lost else [],
        )

    def _add(self, window: Window, answer: SpotAnswer) -> None:
        first, last = window[0].turn.index, window[-1].turn.index

        def place(seen: Seen, sides: frozenset[Side]) -> Quote | None:
            quote = locate(self._turns, first, last, seen, sides)
            self._lost += quote is None
            return quote

        for claim in answer.claims:
            if quote := place(claim, OURS):
                self._claims.append(_claim(claim, quote))
        for objection in answer.objections:
            if quote := place(objection, THEIRS):
                self._objections.append(self._objection(objection, quote, first, last))
        for mention in answer.competitors:
            if quote := place(mention, ANYBODY):
                self._mentions.append(self._mention(mention, quote))
        for question in answer.questions:
            if quote := place(question, THEIRS):
                self._questions.append(_question(question, quote))

    def _objection(self, seen: SeenObjection, quote: Quote, first: int, last: int) -> SpottedObjection:
        response = locate(self._turns, first, last, seen.response, OURS) if seen.response else None
        return SpottedObjection(
            id="o",
            quote=quote,
            category=seen.category,
            about=_about(seen.about, quote),
            response=response if response and response.turn > quote.turn else None,
            guide=seen.guide if seen.guide in self._guides else None,
        )

    def _mention(self, seen: SeenCompetitor, quote: Quote) -> SpottedCompetitor:
        known = seen.competitor if seen.competitor in self._competitors else "other"
        return SpottedCompetitor(id="m", quote=quote, competitor=known, context=seen.context)


def locate(turns: Sequence[Turn], first: int, last: int, seen: Seen, sides: frozenset[Side]) -> Quote | None:
    """The words seen, in the turn that was named, else in the nearest from `first` to `last` that holds
    them; only in turns of these sides."""
    places = [seen.turn]
    if len(seen.quote.split()) >= STRAY_QUOTE_WORDS:
        others = (at for at in range(first, last + 1) if at != seen.turn)
        places += sorted(others, key=lambda at: abs(at - seen.turn))
    for at in places:
        if not first <= at <= last or turns[at].side not in sides:
            continue
        if span := find_span(seen.quote, turns[at].text):
            return turns[at].quote(*span)
    return None


def _lines(turn: Turn) -> list[Line]:
    words = turn.text.split()
    if len(words) <= LINE_WORDS:
        return [Line(turn, turn.text, len(words))] if words else []
    return [
        Line(turn, " ".join(words[at : at + LINE_WORDS]), len(words[at : at + LINE_WORDS]))
        for at in range(0, len(words), LINE_WORDS)
    ]


def _overlap(lines: Sequence[Line], start: int, end: int) -> int:
    """Where the next window begins: before `end` by at most the overlap, and always after `start`."""
    words = 0
    while end > start + 1 and words + lines[end - 1].words <= OVERLAP_WORDS:
        words += lines[end - 1].words
        end -= 1
    return end


def _claim(seen: SeenClaim, quote: Quote) -> SpottedClaim:
    return SpottedClaim(id="c", quote=quote, topic=one_line(seen.topic, 80), about=_about(seen.about, quote))


def _question(seen: SeenQuestion, quote: Quote) -> SpottedQuestion:
    return SpottedQuestion(id="q", quote=quote, answered=seen.answered, about=_about(seen.about, quote))


def _about(about: str, quote: Quote) -> str:
    return one_line(about, 400) or quote.text


M = TypeVar("M", SpottedClaim, SpottedObjection, SpottedCompetitor, SpottedQuestion)


def _in_order(found: list[M], letter: str, key: Callable[[M], str] = lambda _: "") -> list[M]:
    """The moments as they were said, numbered; one that windows or Claude named twice only once."""
    kept: list[M] = []
    heard: dict[tuple[int, str], list[Quote]] = {}
    for moment in sorted(found, key=lambda one: (one.quote.turn, one.quote.char_start)):
        near = heard.setdefault((moment.quote.turn, key(moment)), [])
        if not any(_same(moment.quote, quote) for quote in near):
            near.append(moment.quote)
            kept.append(moment)
    return [moment.model_copy(update={"id": f"{letter}{n}"}) for n, moment in enumerate(kept, 1)]


def _same(one: Quote, other: Quote) -> bool:
    shared = min(one.char_end, other.char_end) - max(one.char_start, other.char_start)
    return 2 * shared >= min(len(one.text), len(other.text))


def _lost(count: int) -> str:
    what = "One finding of Claude's was" if count == 1 else f"{count} findings of Claude's were"
    return f"{what} left out, because nobody who could have said the words quoted did say them."
