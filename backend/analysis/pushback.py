"""Where a prospect pushes back, what kind of objection it is, and what our side said next."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

from backend.analysis.cues import Cue, shown, total
from backend.analysis.pushback_cues import ACKNOWLEDGED, BIAS, CUES, KINDS
from backend.analysis.sentences import sentences
from backend.facts import ObjectionGuide
from backend.report import ObjectionCategory
from backend.transcript import Quote, Transcript, Turn

INTRODUCTIONS = 4
"""So many turns at the start of a call at most, and a tenth of a short one."""
RESPONSE_WITHIN_TURNS = 3
RESPONSE_SENTENCES = 2
MOST_RESPONSE_SENTENCES = 5
TELLING_WORDS = 12
"""Fewer words of a reply may be no more than its acknowledgement."""
PLAINLY = 0.4
"""What is like no known kind of objection must weigh more to be one."""
WORTH_OF_LIKENESS = 4.0
"""An utterance of a guide word for word speaks as much for its kind as four of the kind's words."""
LEAST_WEIGHT = 0.5
"""With less than this speaking for every kind, it is of none of them."""

_CATEGORY: dict[str, ObjectionCategory] = {one: one for one in get_args(ObjectionCategory)}
_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset(
    _WORD.findall(
        "a an the is are was be it its that this i you we they he she and or but so if of to in on "
        "for with at by from as do does did not can would will just what who how when why have has "
        "had get got about m s t re ve d ll my our your me us them there any all "
    )
)


class Pushback(NamedTuple):
    """An objection: the sentence it stands in, and how it was answered."""

    turn: Turn
    start: int
    end: int
    category: ObjectionCategory
    guide: str | None
    response: Quote | None
    cues: tuple[str, ...]


class Guides:
    """The pack's objection guides, found by how they sound."""

    def __init__(self, guides: Sequence[ObjectionGuide]) -> None:
        self._said = [(one, [_words(utterance) for utterance in one.utterances]) for one in guides]
        count = Counter(word for _, said in self._said for words in said for word in words)
        utterances = sum(len(said) for _, said in self._said)
        self._rarity = {word: math.log(1 + utterances / times) for word, times in count.items()}
        self._unheard = math.log(1 + utterances)

    def sort(self, words: str) -> tuple[ObjectionCategory, str | None]:
        """The kind of an objection, and the id of the guide of this kind that it sounds most like.

        What speaks for a kind: each of its words in the objection, and its guides' likeness to it.
        """
        heard, lower = _words(words), words.lower()
        nearest: dict[ObjectionCategory, tuple[float, str]] = {}
        for guide, said in self._said:
            alike = max((self._alike(heard, one) for one in said), default=0.0)
            kind = _CATEGORY.get(guide.category, "other")
            nearest[kind] = max(nearest.get(kind, (0.0, "")), (alike, guide.id))
        weights: dict[ObjectionCategory, float] = {
            kind: len(set(pattern.findall(lower))) + WORTH_OF_LIKENESS * nearest.get(kind, (0.0, ""))[0]
            for kind, pattern in KINDS
        }
        kind = max(weights, key=lambda one: weights[one])
        if weights[kind] < LEAST_WEIGHT:
            return "other", None
        return kind, nearest.get(kind, (0.0, ""))[1] or None

    def _alike(self, heard: frozenset[str], said: frozenset[str]) -> float:
        """Shared rarity over the rarity of all the words (0 to 1)."""
        shared = sum(self._rarity[word] for word in heard & said)
        both = sum(self._rarity.get(word, self._unheard) for word in heard | said)
        return shared / both if both else 0.0


def find_pushback(transcript: Transcript, guides: Guides) -> Iterator[Pushback]:
    """The objections of everybody who is not known to be ours: the plainest sentence of each turn.

    Nobody objects while people still say who they are.
    """
    for turn in transcript.turns[min(INTRODUCTIONS, len(transcript.turns) // 10) :]:
        if turn.side == "internal":
            continue
        answer = _answer(transcript, turn)
        context = list(shown([ACKNOWLEDGED], answer.text.lower())) if answer else []
        weighed = [(_weigh(turn.text[start:end], context), start, end) for start, end in sentences(turn.text)]
        (weight, cues), start, end = max(weighed, key=lambda one: one[0][0], default=((0.0, ()), 0, 0))
        if weight <= 0:
            continue
        category, guide = guides.sort(turn.text[start:end])
        if category != "other" or weight > PLAINLY:
            response = _opening(answer) if answer else None
            yield Pushback(turn, start, end, category, guide, response, cues)


def _weigh(words: str, context: list[Cue]) -> tuple[float, tuple[str, ...]]:
    cues = [*context, *shown(CUES, words.lower())]
    return total(BIAS, cues), tuple(one.name for one in cues)


def _answer(transcript: Transcript, turn: Turn) -> Turn | None:
    """The next turn of our side, or of whoever else speaks where sides are unknown."""
    following = transcript.turns[turn.index + 1 : turn.index + 1 + RESPONSE_WITHIN_TURNS]
    return next((one for one in following if one.side != "external" and one.speaker != turn.speaker), None)


def _opening(turn: Turn) -> Quote:
    """The beginning of a reply, as far as it takes for some words to stand in it."""
    said = sentences(turn.text)
    start, end = said[0][0], said[min(len(said), RESPONSE_SENTENCES) - 1][1]
    for _, end_of_next in said[RESPONSE_SENTENCES:MOST_RESPONSE_SENTENCES]:
        if len(turn.text[start:end].split()) >= TELLING_WORDS:
            break
        end = end_of_next
    return turn.quote(start, end)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON
