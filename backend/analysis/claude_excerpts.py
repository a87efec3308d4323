"""The sentences of the documentation that bear on a moment: a judge need not read whole sections."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from backend.analysis.analyst import Brief
from backend.analysis.sentences import sentences
from backend.analysis.wording import meaning
from backend.facts import Passage

SHORTEST_SENTENCE = 20
LONGEST_SENTENCE = 500
OF_LATER_PASSAGES = 0.98
"""What a sentence counts for each passage that stands before its own."""
OF_FACTS = (1.0, 0.5)
OF_MOMENT = 2.0
"""What a word of the best facts and one of the moment count: the docs are worded as the facts are."""

_MARK = r"[^\S\n]*(?:[-*|#>]|\d+\.)"
_LINE = re.compile(rf"[^\n]*\S[^\n]*(?:\n(?!{_MARK})[^\n]*\S[^\n]*)*")
"""A line with those it is continued on: up to an empty one, or one that begins an item, row or heading."""
_ITEM = re.compile(r"\s*(?:[-*|]|\d+\.)\s*")
_LEANING = re.compile(
    r"(?:this|that|these|those|it|they|but|however|otherwise|also|instead)\b", re.IGNORECASE
)

Span = tuple[int, int]


class Sentence(NamedTuple):
    """`span` is where it stands; `needs` what it cannot be understood without: the line that a list hangs on,
    the heading of a table, the sentence that "this" stands for."""

    span: Span
    words: frozenset[str]
    needs: tuple[Span, ...]


class Excerpts:
    """Chooses sentences of the passages in these briefs."""

    def __init__(self, briefs: Iterable[Brief]) -> None:
        self._read = {one.id: one for brief in briefs for one in brief.passages if one.source != "pack"}

    @cached_property
    def _sentences(self) -> dict[str, list[Sentence]]:
        return {name: list(_sentences(passage.text)) for name, passage in self._read.items()}

    @cached_property
    def _seen(self) -> Counter[str]:
        """In how many sentences each word stands."""
        return Counter(word for of_one in self._sentences.values() for each in of_one for word in each.words)

    def of(self, brief: Brief, words: str, chars: int) -> dict[str, list[Span]]:
        """The best sentences of a brief for a moment's words, up to so many characters, by passage id."""
        weights = self._weights(brief, words)
        docs = [passage for passage in brief.passages if passage.source != "pack"]
        ranked = sorted(self._scored(docs, weights), key=lambda one: -one[0])
        chosen: dict[str, list[Span]] = {}
        for _, name, sentence in ranked:
            spans = [*sentence.needs, sentence.span]
            chars -= sum(end - start for start, end in spans)
            if chars < 0:
                break
            chosen.setdefault(name, []).extend(spans)
        return chosen

    def _weights(self, brief: Brief, words: str) -> dict[str, float]:
        weights: dict[str, float] = {}
        count = sum(map(len, self._sentences.values()))
        texts = [(OF_MOMENT, words)]
        texts += [(weight, one.fact.statement) for weight, one in zip(OF_FACTS, brief.facts, strict=False)]
        for weight, text in texts:
            for word in meaning(text):
                rare = math.log(1 + count / (1 + self._seen[word]))
                weights[word] = max(weights.get(word, 0.0), weight * rare)
        return weights

    def _scored(
        self, docs: Iterable[Passage], weights: Mapping[str, float]
    ) -> Iterator[tuple[float, str, Sentence]]:
        for place, passage in enumerate(docs):
            for sentence in self._sentences[passage.id]:
                shared = sum(weights.get(word, 0.0) for word in sentence.words)
                yield (
                    shared / (1 + len(sentence.words)) ** 0.7 * OF_LATER_PASSAGES**place,
                    passage.id,
                    sentence,
                )


def excerpt(text: str, spans: Iterable[Span]) -> str:
    """These stretches of a text in their order; what is left out between two is an ellipsis."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return " … ".join(text[start:end] for start, end in merged)


def _sentences(text: str) -> Iterator[Sentence]:
    before: Span | None = None
    lead: tuple[Span, ...] = ()
    for line in _LINE.finditer(text):
        item = _ITEM.match(line[0])
        if not item:
            lead = (line.span(),) if line[0].rstrip().endswith(":") else ()
        for start, end in sentences(line[0]):
            span = (line.start() + start, min(line.start() + end, line.start() + start + LONGEST_SENTENCE))
            words = text[slice(*span)]
            leans = (before,) if before and _LEANING.match(words) else ()
            if len(words) >= SHORTEST_SENTENCE:
                yield Sentence(span, meaning(words), (*(lead if item else ()), *leans))
            before = span
        if item and "|" in item[0] and not any(text[at] == "|" for at, _ in lead):
            lead = (*lead, line.span())
