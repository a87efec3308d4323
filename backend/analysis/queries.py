"""Documentation queries, written from facts alone: a title, a heading and the product's own terms.

Not one word of a transcript can reach a query, because none reaches this file.
"""

from __future__ import annotations

from collections.abc import Iterable

from backend.facts import DocQuery, Fact

LONGEST_QUERY_WORDS = 24


def can_be_asked(fact: Fact) -> bool:
    """Whether a documentation search could find what this fact digests: it has a page's own terms."""
    return bool(fact.terms)


def write_query(fact: Fact) -> DocQuery:
    """The query that leads a docs search to the passage this fact digests."""
    words: dict[str, None] = {}
    for part in (fact.title, fact.section, *fact.terms):
        words.update(dict.fromkeys(part.split()))
    return DocQuery(text=" ".join(list(words)[:LONGEST_QUERY_WORDS]), fact_id=fact.id, url=fact.url)


def write_queries(facts: Iterable[Fact], most: int) -> list[DocQuery]:
    """One query per fact, in the order given (most wanted first), without repeats, at most so many."""
    by_fact = {fact.id: fact for fact in facts}
    return [write_query(fact) for fact in list(by_fact.values())[:most]]
