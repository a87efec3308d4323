"""A call from left to right: where its moments lie, and who spoke. By turn where there are no times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

from backend.pages import wording
from backend.pages.cards import Card
from backend.report import CoachingReport
from backend.transcript import Side, Turn

SLOTS = 400
"""How finely the ribbon shows who was speaking."""
STEPS_S = (30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 7
LAST_TICK = 94.0
MOST_ASIDE = 3.0
"""How far a mark is moved, in percent of the call, so as not to cover the one before it."""


class Kind(NamedTuple):
    """What a lane holds, and how wide a mark on it is, in percent of a wide screen."""

    name: str
    tone: str
    width: float


KINDS = {
    "wrong": Kind("To correct", "wrong", 1.6),
    "claim": Kind("Other claims", "quiet", 0.3),
    "objection": Kind("Objections", "ask", 0.6),
    "question": Kind("Questions", "ask", 0.6),
    "competitor": Kind("Competitors", "rival", 0.6),
}


class Dot(NamedTuple):
    """A moment on its lane. `at` is its place from 0 to 100."""

    card: Card
    at: str
    place: str


class Lane(NamedTuple):
    """The moments of one kind, in the order they were said."""

    kind: Kind
    dots: list[Dot]


class Tick(NamedTuple):
    at: str
    words: str


class Timeline(NamedTuple):
    """`ribbon` holds, for our side and theirs, the path of when they spoke on a canvas of SLOTS by 8; it is
    empty where the sides are unknown."""

    lanes: list[Lane]
    ticks: list[Tick]
    ribbon: list[tuple[Side, str]]


def timeline(report: CoachingReport, cards: Iterable[Card]) -> Timeline:
    """The lanes that have moments, with ticks below them. Linear in turns and moments."""
    scale = _Scale(report.turns)
    of_kind: dict[str, list[Card]] = {key: [] for key in KINDS}
    for card in cards:
        of_kind["wrong" if card.accuses else card.kind].append(card)
    lanes = [_lane(KINDS[key], found, scale) for key, found in of_kind.items() if found]
    return Timeline(lanes, scale.ticks(), _ribbon(report.turns, scale))


class _Scale:
    """From a call's seconds, or else its turns, to percent of its length."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._timed = all(turn.start_s is not None for turn in turns)
        last = max((turn.end_s or turn.start_s or 0.0 for turn in turns), default=0.0)
        self._end = (last if self._timed else len(turns)) or 1.0

    def of_card(self, card: Card) -> float:
        turn = self._turns[card.quote.turn]
        second = turn.start_s if card.quote.start_s is None else card.quote.start_s
        return self._percent(turn.index if not self._timed or second is None else second)

    def of_turn(self, turn: Turn) -> tuple[float, float]:
        if not self._timed or turn.start_s is None:
            return self._percent(turn.index), self._percent(turn.index + 1)
        return self._percent(turn.start_s), self._percent(turn.end_s or turn.start_s)

    def ticks(self) -> list[Tick]:
        """Marks of time or turn, evenly; none so near the end that its words would run over it."""
        if self._timed:
            step = next((step for step in STEPS_S if self._end / step <= MOST_TICKS), STEPS_S[-1])
            step *= ceil(self._end / step / MOST_TICKS)
            marks = [(float(at), wording.clock(at)) for at in range(0, int(self._end) + 1, step)]
        else:
            step = ceil(len(self._turns) / MOST_TICKS) or 1
            marks = [(at, f"{at + 1}" if at else "turn 1") for at in range(0, len(self._turns), step)]
        return [
            Tick(_place(self._percent(at)), words) for at, words in marks if self._percent(at) <= LAST_TICK
        ]

    def _percent(self, at: float) -> float:
        return max(0.0, min(100.0, at / self._end * 100))


def _place(percent: float) -> str:
    return f"{percent:.1f}".removesuffix(".0")


def _lane(kind: Kind, cards: Sequence[Card], scale: _Scale) -> Lane:
    dots: list[Dot] = []
    before = -100.0
    for card in cards:
        at = scale.of_card(card)
        free = before + kind.width
        before = min(free, 100.0) if at < free <= at + MOST_ASIDE else at
        dots.append(Dot(card, _place(before), wording.place(card.quote)))
    return Lane(kind, dots)


def _ribbon(turns: Sequence[Turn], scale: _Scale) -> list[tuple[Side, str]]:
    """Each slot belongs to who speaks in it first, so that the path stays short however long the call."""
    slots: list[Side | None] = [None] * SLOTS
    for turn in reversed(turns):
        start, stop = (percent / 100 * SLOTS for percent in scale.of_turn(turn))
        first = min(SLOTS - 1, int(start))
        last = max(first + 1, min(SLOTS, round(stop)))
        slots[first:last] = [turn.side] * (last - first)
    sides: tuple[Side, ...] = ("internal", "external")
    drawn = [(side, _path([slot == side for slot in slots])) for side in sides]
    return drawn if all(path for _, path in drawn) else []


def _path(spoken_in: Sequence[bool]) -> str:
    path, at = [], 0
    for spoken, run in groupby(spoken_in):
        length = sum(1 for _ in run)
        if spoken:
            path.append(f"M{at} 4h{length}")
        at += length
    return "".join(path)
