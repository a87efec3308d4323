"""Which facts are meant by what was said, and in which order they are worth reading.

Three things speak for a fact: its own wordings, those of its page, and the facts that are worded like it.
Each was measured, on wordings held back from the pack as on labelled queries and claims, to find more than
without it; what did not (rows of single wordings, pairs of words, word beginnings, feedback of the words of
what was found, longer lists of stopwords) is not here.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from backend.facts import Fact
from backend.services import bm25
from backend.services.bm25 import Bm25, weighted
from backend.services.lanes import Lanes
from backend.services.stems import counted_stems, stems

PAGE_SHARE = 0.4
"""How much what its page says counts beside a fact's own wordings, which count 1."""
NEIGHBOURS_SHARE = 0.5
NEIGHBOURS = 10
TELLING_STEMS = 30
"""By so many of its rarest stems a fact is compared with the others."""
CONTEXT_SHARE = 0.5
"""What was said before counts this much, and what was said before that this much of it again."""
CONTEXT_CHARS = 1_200
"""So much of what was said before, the end of it, is looked at."""
LEADING_PAGES = 3
LOW = 0.2
"""Most facts score less than this share of the best, and are seldom among those wanted."""
FACTS_OF_A_PAGE = 3

SCHEMA = bm25.SCHEMA + "CREATE TABLE neighbours (fact INTEGER PRIMARY KEY, others BLOB, shares BLOB);"


class Neighbours(NamedTuple):
    """The facts worded most like a fact, and their share in what is said for it; shares add up to 1."""

    others: array[int]
    shares: array[float]


class FactRanking:
    """Scores for all facts, in the order in which they were given. Any number of threads may ask at once."""

    def __init__(
        self, facts: Sequence[Fact], worded: Bm25, pages: Bm25, neighbours: Sequence[Neighbours]
    ) -> None:
        self.worded, self._pages, self._neighbours = worded, pages, neighbours
        self._page_of = _page_numbers(facts)
        self._on_page: dict[int, list[int]] = defaultdict(list)
        for place, page in enumerate(self._page_of):
            self._on_page[page].append(place)
        self._heard_by: list[list[tuple[int, float]]] = [[] for _ in facts]
        for place, near in enumerate(neighbours):
            for other, share in zip(near.others, near.shares, strict=True):
                self._heard_by[other].append((place, share))
        self._lanes = Lanes(len(facts), self._worths)

    @classmethod
    def over(cls, facts: Sequence[Fact]) -> Self:
        """About a second for a thousand facts."""
        worded = [counted_stems(wordings(fact)) for fact in facts]
        pages: dict[int, Counter[str]] = defaultdict(Counter)
        for page, text in zip(_page_numbers(facts), worded, strict=True):
            pages[page].update(text)
        # A page is long and says one thing in many ways: repeating counts for more, length for less.
        by_page = Bm25.over([pages[number] for number in range(len(pages))], k1=8, b=0.5)
        return cls(facts, Bm25.over(worded), by_page, list(_all_neighbours(worded)))

    @classmethod
    def kept(cls, index: sqlite3.Connection, facts: Sequence[Fact]) -> Self:
        """What `keep` wrote for these facts. Raises as Bm25.kept does."""
        rows = index.execute("SELECT others, shares FROM neighbours ORDER BY fact")
        neighbours = [Neighbours(array("i", others), array("f", shares)) for others, shares in rows]
        return cls(facts, Bm25.kept(index, "facts"), Bm25.kept(index, "pages"), neighbours)

    def keep(self, index: sqlite3.Connection) -> None:
        index.executescript(SCHEMA)
        self.worded.keep(index, "facts")
        self._pages.keep(index, "pages")
        index.executemany(
            "INSERT INTO neighbours VALUES (?, ?, ?)",
            ((at, one.others.tobytes(), one.shares.tobytes()) for at, one in enumerate(self._neighbours)),
        )

    def scores(self, query: Mapping[str, float]) -> list[float]:
        """How much speaks for each fact, on BM25's scale. `query` as `spoken_query` makes it."""
        return self._lanes.sums(query)

    def _worths(self, stem: str) -> dict[int, float]:
        """What a stem says for each fact: all that speaks for it is a sum over stems."""
        alone: dict[int, float] = defaultdict(float, self.worded.worths(stem))
        for page, worth in self._pages.worths(stem):
            for place in self._on_page[page]:
                alone[place] += PAGE_SHARE * worth
        whole: dict[int, float] = defaultdict(float, alone)
        for other, worth in alone.items():
            for place, share in self._heard_by[other]:
                whole[place] += NEIGHBOURS_SHARE * share * worth
        return {place: worth / (1 + PAGE_SHARE + NEIGHBOURS_SHARE) for place, worth in whole.items()}

    def in_order(self, scores: Sequence[float], k: int) -> list[int]:
        """The places of up to `k` facts that anything speaks for, best first.

        The first few are of different pages, so that one page which was not meant does not fill the view,
        and no page gives more than FACTS_OF_A_PAGE.
        """
        of_page: Counter[int] = Counter()
        leading: list[int] = []
        following: list[int] = []
        for at in _highest(scores, 4 * k + 40):
            if scores[at] <= 0:
                break
            page = self._page_of[at]
            if not of_page[page] and len(leading) < LEADING_PAGES:
                leading.append(at)
            elif of_page[page] < FACTS_OF_A_PAGE:
                following.append(at)
            of_page[page] += 1
        return [*leading, *following][:k]


