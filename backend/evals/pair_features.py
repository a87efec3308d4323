"""What can be counted of a claim beside its evidence, and may tell whether the one follows from the other."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOKEN = re.compile(r"\d[\d,.]*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\s*#+\s+|\n+")
_ENDINGS = re.compile(r"(?:ations?|ings?|ers?|ors?|ians?|ed|es|s|ly|ns?)$")
_COMMON = _words(
    "a an the and or but so if of to in on for with at by from as into than then that this these "
    "those it its is are was were be been being am i he she we they them his her their our your you "
    "my which who whom whose what when where while also has have had do does did can could will "
    "would shall should may might must not no there s t lrb rrb after before during about between "
    "through over under up out both such only one some any all more most other "
)
_NEGATIVE = _words(
    "not no never none nothing nobody neither nor without cannot unable incapable fail fails failed "
    "lack lacks refuse refused refuses deny denied except zero didn't doesn't isn't wasn't aren't "
    "weren't won't can't couldn't hasn't haven't don't hardly unlike instead rather declined yet "
)
_NARROWING = _words("only exclusively solely just entirely always every all first last ")
_OPPOSITES = tuple(
    tuple(pair.split("/"))
    for pair in sorted(
        _words(
            "first/second first/third first/last before/after more/less most/least male/female man/woman "
            "son/daughter father/mother actor/actress born/died start/end began/ended open/close win/lose "
            "won/lost north/south east/west increase/decrease increased/decreased rise/fall rose/fell "
            "high/low highest/lowest large/small largest/smallest old/young older/younger early/late "
            "best/worst success/failure successful/unsuccessful positive/negative good/bad alive/dead "
            "living/dead married/single married/divorced married/unmarried true/false real/fictional "
            "fiction/nonfiction comedy/drama film/series film/album movie/album song/film book/film "
            "single/album british/american english/american canadian/american french/american "
            "australian/american german/american indian/american italian/american american/european "
            "public/private above/below inside/outside with/without all/none always/never only/also few/many "
            "popular/unpopular passed/failed accepted/rejected hero/villain husband/wife brother/sister "
            "king/queen "
        )
    )
)
WINDOW = 2
"""Sentences read together: what a claim says is often said in two."""
LONGEST_CLAIM, LONGEST_EVIDENCE = 200, 5_000
"""Tokens read of each."""

NAMES = (
    "constant",
    "words_in_evidence",
    "words_in_best_window",
    "words_in_best_sentence",
    "word_pairs_in_window",
    "order_kept",
    "letters_in_evidence",
    "names_missing",
    "numbers_missing",
    "other_number_there",
    "other_words_missing",
    "last_words_missing",
    "claim_negative",
    "evidence_negative",
    "negation_differs",
    "claim_narrows_alone",
    "opposites",
    "claim_length",
    "evidence_length",
    "sentences_met",
    "all_words_there",
    "one_word_there",
)


class _Read(NamedTuple):
    tokens: tuple[str, ...]
    stems: tuple[str, ...]
    names: frozenset[str]
    numbers: frozenset[str]


def features(claim: str, evidence: str) -> list[float]:
    """A number for each of NAMES, mostly 0 to 1."""
    said = _read(claim, LONGEST_CLAIM)
    parts = [_read(part, LONGEST_EVIDENCE) for part in _SENTENCE_ENDS.split(evidence) if part.strip()]
    parts = _bounded(parts)
    whole = _joined(parts)
    weights = {stem: _weight(stem, said) for stem in said.stems if stem not in _COMMON}
    windows = [_joined(parts[at : at + WINDOW]) for at in range(max(1, len(parts) - WINDOW + 1))]
    near = max(windows, key=lambda one: _covered(weights, one))
    sentence = max(parts, key=lambda one: _covered(weights, one), default=near)
    there, here = frozenset(whole.stems), frozenset(near.stems)
    missing = [stem for stem in weights if stem not in there]
    content = [stem for stem in said.stems if stem in weights]
    pairs = set(pairwise(content))
    words_here = [stem for stem in near.stems if stem not in _COMMON]
    negative, denied = _any(_NEGATIVE, said), _any(_NEGATIVE, sentence)
    return [
        1.0,
        _covered(weights, whole),
        _covered(weights, near),
        _covered(weights, sentence),
        len(pairs & _close_pairs(words_here)) / max(1, len(pairs)),
        _longest_common(content, words_here) / max(1, len(content)),
        _letters(missing, there),
        sum(one in said.names and one not in said.numbers for one in missing) / max(1, len(said.names)),
        len(said.numbers - whole.numbers) / max(1, len(said.numbers)),
        float(bool(said.numbers - near.numbers) and bool(near.numbers - said.numbers)),
        sum(one not in said.names and one not in said.numbers for one in missing) / max(1, len(weights)),
        sum(one in missing for one in content[-2:]) / 2,
        float(negative),
        float(denied),
        float(negative != denied),
        float(_any(_NARROWING, said) and not _any(_NARROWING, sentence)),
        float(_opposed(said, near)),
        math.log1p(len(weights)) / 3,
        math.log1p(len(whole.tokens)) / 6,
        sum(bool(weights.keys() & frozenset(part.stems)) for part in parts) / max(1, len(parts)),
        float(not missing),
        float(bool(here) and len(here & weights.keys()) <= 1),
    ]


def overlap(claim: str, evidence: str) -> float:
    """The share of the claim's words that stand in the evidence: the floor a judge has to beat."""
    words = {token.lower() for token in _TOKEN.findall(claim)} - _COMMON
    known = {token.lower() for token in _TOKEN.findall(evidence)}
    return len(words & known) / len(words) if words else 0.0


