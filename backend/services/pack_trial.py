"""What the pack finds for words as spoken, and which of its own words were the reason."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from pydantic import BaseModel

from backend.facts import Fact
from backend.services.docs_snapshot import Snapshot
from backend.services.search_index import any_of, meaning_words

_HIT = re.compile("\x02(.*?)\x03")
_TABLE = """
    CREATE VIRTUAL TABLE lines USING fts5 (
        text, fact UNINDEXED, part UNINDEXED, tokenize = 'porter unicode61'
    )
"""
_MATCHES = """
    SELECT fact, part, text, highlight(lines, 0, '\x02', '\x03')
    FROM lines WHERE lines MATCH ? ORDER BY rank
"""


class Reason(BaseModel):
    """The line of a fact that shares most with what was said; `part` is where it stands in the fact."""

    part: str
    text: str
    words: list[str]


class Tried(BaseModel):
    """A fact that was found, and the query it writes, if any.

    `innocent` says why it may not settle anything against a rep; None where it may.
    """

    fact: Fact
    score: float
    reasons: list[Reason]
    query: str | None
    innocent: str | None


class Trial(BaseModel):
    """What was said, what it was heard as, and the facts found, best first."""

    said: str
    heard: str
    found: list[Tried]


def try_words(snapshot: Snapshot, said: str, k: int, query: Callable[[Fact], str | None]) -> Trial:
    """Up to `k` facts for these words, each with the best line of every part of it that matched."""
    matches = snapshot.match(said, k)
    heard = snapshot.pack.hear(said)
    reasons = _reasons([match.fact for match in matches], heard)
    found = [
        Tried(
            fact=match.fact,
            score=match.score,
            reasons=reasons.get(match.fact.id, []),
            query=query(match.fact),
            innocent=_innocent(match.fact),
        )
        for match in matches
    ]
    return Trial(said=said, heard=heard, found=found)


def _reasons(facts: Iterable[Fact], heard: str) -> dict[str, list[Reason]]:
    """By fact. The lines are matched as the index matches them, with the same stems."""
    best: dict[tuple[str, str], Reason] = {}
    terms = meaning_words(heard)
    with closing(sqlite3.connect(":memory:")) as lines:
        lines.execute(_TABLE)
        lines.executemany(
            "INSERT INTO lines VALUES (?, ?, ?)", (line for fact in facts for line in _lines(fact))
        )
        for fact, part, text, marked in lines.execute(_MATCHES, (any_of(terms),)) if terms else ():
            words = list(dict.fromkeys(word.lower() for word in _HIT.findall(marked)))
            best.setdefault((fact, part), Reason(part=part, text=text, words=words))
    found: dict[str, list[Reason]] = {}
    for (fact, _), reason in best.items():
        found.setdefault(fact, []).append(reason)
    return found


def _lines(fact: Fact) -> Iterator[tuple[str, str, str]]:
    yield fact.statement, fact.id, "statement"
    yield from ((ask, fact.id, "ask") for ask in fact.asks)
    yield from ((wrong.claim, fact.id, "wrong") for wrong in fact.wrong)
    yield " · ".join(filter(None, (fact.title, fact.section, *fact.terms))), fact.id, "terms"


def _innocent(fact: Fact) -> str | None:
    if fact.may_accuse:
        return None
    if fact.url is None:
        return "it has no public source"
    if fact.conflict:
        return fact.conflict
    if fact.confidence != "high":
        return f"its confidence is {fact.confidence}"
    return (
        f"it was last looked up on {fact.as_of}" if fact.as_of else "nobody knows when it was last looked up"
    )
