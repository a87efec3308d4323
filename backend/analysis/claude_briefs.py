"""What Claude is told of each moment it judges: the turns around it, and numbered facts and passages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from backend.analysis.analyst import (
    Brief,
    Moments,
    Spotted,
    SpottedClaim,
    SpottedCompetitor,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.claude_excerpts import Excerpts, Span, excerpt
from backend.analysis.fences import one_line, spoken_line
from backend.facts import Fact, ObjectionGuide, Passage
from backend.transcript import Quote, Turn

MOMENTS_PER_REQUEST = 60
"""The moments of nearly every call, so that a passage is sent once; answers still fit."""
PASSAGE_CHARS = 1_500
PLACE_CHARS = 80
TURN_CHARS = 300
TURNS_BEFORE = 2
TURNS_AFTER = 6
WRONG_VERSIONS = 3


class Look(NamedTuple):
    """How much of a brief is shown: so many facts that score nearly as the best one does, the best sentences
    of the documentation up to so many characters, and of so many facts how people get them wrong."""

    facts: int
    near_percent: int
    docs_chars: int
    with_wrong: int


FIRST = Look(facts=8, near_percent=70, docs_chars=0, with_wrong=0)
"""Settles most: for 0.94 of the labelled claims of dev a fact of the gold page is shown, and for 0.97 by a
dozen facts and six whole sections, which are eight times as long."""
SECOND = Look(facts=12, near_percent=0, docs_chars=1_500, with_wrong=1)
"""For what the first left open, and before anybody is accused: a gold page is shown for 0.98."""


class Shown(NamedTuple):
    """The passages a moment is judged by, and the stretches shown of them (all, where none is named)."""

    passages: Sequence[Passage]
    spans: Mapping[str, Sequence[Span]]


class Batch(NamedTuple):
    """Moments asked about together, and the number under which each of their passages is shown."""

    moments: Sequence[Spotted]
    shown: Mapping[str, Shown]
    numbers: Mapping[str, str]
    look: Look

    def halves(self) -> list[Batch]:
        """Two that want half as long an answer each; none where there is one moment."""
        middle = len(self.moments) // 2
        parts = (self.moments[:middle], self.moments[middle:])
        return [_batch(part, self.shown, self.look) for part in parts] if middle else []


def batches(moments: Moments, briefs: Mapping[str, Brief], look: Look = FIRST) -> list[Batch]:
    """The moments to ask about, as they were said, so that neighbours share turns and passages. A claim
    that nothing is known about is not among them."""
    every = moments.all()
    excerpts = Excerpts(briefs.values())
    shown = {one.id: _shown(one, briefs.get(one.id, Brief()), excerpts, look) for one in every}
    asked = [one for one in every if shown[one.id].passages or not isinstance(one, SpottedClaim)]
    asked.sort(key=lambda moment: (moment.quote.turn, moment.quote.char_start))
    requests = math.ceil(len(asked) / MOMENTS_PER_REQUEST)
    cuts = [len(asked) * nth // requests for nth in range(requests + 1)] if asked else []
    return [_batch(asked[start:end], shown, look) for start, end in pairwise(cuts)]


def passages_text(batch: Batch, briefs: Mapping[str, Brief]) -> str:
    """What is shown of every passage of the batch, once, under its number."""
    passages, spans = _together(batch)
    asked = [briefs[moment.id] for moment in batch.moments if moment.id in briefs]
    facts = {match.fact.id: match.fact for brief in asked for match in brief.facts}
    closest = {match.fact.id for brief in asked for match in brief.facts[: batch.look.with_wrong]}
    lines = []
    for name, number in batch.numbers.items():
        passage = passages[name]
        words = one_line(excerpt(passage.text, spans.get(name) or [(0, PASSAGE_CHARS)]))
        lines.append(f"[{number}] {_kind_of(passage, facts.get(name))}: {words}")
        if name in closest and passage.source == "pack":
            lines += _wrong_versions(facts[name])
    return "\n".join(lines)


def excerpt_text(batch: Batch, turns: Sequence[Turn]) -> str:
    """The turns that hold the batch's moments, those around them and those that answered, each once."""
    quotes: dict[int, list[Quote]] = {}
    shown: set[int] = set()
    for moment in batch.moments:
        at = moment.quote.turn
        quotes.setdefault(at, []).append(moment.quote)
        shown.update(range(max(0, at - TURNS_BEFORE), min(len(turns), at + 1 + _turns_after(moment))))
        if isinstance(moment, SpottedObjection) and moment.response:
            quotes.setdefault(moment.response.turn, []).append(moment.response)
            shown.add(moment.response.turn)
    return "\n".join(spoken_line(turns[at], _clipped(turns[at], quotes.get(at, []))) for at in sorted(shown))


def moments_text(batch: Batch, guides: Mapping[str, ObjectionGuide]) -> str:
    """Each moment of the batch with the numbers of its turn and of its passages."""
    return "\n".join(
        line
        for moment in batch.moments
        for line in (
            f"{moment.id}: {_kind(moment)} in turn {moment.quote.turn}: {one_line(moment.quote.text)}",
            *_details(moment, guides),
            f"Passages: {_numbers(batch, moment)}",
        )
    )


def facts_by_id(brief: Brief | None) -> dict[str, Fact]:
    return {match.fact.id: match.fact for match in brief.facts} if brief else {}


