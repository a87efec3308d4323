"""The geometry of the charts. Pure: figures in, places in per cent of the drawing out.

Per cent, so that a chart fits any width: its circles stay round, and its labels keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from backend.pages.wording import day

BASE = 88.0
"""Where zero is; below it stand the ticks of what is too little to be drawn."""
TOP = 6.0
NICE = (5, 10, 20, 30, 50, 100)
WIDEST_BAR = 6.0


class Mark(NamedTuple):
    """A figure of a chart, and how it is said."""

    x: float
    y: float
    label: str


class Stroke(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float


class Level(NamedTuple):
    """A line across, and what it stands for."""

    y: float
    label: str


class Line(NamedTuple):
    """A line over time, broken where there is no figure. `ticks` are times with too little to draw."""

    marks: list[Mark]
    strokes: list[Stroke]
    ticks: list[Mark]
    levels: list[Level]
    first: str
    last: str


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def line(
    starts: Sequence[date],
    values: Sequence[float | None],
    labels: Sequence[str],
    *,
    top: float,
    unit: str = "",
    few: Sequence[bool] = (),
) -> Line:
    """A chart from zero up to `top`. `labels` say each figure in words; `few` marks times at which there was
    something, but not enough for a figure."""
    places = [_x(nth, len(starts)) for nth in range(len(starts))]
    marks = [
        None if value is None else Mark(x, _y(value, top), label)
        for x, value, label in zip(places, values, labels, strict=True)
    ]
    strokes = [Stroke(a.x, a.y, b.x, b.y) for a, b in pairwise(marks) if a and b]
    ticks = [Mark(places[nth], BASE, labels[nth]) for nth, one in enumerate(few) if one]
    levels = [Level(_y(share * top, top), f"{share * top:g}{unit}") for share in (1, 0.5, 0)]
    first = day(starts[0]) if starts else ""
    last = day(starts[-1]) if len(starts) > 1 else ""
    return Line([mark for mark in marks if mark], strokes, ticks, levels, first, last)


def bars(values: Sequence[int], most: int) -> list[Bar]:
    """A bar for each figure above zero; one of `most` is of full height."""
    room = 100 / max(1, len(values))
    width = min(room * 0.8, WIDEST_BAR)
    return [
        Bar(
            x=round(_x(nth, len(values)) - width / 2, 2),
            y=round(100 - 100 * value / most, 2),
            width=round(width, 2),
            height=round(100 * value / most, 2),
        )
        for nth, value in enumerate(values)
        if value
    ]


def nice_top(most: float) -> int:
    """A round number of per cent above the highest."""
    return next((top for top in NICE if most <= top), NICE[-1])


def _x(nth: int, of: int) -> float:
    return round((nth + 0.5) * 100 / of, 2)


def _y(value: float, top: float) -> float:
    return round(BASE - (BASE - TOP) * min(1.0, value / top), 2)
