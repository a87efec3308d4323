"""Many patterns looked for in one text: only those are searched that some word of it may begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

LETTERS = 6
"""A word is told from others by so many signs: where it begins, its first letters, where it ends."""
EDGE = "\b"
"""Where a word begins or ends."""

_WORD = re.compile(r"\w+")
_MARK = re.compile(r"\(\?<?[:=!]|\\.|\[\^?[^\]]*\]|\{[^}]*\}[?+]?|[?*+]\??|.", re.DOTALL)
_LETTER = re.compile(r"\w")
_OF_LETTERS = re.compile(r"\[\w+\]")
_OF_NO_LETTERS = re.compile(r"\[(?:[^\w\\^]|\\s)+\]|\\[Ws]")
_ANYTHING: frozenset[str] = frozenset({""})

Choice = list[list["Part"]]
"""Sequences, one of which stands there."""
Part = str | Choice


class Sieve:
    """Finds which of these patterns, by their names, a lower-case text shows: what searching each would find,
    in their order, sooner."""

    def __init__(self, patterns: Mapping[str, re.Pattern[str]]) -> None:
        begun = {name: beginnings(pattern.pattern) for name, pattern in patterns.items()}
        self._searched = [(name, not begun[name], pattern.search) for name, pattern in patterns.items()]
        by_beginning: dict[str, set[str]] = {}
        for name, words in begun.items():
            for word in words:
                by_beginning.setdefault(word, set()).add(name)
        self._by_beginning = by_beginning
        self._lengths = sorted({len(one) for one in by_beginning})

    def found(self, lower: str) -> list[str]:
        may = self._may_show(lower)
        return [name for name, always, search in self._searched if (always or name in may) and search(lower)]

    def _may_show(self, lower: str) -> set[str]:
        words = [f"{EDGE}{word}{EDGE}" for word in set(_WORD.findall(lower))]
        known = self._by_beginning
        begun = {word[:length] for length in self._lengths for word in words}
        return set(chain.from_iterable(known[one] for one in begun & known.keys()))


def beginnings(pattern: str) -> frozenset[str]:
    """How the first word of whatever a pattern finds may begin; nothing where that cannot be told. It knows
    what the patterns of this package are written with."""
    found = _begun(_read(iter(_MARK.findall(pattern))), _ANYTHING)
    told = all(len(one) > 1 and one[0] == EDGE and _LETTER.match(one[1]) for one in found)
    return found if told else frozenset()


def _read(marks: Iterator[str]) -> Choice:
    """The choice up to the bracket that closes it."""
    choice: Choice = [[]]
    for mark in marks:
        last = choice[-1]
        if mark == ")":
            break
        if mark == "|":
            choice.append([])
        elif mark.startswith("("):
            inner = _read(marks)
            if mark not in ("(?=", "(?!", "(?<=", "(?<!"):
                last.append(inner)
        elif mark[0] in "?*{":
            last[-1:] = [[[*last[-1:], *([] if mark[0] == "?" else ["."])], []]]
        elif mark[0] == "+":
            last.append(".")
        else:
            last.append(mark)
    return choice


def _begun(choice: Choice, then: frozenset[str]) -> frozenset[str]:
    """How what stands there may begin, before what comes then."""
    return frozenset().union(*(_in_a_row(sequence, then) for sequence in choice))


def _in_a_row(sequence: Sequence[Part], then: frozenset[str]) -> frozenset[str]:
    for part in reversed(sequence):
        then = _before(part, then) if isinstance(part, str) else _begun(part, then)
    return then


def _before(mark: str, then: frozenset[str]) -> frozenset[str]:
    if mark == r"\b":
        return frozenset({one if one.startswith(EDGE) else (EDGE + one)[:LETTERS] for one in then})
    if _OF_LETTERS.fullmatch(mark):
        return frozenset({(letter + one)[:LETTERS] for letter in mark[1:-1] for one in then})
    if len(mark) == 1 and _LETTER.match(mark):
        return frozenset({(mark + one)[:LETTERS] for one in then})
    ends_a_word = _OF_NO_LETTERS.fullmatch(mark) or (
        len(mark) <= 2 and mark not in ".^$" and not mark[-1].isalnum()
    )
    return frozenset({EDGE}) if ends_a_word else _ANYTHING
