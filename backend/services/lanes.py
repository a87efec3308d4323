"""Sums of many vectors of numbers, weighed, at a microsecond or two a vector and without a library.

A vector is kept as one long number with 64 bits for each place, and Python adds two of those at once.
Numbers are in fixed point, so that what is added in another order is the same sum.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

LANED = 150
"""A vector with fewer numbers in it is added one by one, which takes no longer and holds less memory."""
WORTH_ONE = 1 << 34
WEIGHT_ONE = 1 << 4


class _Sparse(NamedTuple):
    places: array[int]
    worths: array[int]


class Lanes:
    """Vectors of `size` numbers, none of them negative, by name. Any number of threads may ask at once.

    `vector` gives the numbers that are not zero by their place; it is asked once for each name it knows.
    """

    def __init__(self, size: int, vector: Callable[[str], Mapping[int, float]]) -> None:
        self._size, self._vector = size, vector
        self._rows: dict[str, int | _Sparse] = {}

    def sums(self, weights: Mapping[str, float]) -> list[float]:
        """The sum of the vectors with these names, each as often as it weighs, to a sixteenth."""
        laned: dict[int, int] = defaultdict(int)
        sparse: list[tuple[int, _Sparse]] = []
        for name, weight in weights.items():
            row, times = self._row(name), round(weight * WEIGHT_ONE)
            if isinstance(row, int):
                laned[times] += row
            else:
                sparse.append((times, row))
        added = sum(times * lanes for times, lanes in laned.items())
        sums = array("q", added.to_bytes(8 * self._size, sys.byteorder)).tolist()
        for times, row in sparse:
            for place, worth in zip(row.places, row.worths, strict=True):
                sums[place] += times * worth
        return [one / (WORTH_ONE * WEIGHT_ONE) for one in sums]

    def _row(self, name: str) -> int | _Sparse:
        row = self._rows.get(name)
        if row is None:
            row = self._made(vector := self._vector(name))
            if vector:  # names that nobody knows are without number
                self._rows[name] = row
        return row

    def _made(self, vector: Mapping[int, float]) -> int | _Sparse:
        if len(vector) < LANED:
            worths = (round(worth * WORTH_ONE) for worth in vector.values())
            return _Sparse(array("i", vector), array("q", worths))
        each = array("q", bytes(8 * self._size))
        for place, worth in vector.items():
            each[place] = round(worth * WORTH_ONE)
        return int.from_bytes(each.tobytes(), sys.byteorder)
