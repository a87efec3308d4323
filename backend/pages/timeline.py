"""A call from left to right: where its moments lie, and who spoke. By turn where there are no times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from backend.pages import wording
from backend.pages.cards import Card
from backend.report import CoachingReport
from backend.transcript import Side, Turn

SLOTS = 400
"""How finely the ribbon shows who was speaking."""
STEPS_S = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 7


class Dot(NamedTuple):
    """A moment on its lane. `at` is its place from 0 to 100."""

    card: Card
    at: str
    place: str


class Lane(NamedTuple):
    """The moments of one kind, in the order they were said."""

    name: str
    tone: str
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
    timed = all(turn.start_s is not None for turn in report.turns)
    end = _last_second(report.turns) if timed else float(len(report.turns))

    def at(card: Card) -> float:
        second = card.quote.start_s
        return card.quote.turn if not timed else second if second is not None else _begins(report, card)

    lanes = [Lane(name, tone, []) for name, tone in _LANES.values()]
    by_key = dict(zip(_LANES, lanes, strict=True))
    for card in cards:
        by_key[_lane_of(card)].dots.append(Dot(card, _percent(at(card), end), wording.place(card.quote)))
    return Timeline(
        [lane for lane in lanes if lane.dots],
        _ticks(end) if timed else _turn_ticks(len(report.turns)),
        _ribbon(report.turns, end, timed),
    )


_LANES = {
    "wrong": ("To correct", "wrong"),
    "claim": ("Other claims", "quiet"),
    "objection": ("Objections", "ask"),
    "question": ("Questions", "ask"),
    "competitor": ("Competitors", "rival"),
}


def _lane_of(card: Card) -> str:
    if card.claim is None:
        return card.kind
    return "wrong" if card.accuses else "claim"


def _begins(report: CoachingReport, card: Card) -> float:
    return report.turns[card.quote.turn].start_s or 0.0


def _last_second(turns: Sequence[Turn]) -> float:
    return max((turn.end_s or turn.start_s or 0.0 for turn in turns), default=0.0) or 1.0


def _percent(at: float, end: float) -> str:
    return f"{max(0.0, min(1.0, at / (end or 1))) * 100:.1f}".removesuffix(".0")


def _ticks(end: float) -> list[Tick]:
    step = next((step for step in STEPS_S if end / step <= MOST_TICKS), STEPS_S[-1])
    while end / step > MOST_TICKS:
        step *= 2
    return [Tick(_percent(second, end), wording.clock(second)) for second in range(0, int(end) + 1, step)]


def _turn_ticks(turns: int) -> list[Tick]:
    step = max(1, -(-turns // MOST_TICKS))
    return [Tick(_percent(turn, turns), f"turn {turn + 1}") for turn in range(0, turns, step)]


def _ribbon(turns: Sequence[Turn], end: float, timed: bool) -> list[tuple[Side, str]]:
    """Each slot belongs to who speaks in it first, so that the path stays short however long the call."""
    slots: list[Side | None] = [None] * SLOTS
    for turn in reversed(turns):
        start, stop = _span(turn, timed)
        first = min(SLOTS - 1, int(start / end * SLOTS))
        last = max(first + 1, min(SLOTS, round(stop / end * SLOTS)))
        slots[first:last] = [turn.side] * (last - first)
    sides: tuple[Side, ...] = ("internal", "external")
    drawn = [(side, _path([slot == side for slot in slots])) for side in sides]
    return drawn if all(path for _, path in drawn) else []


def _span(turn: Turn, timed: bool) -> tuple[float, float]:
    if not timed:
        return turn.index, turn.index + 1
    start = max(0.0, turn.start_s or 0.0)
    return start, max(start, turn.end_s or start)


def _path(spoken_in: Sequence[bool]) -> str:
    path, at = [], 0
    for spoken, run in groupby(spoken_in):
        length = sum(1 for _ in run)
        if spoken:
            path.append(f"M{at} 4h{length}")
        at += length
    return "".join(path)
