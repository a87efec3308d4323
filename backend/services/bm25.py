"""BM25 in memory, for queries whose words weigh differently, which SQLite's own cannot take."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

SCHEMA = """
    CREATE TABLE bm25 (name TEXT, size INTEGER, mean REAL, k1 REAL, b REAL);
    CREATE TABLE postings (name TEXT, stem TEXT, places BLOB, worths BLOB);
"""
"""What `keep` writes into; blobs are this machine's own, as is the file they are in."""


class Measure(NamedTuple):
    """How texts are measured: `size` of them of `mean` length. `k1` says how much repeating a word still
    adds, `b` how much a long text is held against it."""

    size: int
    mean: float
    k1: float
    b: float

    def rarity(self, holding: int) -> float:
        """What a word is worth that so many of the texts hold."""
        return math.log(1 + (self.size - holding + 0.5) / (holding + 0.5))

    def worth(self, rarity: float, count: int, length: int) -> float:
        """What a word of this rarity is worth to a text of this length that holds it so often."""
        return rarity * count * (self.k1 + 1) / (count + self.k1 * (1 - self.b + self.b * length / self.mean))


class Postings(NamedTuple):
    """The places of the texts that hold a stem, and what it is worth in each."""

    places: array[int]
    worths: array[float]


class Part:
    """How well some of the texts answer, those that follow one another, without a look at the others."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._worths: dict[str, list[tuple[int, float]]] = {}

    def add(self, stem: str, place: int, worth: float) -> None:
        self._worths.setdefault(stem, []).append((place, worth))

    def scores(self, query: Mapping[str, float]) -> list[float]:
        """The score of each, as among all texts."""
        scores = [0.0] * self._size
        for stem in filter(self._worths.__contains__, query):
            weight = query[stem]
            for place, worth in self._worths[stem]:
                scores[place] += weight * worth
        return scores


class Bm25:
    """How well each of some texts answers a weighted query. It is never changed: any thread may ask."""

    def __init__(self, measure: Measure, postings: Mapping[str, Postings]) -> None:
        self._measure, self._postings = measure, postings

    @classmethod
    def over(cls, texts: Sequence[Counter[str]], k1: float = 1.2, b: float = 0.75) -> Self:
        """Of texts as their stems, counted."""
        lengths = [text.total() for text in texts]
        mean = sum(lengths) / len(lengths) if any(lengths) else 1.0
        measure = Measure(len(texts), mean, k1, b)
        held: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, text in enumerate(texts):
            for stem, count in text.items():
                held[stem].append((place, count))
        postings = {}
        for stem, where in held.items():
            rarity = measure.rarity(len(where))
            worths = (measure.worth(rarity, count, lengths[place]) for place, count in where)
            postings[stem] = Postings(array("i", (place for place, _ in where)), array("f", worths))
        return cls(measure, postings)

    def scores(self, query: Mapping[str, float]) -> list[float]:
        """The score of each text. `query` is stems and how much each counts."""
        scores = [0.0] * self._measure.size
        for stem, weight in query.items():
            for place, worth in self.worths(stem):
                scores[place] += weight * worth
        return scores

    def worths(self, stem: str) -> Iterator[tuple[int, float]]:
        """The texts that hold a stem, by their place, and what it is worth in each."""
        found = self._postings.get(stem)
        return zip(found.places, found.worths, strict=True) if found else iter(())

    def parted(self, sizes: Sequence[int]) -> list[Part]:
        """The texts in parts of these sizes, which are together as many as there are texts."""
        parts = [Part(size) for size in sizes]
        placed = [(part, at) for part, size in zip(parts, sizes, strict=True) for at in range(size)]
        for stem, found in self._postings.items():
            for place, worth in zip(found.places, found.worths, strict=True):
                part, at = placed[place]
                part.add(stem, at, worth)
        return parts

    def share_holding(self, stem: str) -> float:
        """The share of the texts that hold a stem."""
        found = self._postings.get(stem)
        return len(found.places) / self._measure.size if found else 0.0

    def score(self, text: Counter[str], query: Mapping[str, float]) -> float:
        """The score of a text that is not among these, by what words are worth here."""
        length, measure = text.total(), self._measure
        return sum(
            weight * measure.worth(measure.rarity(len(found.places)), count, length)
            for stem, weight in query.items()
            if (count := text[stem]) and (found := self._postings.get(stem))
        )

    def keep(self, index: sqlite3.Connection, name: str) -> None:
        index.execute("INSERT INTO bm25 VALUES (?, ?, ?, ?, ?)", (name, *self._measure))
        index.executemany(
            "INSERT INTO postings VALUES (?, ?, ?, ?)",
            (
                (name, stem, found.places.tobytes(), found.worths.tobytes())
                for stem, found in self._postings.items()
            ),
        )

    @classmethod
    def kept(cls, index: sqlite3.Connection, name: str) -> Self:
        """What `keep` wrote. Raises sqlite3.DatabaseError or TypeError where it is not there."""
        held = index.execute("SELECT size, mean, k1, b FROM bm25 WHERE name = ?", (name,)).fetchone()
        rows = index.execute("SELECT stem, places, worths FROM postings WHERE name = ?", (name,))
        postings = {stem: Postings(array("i", places), array("f", worths)) for stem, places, worths in rows}
        return cls(Measure(*held), postings)


def weighted(told: Iterable[tuple[Iterable[str], float]]) -> dict[str, float]:
    """A query from lists of stems and their weight; a stem that stands in several counts by the heaviest."""
    query: dict[str, float] = {}
    for stems, weight in told:
        for stem in stems:
            query[stem] = max(weight, query.get(stem, 0.0))
    return query
