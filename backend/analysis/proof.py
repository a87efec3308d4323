"""Which words of which passage show what a fact says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from backend.analysis.analyst import Brief
from backend.analysis.sentences import sentences
from backend.analysis.wording import meaning, share
from backend.facts import Fact, Passage
from backend.report import Evidence

SAYS_THE_SAME = 0.6
"""A sentence of the docs stands for the fact when it has this share of the fact's meaning words."""
PASSAGES_READ = 3
LONGEST_QUOTE = 600
PROOFS_HELD = 8_000

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def proof(fact: Fact, passages: Sequence[Passage]) -> list[Evidence]:
    """The docs' own sentence where one says what the fact says with the same numbers; else the fact as the
    pack has it; nothing where neither can be quoted."""
    docs = [one for one in passages if one.source != "pack" and one.url and one.url == fact.url]
    for passage in docs[:PASSAGES_READ]:
        if words := _same_in(passage.text, fact.statement):
            return [cite(passage, words)]
    pack = next((one for one in passages if one.id == fact.id and fact.statement in one.text), None)
    return [cite(pack, fact.statement)] if pack else []


def closest(brief: Brief, pages: int) -> list[Evidence]:
    """What the best facts say, one for each page, of at most so many pages."""
    by_page: dict[str | None, Fact] = {}
    for match in brief.facts:
        if len(by_page) < pages:
            by_page.setdefault(match.fact.url, match.fact)
    return [evidence for fact in by_page.values() for evidence in proof(fact, brief.passages)]


def cite(passage: Passage, words: str) -> Evidence:
    """These words of the passage, with all that the passage says of itself."""
    return Evidence(
        passage_id=passage.id,
        url=passage.url,
        title=passage.title,
        quote=words,
        read_at=passage.read_at,
        source=passage.source,
        origin=passage.origin,
    )


@lru_cache(PROOFS_HELD)  # the same facts and sections come up in call after call
def _same_in(text: str, statement: str) -> str | None:
    wanted, numbers = meaning(statement), set(_NUMBER.findall(statement))
    best, found = SAYS_THE_SAME, None
    for start, end in sentences(text):
        words = text[start:end]
        alike = share(wanted, meaning(words)) if len(words) <= LONGEST_QUOTE else 0.0
        if alike >= best and numbers <= set(_NUMBER.findall(words)):
            best, found = alike, words
    return found
