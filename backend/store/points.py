"""Which wrong claims are the same mistake: those that the same words of a page put right.

Two analysts quote the same page in other cuts, and the pack says in our words what the page says in its own.
So points of one page are the same where the words that settle them, or the corrections, are mostly the same;
in which verdict they end makes no difference, for the lesson is one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

SAME_WORDS = 0.5
"""The part of the shorter text's words that must stand in the other. On the labelled calls this brings
together 0.73 of the pairs of wrong claims that one fact settles, and 0.08 of those that two facts of one
page do."""
FEWEST_WORDS = 3

_WORD = re.compile(r"[a-z]+|\d[\d.,]*")
_COMMON = frozenset(
    _WORD.findall(
        "a an the and or but of to in on at by for with from as if then than so is are was were be been "
        "it its this that these those not no only all any each every more most other may can will would "
        "has have had do does did you your we our they their when where which who what how into per via "
        "prefect"
    )
)
_LONGEST_STEM = 7


class Point(NamedTuple):
    """What settles some wrong claims, and how many. `quote` is the documentation's, `correction` ours."""

    label: str
    page: str
    quote: str
    correction: str
    claims: int


def same_mistakes(points: Iterable[Point]) -> list[list[Point]]:
    """The points in groups, the group of the most claims first, in each the commonest first.

    A point joins the commonest that it is like, and never one that is only like a third.
    """
    of_page: defaultdict[str, list[tuple[_Words, list[Point]]]] = defaultdict(list)
    for point in sorted(points, key=lambda point: (-point.claims, point.label)):
        words, groups = _Words.of(point), of_page[point.page]
        group = next((group for leader, group in groups if words.like(leader)), None)
        if group is None:
            groups.append((words, [point]))
        else:
            group.append(point)
    found = [group for groups in of_page.values() for _, group in groups]
    return sorted(found, key=lambda group: (-sum(point.claims for point in group), group[0].label))


class _Words(NamedTuple):
    quote: frozenset[str]
    correction: frozenset[str]

    @classmethod
    def of(cls, point: Point) -> _Words:
        return cls(_meaning(point.quote), _meaning(point.correction))

    def like(self, other: _Words) -> bool:
        return _alike(self.quote, other.quote) or _alike(self.correction, other.correction)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    fewest = min(len(one), len(other))
    if fewest < FEWEST_WORDS:
        return bool(one) and one == other
    return len(one & other) >= SAME_WORDS * fewest


def _meaning(text: str) -> frozenset[str]:
    """A text's words without the common ones and, roughly, their endings."""
    words = (word.strip(".,") for word in _WORD.findall(text.lower()))
    return frozenset(_stem(word) for word in words if word not in _COMMON)


def _stem(word: str) -> str:
    return word[:_LONGEST_STEM] if len(word) > _LONGEST_STEM else word.removesuffix("s")
