"""Speech cut into sentences and clauses, as exact places in a turn's text."""

from __future__ import annotations

import re
from typing import NamedTuple

SHORTEST_CLAUSE_WORDS = 4
CHARS_AHEAD = 120
"""So far is looked for the words of the next clause, so that a sentence without end costs no more."""
UNMARKED_WORDS = 14
"""A sentence of more words without one comma is speech recognition that left the marks out."""

_END = re.compile(
    r"[.?!…](?<![A-Z]\.[A-Z][.?!…])(?<!\bMr[.?!…])(?<!\bDr[.?!…])(?<!\bvs[.?!…])(?<!e\.g[.?!…])(?<!i\.e[.?!…])"
    r"[.?!…]*[\"'”’)]*(?=\s|$)"
)
_SUBJECT = (
    r"(?:it|its|it['’]s|they|they['’]\w+|theyre|there|there['’]s|theres|you|you['’]\w+|youre|youd|youve|we"
    r"|we['’]\w+"
    r"|weve|i|i['’]\w+|im|id|ill|ive|that['’]s|thats|this|what|the|your|our|on|with|for|from|if|when|once"
    r"|a|an|no|nothing)"
)
_AFTER_COMMA = re.compile(
    rf",\s+(?=(?:and|but|so|because|cause|which|then|or|plus|although|though)\s+{_SUBJECT}\b"
    r"|(?:it['’]?s|they['’]?re|there['’]?s|that['’]?s|you['’]?d|i['’]?d|i['’]?m|i['’]?ll|i think|i mean)\s)",
    re.IGNORECASE,
)
_UNMARKED = re.compile(
    rf"\s+(?=(?:and|but|so|because|cause)\s+{_SUBJECT}\b)|\s+(?=(?:theres|thats|its|youre|im|ill|id)\s)",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:\s|[,.;:…-]|(?:so|um+|uh+|er|erm|oh|ah|hm+|mm|and|but|right|okay|ok|well|yeah|yes|yep|no|sure"
    r"|look|like|anyway|now|actually"
    r"|basically|because|cause|totally|great|cool|perfect|sorry|honestly|ha|alright|fair|exactly|which"
    r"|i mean|you know)"
    r"(?=[\s,.]))+",
    re.IGNORECASE,
)


class Clause(NamedTuple):
    """Words of a turn, `text[start:end]`. `question` when the sentence they stand in ends in a question mark;
    `first` when they open that sentence."""

    start: int
    end: int
    question: bool
    first: bool


def clauses(text: str) -> list[Clause]:
    """The clauses of a turn's text, in order. Every word that is not white space stands in exactly one."""
    return [clause for start, end in sentences(text) for clause in _cut(text, start, end)]


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end, white space left out."""
    places, start = [], 0
    for mark in _END.finditer(text):
        places.append((start, mark.end()))
        start = mark.end()
    places.append((start, len(text)))
    return [place for place in (_trimmed(text, *one) for one in places) if place[0] < place[1]]


def core(text: str, clause: Clause) -> Clause:
    """The clause without the fillers it opens with and the comma it ends on."""
    opening = _OPENING.match(text, clause.start, clause.end)
    start = opening.end() if opening and opening.end() < clause.end else clause.start
    end = clause.end
    while end > start and text[end - 1] in ",;: ":
        end -= 1
    return clause._replace(start=start, end=end)


def _cut(text: str, start: int, end: int) -> list[Clause]:
    question = "?" in text[max(start, end - 3) : end]
    places, at = [], start
    for cut in _breaks(text, start, end):
        following = text[cut : min(end, cut + CHARS_AHEAD)]
        if _words(text[at:cut]) >= SHORTEST_CLAUSE_WORDS <= _words(following):
            places.append(_trimmed(text, at, cut))
            at = cut
    places.append(_trimmed(text, at, end))
    return [Clause(*place, question, first=place[0] == start) for place in places]


def _breaks(text: str, start: int, end: int) -> list[int]:
    unmarked = "," not in text[start:end] and _words(text[start:end]) > UNMARKED_WORDS
    return [mark.end() for mark in (_UNMARKED if unmarked else _AFTER_COMMA).finditer(text, start, end)]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _words(text: str) -> int:
    return len(text.split())