def _read(text: str, most: int) -> _Read:
    raw = _TOKEN.findall(text)[:most]
    tokens = tuple(token.lower() for token in raw)
    stems = tuple(_stem(token) for token in tokens)
    names = frozenset(
        stem for nth, (token, stem) in enumerate(zip(raw, stems, strict=True)) if token[0].isupper() and nth
    )
    numbers = frozenset(stem for stem in stems if stem[0].isdigit())
    return _Read(tokens, stems, names, numbers)


def _bounded(parts: Sequence[_Read]) -> list[_Read]:
    kept, read = [], 0
    for part in parts:
        read += len(part.tokens)
        if read > LONGEST_EVIDENCE:
            break
        kept.append(part)
    return kept or list(parts[:1]) or [_read("", 0)]


def _joined(parts: Sequence[_Read]) -> _Read:
    return _Read(
        tuple(token for part in parts for token in part.tokens),
        tuple(stem for part in parts for stem in part.stems),
        frozenset().union(*(part.names for part in parts)),
        frozenset().union(*(part.numbers for part in parts)),
    )


def _stem(token: str) -> str:
    if token[0].isdigit():
        return token.replace(",", "")
    token = token.partition("'")[0].partition("’")[0]
    short = _ENDINGS.sub("", token)
    return short if len(short) >= 3 else token


def _weight(stem: str, said: _Read) -> float:
    """Names, numbers and long words tell more; no corpus is at hand to count how rare a word is."""
    if stem in said.numbers:
        return 2.0
    return (1.5 if stem in said.names else 1.0) * min(1.5, 0.5 + len(stem) / 8)


def _covered(weights: dict[str, float], by: _Read) -> float:
    there = frozenset(by.stems)
    total = sum(weights.values())
    return sum(weight for stem, weight in weights.items() if stem in there) / total if total else 0.0


def _close_pairs(words: Sequence[str]) -> set[tuple[str, str]]:
    return {(one, other) for at, one in enumerate(words) for other in words[at + 1 : at + 5]}


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, known in enumerate(other, 1):
            held = row[at]
            row[at] = before + 1 if word == known else max(row[at], row[at - 1])
            before = held
    return row[-1]


def _letters(missing: Sequence[str], there: frozenset[str]) -> float:
    """How many of the missing words begin like one that is there: publish, publication."""
    begun = {word[:4] for word in there if len(word) >= 4}
    return sum(word[:4] in begun and len(word) >= 4 for word in missing) / max(1, len(missing))


def _any(words: frozenset[str], text: _Read) -> bool:
    return any(token in words for token in text.tokens)


def _opposed(one: _Read, other: _Read) -> bool:
    said, known = frozenset(one.tokens), frozenset(other.tokens)
    return any(
        (left in said and left not in known and right in known and right not in said)
        or (right in said and right not in known and left in known and left not in said)
        for left, right in _OPPOSITES
    )
