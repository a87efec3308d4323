"""Where a prospect pushes back, what kind of objection it is, and what our side said next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.analysis.learned import Learned, Scale, Signs
from backend.analysis.phrasing import phrases
from backend.analysis.pushback_cues import (
    ASKED_FOR_WORRIES,
    ASKED_OF_THEM,
    FIRM,
    LOCAL,
    SIGNS,
    STRONG,
    TAKEN_UP,
    YIELDS,
    plain,
)
from backend.analysis.pushback_kinds import Guides, said_around
from backend.analysis.replies import reply_signs
from backend.analysis.sentences import sentences
from backend.analysis.sieve import Sieve
from backend.report import ObjectionCategory
from backend.transcript import Quote, Transcript, Turn

LEAST = -0.4
"""Log odds from which a turn is taken for an objection: where precision and recall are alike."""
LEAST_BESIDE = -2.0
"""From here the sentence beside it belongs to what is quoted."""
MOST_SENTENCES = 3
BESIDE = 0.4
"""How much a sign of the sentence before or after says about this one."""
SOUNDS = "sounds like pushing back"
READ_CHARS = 400
"""So much of a sentence is read: what somebody means is said by then."""
USUAL_SENTENCES = 60
FEW_SENTENCES = 40
"""A call of fewer is taken for one of so many: it has not more objections for being short."""

TURNS_OF_A_CALL = 16
"""An excerpt of fewer has no beginning and no end."""

HOLDS = {"two negations": "negation", "neutral question": "question"}
ALONE = Sieve({name: pattern for name, pattern in SIGNS.items() if name not in HOLDS})

RESPONSE_WITHIN_TURNS = 3
RESPONSE_SENTENCES = 2
MOST_RESPONSE_SENTENCES = 5
TELLING_WORDS = 12
"""Fewer words of a reply may be no more than its acknowledgement."""


class Pushback(NamedTuple):
    """An objection: the sentences it stands in, how it was answered, and why it is taken for one."""

    turn: Turn
    start: int
    end: int
    category: ObjectionCategory
    guide: str | None
    response: Quote | None
    why: tuple[str, ...]


class Heard(NamedTuple):
    """A sentence of somebody who is not known to be ours, and what speaks for and against an objection."""

    turn: Turn
    start: int
    end: int
    signs: Signs


def find_pushback(transcript: Transcript, guides: Guides, taught: Learned) -> Iterator[Pushback]:
    """The objections of everybody who is not known to be ours: at most one in each turn."""
    scale = taught.pushback
    for heard in hear(transcript, taught.sounds):
        weights = [weigh(one, scale) for one in heard]
        plainest = max(range(len(heard)), key=lambda nth: weights[nth])
        if weights[plainest] <= LEAST:
            continue
        first, last = _widened(weights, plainest)
        turn, start, end = heard[plainest].turn, heard[first].start, heard[last].end
        response = opening(answer(transcript, turn))
        around = said_around(turn, start, end, response)
        category, guide = guides.sort(turn.text[start:end], around, taught)
        why = scale.why(heard[plainest].signs)
        yield Pushback(turn, start, end, category, guide, response, why)


def weigh(heard: Heard, scale: Scale) -> float:
    """Log odds that it pushes back; none at all where somebody tells of themselves, or agrees."""
    return -math.inf if _tells_of_themselves(heard.signs) else scale.weigh(heard.signs)


def _tells_of_themselves(signs: Signs) -> bool:
    """Who they are, how it is with them when asked, or what else they saw; nothing of us, nothing firm."""
    said = {name for name, much in signs.items() if much == 1.0}
    firm = said & FIRM
    asked = bool(said & {"asked about themselves", "looked at others"}) and "speaks of us" not in said
    if "introduces" in said:
        # "Devon runs our platform" sounds like being content with it.
        return firm <= {"content with today"}
    return not firm and (asked or {"agrees", "under four words"} <= said)


def hear(transcript: Transcript, sounds: Scale) -> Iterator[list[Heard]]:
    """The sentences of each turn that may hold an objection, with their signs."""
    said = [(turn, sentences(turn.text)) for turn in transcript.turns if turn.side != "internal"]
    many = max(FEW_SENTENCES, sum(len(places) for _, places in said))
    long_call = {"a call of many words": math.log(many / USUAL_SENTENCES)}
    for turn, places in said:
        if places:
            around = {**long_call, **_around(transcript, turn)}
            yield list(_heard(turn, places, around, sounds))


def answer(transcript: Transcript, turn: Turn) -> Turn | None:
    """The next turn of our side, or of whoever else speaks where sides are unknown."""
    following = transcript.turns[turn.index + 1 : turn.index + 1 + RESPONSE_WITHIN_TURNS]
    return next(
        (
            one
            for one in following
            if one.side != "external" and one.speaker != turn.speaker and one.text.strip()
        ),
        None,
    )


def _heard(turn: Turn, places: Sequence[tuple[int, int]], around: Signs, sounds: Scale) -> Iterator[Heard]:
    lower = [plain(turn.text[start : min(end, start + READ_CHARS)]) for start, end in places]
    shown = [_shown(words) for words in lower]
    for nth, (start, end) in enumerate(places):
        beside = (*shown[max(0, nth - 1) : nth], *shown[nth + 1 : nth + 2])
        signs = {
            **{name: BESIDE for names in beside for name in names if name not in LOCAL},
            **dict.fromkeys(shown[nth], 1.0),
            **_together(shown[nth], around),
            **_form(lower[nth], nth, len(places)),
            **around,
            SOUNDS: sounds.weigh(phrases(lower[nth])),
        }
        yield Heard(turn, start, end, signs)


def _shown(lower: str) -> list[str]:
    """The signs that a sentence shows. Those that hold another are looked for only where that one is."""
    found = ALONE.found(lower)
    return found + [name for name, held in HOLDS.items() if held in found and SIGNS[name].search(lower)]


def _together(shown: Sequence[str], around: Signs) -> Mapping[str, float]:
    """Strong signs, and what they are joined by."""
    strong = sum(name in shown for name in STRONG)
    if not strong:
        return {"no strong sign": 1.0, "no strong sign, a question": float("question" in shown)}
    return {
        "strong signs": min(strong, 4) / 2,
        "a strong sign, to us": float("you" in shown),
        "a strong sign, of their own setup": float("their own setup" in shown),
        "a strong sign, asked about themselves": float("asked about themselves" in around),
        "a strong sign, of a pain": float("a pain of today" in shown and "you" not in shown),
        "a strong sign, in a story": float("tells a story" in shown and "you" not in shown),
        "a strong sign, taken up": float("is taken up" in around or "is conceded" in around),
    }


def _form(lower: str, nth: int, of: int) -> Mapping[str, float]:
    """How long the sentence is, and where in its turn it stands."""
    words = len(lower.split())
    signs = {
        "under four words": words < 4,
        "under seven words": words < 7,
        "over twelve words": words > 12,
        "over twenty words": words > 20,
        "the turn's first": nth == 0,
        "the turn's last": nth == of - 1,
        "the turn's only": of == 1,
    }
    return {**_present(signs), "its words": math.log(1 + words) / 3}


def _around(transcript: Transcript, turn: Turn) -> Mapping[str, float]:
    """What the turn is like, where in the call it stands, and what was said before and after it."""
    words, of = len(turn.text.split()), len(transcript.turns)
    place = turn.index / of if of >= TURNS_OF_A_CALL else 0.5
    before = plain(transcript.turns[turn.index - 1].text[-READ_CHARS:]).rstrip() if turn.index else ""
    asks_of_them = ASKED_OF_THEM.search(before) is not None
    asks_for_worries = ASKED_FOR_WORRIES.search(before) is not None
    reply = answer(transcript, turn)
    after = reply.text.lower() if reply else ""
    signs = {
        "a turn under eight words": words < 8,
        "a turn over twenty words": words > 20,
        "a turn over forty words": words > 40,
        "a turn that ends in a question": turn.text.rstrip().endswith("?"),
        "the call's beginning": place < 0.08,
        "the call's end": place > 0.9,
        "asked before": before.endswith("?"),
        "asked about themselves": asks_of_them and not asks_for_worries,
        "asked for worries": asks_for_worries,
        "told much before": len(before.split()) > 30,
        "is taken up": TAKEN_UP.search(plain(after)) is not None,
        "is conceded": YIELDS.search(plain(after[:150])) is not None,
    }
    return {**_present(signs), "how late": place, **reply_signs(after)}


def _widened(weights: Sequence[float], plainest: int) -> tuple[int, int]:
    """The sentences that are quoted: the plainest, and those beside it that push back as well."""
    first = last = plainest
    while last - first + 1 < MOST_SENTENCES:
        beside = [nth for nth in (first - 1, last + 1) if 0 <= nth < len(weights)]
        best = max(beside, key=lambda nth: weights[nth], default=plainest)
        if best == plainest or weights[best] <= LEAST_BESIDE:
            break
        first, last = min(first, best), max(last, best)
    return first, last


def opening(turn: Turn | None) -> Quote | None:
    """The beginning of a reply, as far as it takes for some words to stand in it."""
    if turn is None:
        return None
    said = sentences(turn.text)
    start, end = said[0][0], said[min(len(said), RESPONSE_SENTENCES) - 1][1]
    for _, end_of_next in said[RESPONSE_SENTENCES:MOST_RESPONSE_SENTENCES]:
        if len(turn.text[start:end].split()) >= TELLING_WORDS:
            break
        end = end_of_next
    return turn.quote(start, end)


def _present(signs: Mapping[str, bool]) -> dict[str, float]:
    return {name: 1.0 for name, there in signs.items() if there}
