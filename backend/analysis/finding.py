"""What is known about some words: the facts they mean, the queries those write, the passages to read.

The one way through the pack and the docs, for a moment of a call and for a search alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backend.analysis.analyst import Knowledge
from backend.analysis.queries import can_be_asked, write_queries
from backend.facts import Fact, FactMatch, LookUps, Passage, PassageMatch
from backend.transcript import Quote, Turn

FACTS_FOUND = 40
"""So many facts lead to pages to read; the best of them are read themselves."""
PASSAGES_BROUGHT = 20
WORDS_READ = 5_500
"""About so many words of the docs are laid before an analyst for one moment; with a dozen facts, 6,000."""
SHORTEST_WORDS = 40
"""No room is left when hardly any section would fit."""
QUERIES_PER_SEARCH = 4
CONTEXT_CHARS = 1_200
LATER_SHARE = 0.25
"""What a page's second passage counts beside its first, in a search: other pages come before it."""


class Asked(NamedTuple):
    """Words to find something for, and what was said before them, the nearest first."""

    words: str
    before: tuple[str, ...] = ()


def asked_at(quote: Quote, about: str, turns: Sequence[Turn]) -> Asked:
    """A moment of a call: its words and what they are about, after the turn so far and the turns before."""
    words = about if quote.text in about else f"{quote.text} {about}"
    turn = turns[quote.turn]
    earlier = [one.text[-CONTEXT_CHARS:] for one in reversed(turns[max(0, quote.turn - 2) : quote.turn])]
    so_far = turn.text[max(0, quote.char_start - CONTEXT_CHARS) : quote.char_start]
    return Asked(words, (f"{earlier[0] if earlier else ''} {so_far}", *earlier[1:]))


def match(knowledge: Knowledge, asked: Asked) -> list[FactMatch]:
    return knowledge.match(asked.words, FACTS_FOUND, asked.before)


def rank(
    knowledge: Knowledge, asked: Asked, matches: Sequence[FactMatch], looked_up: LookUps
) -> list[PassageMatch]:
    """What was looked up for these facts and what is kept of their pages, best first."""
    return knowledge.rank(asked.words, matches, _brought(matches, looked_up), asked.before)


def own_sections(
    knowledge: Knowledge, facts: Sequence[Fact], matches: Sequence[FactMatch], looked_up: LookUps
) -> list[Passage]:
    """The very sections that some of the facts matched are about, as looked up and as kept here."""
    return knowledge.own_sections(facts, _brought(matches, looked_up))


def readable(ranked: Iterable[PassageMatch], words: int = WORDS_READ) -> list[Passage]:
    """The best passages, as many as fit into so many words."""
    kept = []
    for passage, _ in ranked:
        if words < SHORTEST_WORDS:
            break
        length = len(passage.text.split())
        if length <= words:
            words -= length
            kept.append(passage)
    return kept


async def search(knowledge: Knowledge, words: str, k: int) -> list[PassageMatch]:
    """Up to `k` passages for words as spoken: every page by its best passage first, then their others.

    Nothing of the words leaves the machine: docs servers are asked in the words of the facts found.
    """
    asked = Asked(words)
    matches = await asyncio.to_thread(match, knowledge, asked)
    queries = write_queries(_one_of_each_page(matches), most=QUERIES_PER_SEARCH)
    looked_up = await knowledge.look_up(queries)
    return await asyncio.to_thread(_by_page, knowledge, asked, matches, looked_up, k)


def _by_page(
    knowledge: Knowledge, asked: Asked, matches: Sequence[FactMatch], looked_up: LookUps, k: int
) -> list[PassageMatch]:
    ranked = rank(knowledge, asked, matches, looked_up)
    best: dict[str | None, float] = {}
    for fact_match in matches:
        page = _page(fact_match.fact.url)
        best[page] = max(fact_match.score, best.get(page, 0.0))
    least = min(best.values(), default=1.0)
    read = {_page(one.passage.url) for one in ranked}
    facts = [
        PassageMatch(passage=knowledge.passage(one.fact), score=one.score)
        for one in matches
        if _page(one.fact.url) not in read
    ]
    seen: dict[str | None, int] = {}
    found = []
    for passage in (one.passage for one in [*ranked, *facts]):
        page = _page(passage.url)
        share = LATER_SHARE ** seen.get(page, 0)
        seen[page] = seen.get(page, 0) + 1
        found.append(PassageMatch(passage=passage, score=round(best.get(page, least / 2) * share, 4)))
    return sorted(found, key=lambda one: -one.score)[:k]


def _one_of_each_page(matches: Sequence[FactMatch]) -> list[Fact]:
    facts: dict[str | None, Fact] = {}
    for fact in (one.fact for one in matches):
        if can_be_asked(fact):
            facts.setdefault(_page(fact.url), fact)
    return list(facts.values())


def _brought(matches: Sequence[FactMatch], looked_up: LookUps) -> list[Passage]:
    """What a docs server answered for these facts, each passage once, those of better facts first. What is
    kept here is ranked as it is, whether a look-up fell back on it or not."""
    passages = {
        passage.id: passage
        for one in matches
        for passage in looked_up.passages.get(one.fact.id, [])
        if passage.source == "prefect-mcp"
    }
    return list(passages.values())[:PASSAGES_BROUGHT]


def _page(url: str | None) -> str | None:
    return url and url.partition("#")[0].rstrip("/")