def wordings(fact: Fact) -> str:
    """All that a fact is found by."""
    wrong = (version.claim for version in fact.wrong)
    return "\n".join((fact.statement, *fact.asks, *wrong, fact.title, fact.section, *fact.terms))


def spoken_query(words: str, before: Sequence[str] = ()) -> dict[str, float]:
    """What to look for, and how much each stem counts. `before`: what was said before, the nearest first."""
    shares = (CONTEXT_SHARE ** (step + 1) for step in range(len(before)))
    context = ((stems(said), share) for said, share in zip(before, shares, strict=True))
    return weighted([(stems(words), 1.0), *context])


def _page_numbers(facts: Iterable[Fact]) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault((fact.url or fact.title).partition("#")[0], len(numbers)) for fact in facts]


def _highest(scores: Sequence[float], k: int) -> list[int]:
    """The places of the highest scores, highest first, of equal ones the first."""
    if k <= 0 or not scores:
        return []
    # Bare numbers sort faster than places by their numbers, or than a heap in Python, and most are low.
    low = max(scores) * LOW
    likely = [score for score in scores if score > low]
    least = sorted(likely if len(likely) >= k else scores, reverse=True)[min(k, len(scores)) - 1]
    high = [place for place, score in enumerate(scores) if score >= least]
    return sorted(high, key=scores.__getitem__, reverse=True)[:k]


def _all_neighbours(texts: Sequence[Counter[str]]) -> Iterable[Neighbours]:
    """Each text's neighbours by the cosine of their most telling stems."""
    vectors = _telling(texts)
    holding: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for at, vector in enumerate(vectors):
        for stem, weight in vector.items():
            holding[stem].append((at, weight))
    for at, vector in enumerate(vectors):
        cosines: dict[int, float] = defaultdict(float)
        for stem, weight in vector.items():
            for other, others_weight in holding[stem]:
                cosines[other] += weight * others_weight
        cosines.pop(at, None)
        near = heapq.nlargest(NEIGHBOURS, cosines.items(), key=lambda pair: (pair[1], -pair[0]))
        total = sum(cosine for _, cosine in near) or 1.0
        yield Neighbours(
            array("i", (other for other, _ in near)), array("f", (cosine / total for _, cosine in near))
        )


def _telling(texts: Sequence[Counter[str]]) -> list[dict[str, float]]:
    """Each text as a vector of length 1 of its most telling stems."""
    held_by = Counter(stem for text in texts for stem in text)
    vectors = []
    for text in texts:
        weights = {
            stem: (1 + math.log(count)) * math.log(1 + len(texts) / held_by[stem])
            for stem, count in text.items()
        }
        kept = heapq.nlargest(TELLING_STEMS, weights.items(), key=lambda pair: (pair[1], pair[0]))
        length = math.sqrt(sum(weight * weight for _, weight in kept)) or 1.0
        vectors.append({stem: weight / length for stem, weight in kept})
    return vectors
