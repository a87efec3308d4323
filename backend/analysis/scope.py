"""What the documentation cannot settle, whatever it says: other products, and terms between two parties."""

from __future__ import annotations

import re
from collections.abc import Callable

from backend.analysis.said import Finding

_OPENING = r"^\W*(?:(?:so|and|but|also|because|well|look|now|honestly)\W+)*"
_NAMED_FIRST = re.compile(rf"(?i:{_OPENING}(?:(?:in|with|on|for|at)\s+)?)([A-Z]\w+(?: [A-Z]\w+)?)")
_THEY = re.compile(rf"{_OPENING}(?:with )?(?:they|they['’]\w+|their|theirs)\b", re.IGNORECASE)
_OURS = re.compile(r"\b(?:prefect|pre fact|we|we['’]\w+|our|ours|us)\b", re.IGNORECASE)
_TERMS = re.compile(
    r"\b(?:discount\w*|per ?cent off|off the (?:first|second|list)|co-?term\w*|annual minimum"
    r"|minimum commit\w*"
    r"|(?:price|prices|pricing) (?:goes|going|go|went|(?:is|are) going) up|locked in|lock in"
    r"|(?:hour|minute|day) response|named (?:person|contact|engineer)"
    r"|customer success manager|support (?:folks|team|people|engineers?)"
    r"|(?:thousand|hundred|grand|k) (?:a year )?for the (?:lot|year|term)"
    r"|credit (?:it|you|that)|uplift|multi-?year|signed by"
    r"|put a card in|credit card|(?:thousand|grand|k) (?:all in|all told))\b",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:the plan['’]s to|on (?:the|our) roadmap|some ?time next (?:year|quarter)|next (?:year|quarter)"
    r"|pretty soon"
    r"|by (?:[\w'’,]+ ){0,3}(?:spring|summer|autumn|fall|winter|next year|year end|the end of the year))\b",
    re.IGNORECASE,
)


def about_a_rival(words: str, before: str, names_rival: Callable[[str], bool]) -> bool:
    """Whether a claim is of another product: its name stands first and ours nowhere, or "they" do, of whom
    the words before speak by name."""
    if _OURS.search(words):
        return False
    if _THEY.match(words):
        return names_rival(before)
    first = _NAMED_FIRST.match(words)
    return first is not None and names_rival(first[1])


def about_terms(words: str) -> Finding | None:
    """What is agreed with one customer, promised by support, or yet to come stands on no page."""
    if _TO_COME.search(words):
        return Finding("not_in_docs", 0.5, "What is to come is not in the documentation.", None)
    if not _TERMS.search(words):
        return None
    return Finding(
        "not_in_docs", 0.5, "Terms of a contract or of support are not in the documentation.", None
    )
