"""A stretch of whole weeks, and how far a share that was counted in it can be trusted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from math import sqrt
from typing import NamedTuple, Self

from pydantic import BaseModel

from backend.store.counting import monday, week_of

FIRST_WEEK = week_of(date(2000, 1, 1))
LAST_WEEK = week_of(date(2099, 12, 31))
"""What is dated before or after is a slip of the pen, and counts in no period."""
MOST_STEPS = 30
STEPS = (1, 4, 13, 52)
ENOUGH = 5
"""A share of fewer is not shown as one."""
Z = 1.96


class Period(NamedTuple):
    """From the first week to the last, both included; by their numbers."""

    first: int
    last: int

    @classmethod
    def between(cls, start: date, end: date) -> Self:
        """The weeks that these days are in, the earlier first."""
        first, last = sorted((week_of(start), week_of(end)))
        return cls(max(first, FIRST_WEEK), max(FIRST_WEEK, min(last, LAST_WEEK)))

    @classmethod
    def until(cls, today: date, weeks: int) -> Self:
        """So many weeks, this one included."""
        last = week_of(today)
        return cls(last - weeks + 1, last)

    def latest(self, weeks: int) -> Self:
        """The last weeks of this period."""
        return self._replace(first=max(self.first, self.last - weeks + 1))

    @property
    def weeks(self) -> int:
        return self.last - self.first + 1

    @property
    def start(self) -> date:
        return monday(self.first)

    @property
    def end(self) -> date:
        """The last Sunday."""
        return date.fromordinal(monday(self.last).toordinal() + 6)

    @property
    def seconds(self) -> tuple[float, float]:
        """From, and up to but without, in seconds since 1970."""
        after = monday(self.last + 1)
        return _midnight(self.start), _midnight(after)

    @property
    def step(self) -> int:
        """How many weeks a chart puts together, so that it can be read."""
        return next((step for step in STEPS if self.weeks <= step * MOST_STEPS), STEPS[-1])

    @property
    def steps(self) -> list[date]:
        """The Mondays on which a chart's steps begin."""
        return [monday(week) for week in range(self.first, self.last + 1, self.step)]


class WrongShare(BaseModel):
    """`wrong` of `of`. `low` and `high` are the 95 % interval (Wilson's); None where there are fewer than
    ENOUGH, when no share should be shown either."""

    wrong: int
    of: int
    low: float | None = None
    high: float | None = None

    @classmethod
    def counted(cls, wrong: int, of: int) -> Self:
        if of < ENOUGH:
            return cls(wrong=wrong, of=of)
        middle, spread = wrong / of + Z * Z / (2 * of), Z * sqrt(wrong * (of - wrong) / of + Z * Z / 4) / of
        scale = 1 + Z * Z / of
        low, high = (middle - spread) / scale, (middle + spread) / scale
        return cls(wrong=wrong, of=of, low=round(max(0.0, low), 4), high=round(min(1.0, high), 4))

    @property
    def share(self) -> float | None:
        return None if self.low is None else self.wrong / self.of


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