def _batch(moments: Sequence[Spotted], shown: Mapping[str, Shown], look: Look) -> Batch:
    names = dict.fromkeys(passage.id for one in moments for passage in shown[one.id].passages)
    numbers = {name: f"P{nth}" for nth, name in enumerate(names, 1)}
    return Batch(moments, {one.id: shown[one.id] for one in moments}, numbers, look)


def _shown(moment: Spotted, brief: Brief, excerpts: Excerpts, look: Look) -> Shown:
    pack = _of_pack(brief, look)
    chars = look.docs_chars if pack else SECOND.docs_chars
    spans = excerpts.of(brief, _words(moment), chars) if chars else {}
    return Shown([*(one for one in brief.passages if one.id in spans), *pack], spans)


def _together(batch: Batch) -> tuple[dict[str, Passage], dict[str, list[Span]]]:
    """The passages of all moments, and all that is shown of each."""
    passages: dict[str, Passage] = {}
    spans: dict[str, list[Span]] = {}
    for shown in batch.shown.values():
        passages |= {passage.id: passage for passage in shown.passages}
        for name, stretches in shown.spans.items():
            spans.setdefault(name, []).extend(stretches)
    return passages, spans


def _numbers(batch: Batch, moment: Spotted) -> str:
    return ", ".join(batch.numbers[one.id] for one in batch.shown[moment.id].passages) or "none"


def _of_pack(brief: Brief, look: Look) -> list[Passage]:
    """The best facts; of a brief without any, as a mention's is, the statements about the other product."""
    pack = [passage for passage in brief.passages if passage.source == "pack"]
    if not brief.facts:
        return pack[: look.facts]
    least = brief.facts[0].score * look.near_percent / 100
    near = {match.fact.id for match in brief.facts[: look.facts] if match.score >= least}
    return [passage for passage in pack if passage.id in near]


def _words(moment: Spotted) -> str:
    return (
        moment.quote.text if isinstance(moment, SpottedCompetitor) else f"{moment.quote.text} {moment.about}"
    )


def _kind_of(passage: Passage, fact: Fact | None) -> str:
    if passage.source != "pack":
        place = " › ".join(one_line(part, PLACE_CHARS) for part in (passage.title, passage.section) if part)
        return f"Docs, {place.replace(':', ' -')}" if place else "Docs"
    if fact is None:
        return "Note"
    scope = "; ".join(_scope(fact))
    return f"Fact ({scope})" if scope else "Fact"


def _scope(fact: Fact) -> Iterator[str]:
    if fact.scope.edition in ("cloud", "oss"):
        yield "Cloud only" if fact.scope.edition == "cloud" else "self-hosted only"
    if fact.scope.plans is not None:
        yield f"plans {', '.join(fact.scope.plans) or 'none'}"
    if fact.scope.since:
        yield f"since {fact.scope.since}"
    if fact.as_of and not (fact.url or "").startswith("https://docs."):
        yield f"as of {fact.as_of}"
    if not fact.may_accuse:
        yield "unsure"


def _wrong_versions(fact: Fact) -> Iterator[str]:
    for wrong in fact.wrong[:WRONG_VERSIONS]:
        why = f" ({one_line(wrong.why, 200)})" if wrong.why else ""
        yield f"Wrongly put as: {one_line(wrong.claim, 200)}{why}"


def _kind(moment: Spotted) -> str:
    match moment:
        case SpottedClaim():
            return "claim"
        case SpottedObjection():
            return f"objection ({moment.category})"
        case SpottedCompetitor():
            return f"competitor ({moment.competitor}, {moment.context})"
        case SpottedQuestion():
            return "question"


def _details(moment: Spotted, guides: Mapping[str, ObjectionGuide]) -> list[str]:
    match moment:
        case SpottedCompetitor():
            return []
        case SpottedQuestion():
            return [
                f"About: {one_line(moment.about)}",
                f"Answered later: {'yes' if moment.answered else 'no'}",
            ]
        case SpottedClaim():
            return [f"About: {one_line(moment.about)}"]
        case SpottedObjection():
            return [f"About: {one_line(moment.about)}", *_response(moment.response), *_guide(moment, guides)]


def _response(said: Quote | None) -> list[str]:
    return (
        [f"Response in turn {said.turn}: {one_line(said.text, TURN_CHARS)}"]
        if said
        else ["Response: none found"]
    )


def _guide(moment: SpottedObjection, guides: Mapping[str, ObjectionGuide]) -> list[str]:
    guide = guides.get(moment.guide or "")
    if guide is None:
        return []
    return [
        f"A good answer: {one_line(' '.join(guide.good_answer), 600)}",
        f"A bad answer: {one_line(' '.join(guide.bad_answer), 400)}",
    ]


def _turns_after(moment: Spotted) -> int:
    """How a claim or a mention is met does not matter; how an objection or a question is met does."""
    return TURNS_AFTER if isinstance(moment, SpottedObjection | SpottedQuestion) else 0


def _clipped(turn: Turn, quotes: Sequence[Quote]) -> str:
    """What stands around the words to judge in a long turn; of one without any, its beginning and end."""
    text, half = turn.text, TURN_CHARS // 2
    if not quotes:
        return text if len(text) <= TURN_CHARS else f"{text[:half]}…{text[-half:]}"
    first = max(0, min(quote.char_start for quote in quotes) - half)
    last = max(quote.char_end for quote in quotes) + half
    return f"{'…' * (first > 0)}{text[first:last]}{'…' * (last < len(text))}"
