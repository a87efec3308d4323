"""How far a figure can be trusted: bootstrap intervals, for one run and for the change between two."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import TypeVar

from pydantic import BaseModel

ROUNDS = 2_000
DIGITS = 4
OUTSIDE = 0.025
"""The share of the resampled figures that lies below a 95 % interval, and above it."""

T = TypeVar("T")


class Interval(BaseModel):
    """A figure with its 95 % interval. `n` is how many things it was counted over."""

    value: float
    low: float
    high: float
    n: int

    @property
    def without_zero(self) -> bool:
        """Whether a difference is beyond noise."""
        return self.low > 0 or self.high < 0


def bootstrap(values: Sequence[float], *, rounds: int = ROUNDS, seed: int = 0) -> Interval:
    """The mean with its 95 % percentile interval. `values` must not be empty."""
    drawn = (fmean(sample) for sample in _samples(values, rounds, seed))
    return _interval(fmean(values), sorted(drawn), len(values))


def bootstrap_of(
    items: Sequence[T],
    figure: Callable[[Sequence[T]], float | None],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Interval | None:
    """Any figure of the items with its interval, the items resampled. None where they do not give one; a
    resample that does not is left out."""
    value = figure(items) if items else None
    if value is None:
        return None
    drawn = (figure(sample) for sample in _samples(items, rounds, seed))
    return _interval(value, sorted(one for one in drawn if one is not None), len(items))


def change(
    pairs: Sequence[tuple[T, T]],
    figure: Callable[[Sequence[T]], float | None],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Interval | None:
    """How much higher the figure is in the second of each pair than in the first, the pairs resampled."""

    def later_less_earlier(sample: Sequence[tuple[T, T]]) -> float | None:
        earlier, later = figure([one for one, _ in sample]), figure([one for _, one in sample])
        return None if earlier is None or later is None else later - earlier

    return bootstrap_of(pairs, later_less_earlier, rounds=rounds, seed=seed)


def _samples(items: Sequence[T], rounds: int, seed: int) -> Iterator[list[T]]:
    source = random.Random(seed)  # noqa: S311 - the same figures for the same run, not secrecy
    return (source.choices(items, k=len(items)) for _ in range(rounds))


def _interval(value: float, drawn: list[float], n: int) -> Interval:
    edge = int(OUTSIDE * len(drawn))
    low, high = drawn[edge], drawn[-1 - edge]
    return Interval(value=round(value, DIGITS), low=round(low, DIGITS), high=round(high, DIGITS), n=n)
