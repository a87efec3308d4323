"""What Claude is told of each moment it judges: the turns around it, and numbered facts and passages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.analysis.analyst import (
    Brief,
    Moments,
    SpottedClaim,
    SpottedCompetitor,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.fences import one_line, spoken_line
from backend.facts import Fact, ObjectionGuide, Passage
from backend.transcript import Quote, Turn

MOMENTS_PER_REQUEST = 12
FACTS_PER_MOMENT = 12
SECTIONS_PER_MOMENT = 6
SECTION_CHARS = 1_500
TURN_CHARS = 700
TURNS_BEFORE = 2
TURNS_AFTER = 6
CLOSEST_FACTS = 4
WRONG_VERSIONS = 3

Spotted = SpottedClaim | SpottedObjection | SpottedCompetitor | SpottedQuestion


class Batch(NamedTuple):
    """Moments asked about together, and the number under which each of their passages is shown."""

    moments: Sequence[Spotted]
    numbers: Mapping[str, str]


def batches(moments: Moments, briefs: Mapping[str, Brief]) -> list[Batch]:
    """The moments to ask about, as they were said, so that neighbours share turns and passages. A claim
    that nothing is known about is not among them."""
    asked: list[Spotted] = [
        *(claim for claim in moments.claims if shown_passages(briefs.get(claim.id))),
        *moments.objections,
        *moments.competitors,
        *moments.questions,
    ]
    asked.sort(key=lambda moment: (moment.quote.turn, moment.quote.char_start))
    cut = [asked[at : at + MOMENTS_PER_REQUEST] for at in range(0, len(asked), MOMENTS_PER_REQUEST)]
    return [Batch(part, _numbers(part, briefs)) for part in cut]


def passages_text(batch: Batch, briefs: Mapping[str, Brief]) -> str:
    """Every passage of the batch once, under its number; how people get a fact wrong only where it is
    among the best of some moment, for these lines are as long as the facts themselves."""
    asked = [briefs[moment.id] for moment in batch.moments if moment.id in briefs]
    passages = {passage.id: passage for brief in asked for passage in shown_passages(brief)}
    facts = {match.fact.id: match.fact for brief in asked for match in brief.facts}
    closest = {match.fact.id for brief in asked for match in brief.facts[:CLOSEST_FACTS]}
    return "\n\n".join(
        "\n".join(_passage_lines(number, passages[name], facts.get(name), name in closest))
        for name, number in batch.numbers.items()
    )


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


def moments_text(batch: Batch, briefs: Mapping[str, Brief], guides: Mapping[str, ObjectionGuide]) -> str:
    """Each moment of the batch with the numbers of its turn and of its passages."""
    return "\n\n".join(
        "\n".join(
            [
                f"{moment.id}: {_kind(moment)} in turn {moment.quote.turn}",
                f"To judge: {one_line(moment.quote.text)}",
                *_details(moment, guides),
                f"Its passages: {_passage_numbers(batch, briefs.get(moment.id))}",
            ]
        )
        for moment in batch.moments
    )


def _numbers(moments: Iterable[Spotted], briefs: Mapping[str, Brief]) -> dict[str, str]:
    numbers: dict[str, str] = {}
    for moment in moments:
        for passage in shown_passages(briefs.get(moment.id)):
            numbers.setdefault(passage.id, f"P{len(numbers) + 1}")
    return numbers


def shown_passages(brief: Brief | None) -> list[Passage]:
    """What is shown of a brief: the best sections of the documentation, then the best facts."""
    if brief is None:
        return []
    read = [passage for passage in brief.passages if passage.source != "pack"]
    pack = [passage for passage in brief.passages if passage.source == "pack"]
    return [*read[:SECTIONS_PER_MOMENT], *pack[:FACTS_PER_MOMENT]]


def facts_by_id(brief: Brief | None) -> dict[str, Fact]:
    return {match.fact.id: match.fact for match in brief.facts} if brief else {}


def _passage_lines(number: str, passage: Passage, fact: Fact | None, close: bool) -> Iterator[str]:
    where = " › ".join(one_line(part, 120) for part in (passage.title, passage.section) if part)
    if passage.source != "pack":
        yield f"[{number}] Documentation, read {passage.read_at:%Y-%m-%d}: {where}"
    elif fact is None:
        yield f"[{number}] Note: {where}"
    else:
        yield f"[{number}] Fact ({_scope(fact)}): {where}"
    yield one_line(passage.text, SECTION_CHARS)
    if fact is None or passage.source != "pack":
        return
    for wrong in fact.wrong[:WRONG_VERSIONS] if close else ():
        why = f" ({one_line(wrong.why, 200)})" if wrong.why else ""
        yield f"Wrongly put as: {one_line(wrong.claim, 200)}{why}"
    if not fact.may_accuse:
        yield "Not sure enough to correct anybody with."


def _scope(fact: Fact) -> str:
    editions = {"both": "Cloud and self-hosted", "cloud": "Cloud only", "oss": "self-hosted only"}
    scope = [editions.get(fact.scope.edition, "integration")]
    if fact.scope.plans is not None:
        scope.append(f"plans: {', '.join(fact.scope.plans) or 'none'}")
    if fact.scope.since:
        scope.append(f"since {fact.scope.since}")
    if fact.as_of:
        scope.append(f"as of {fact.as_of}")
    return "; ".join(scope)


def _passage_numbers(batch: Batch, brief: Brief | None) -> str:
    return ", ".join(batch.numbers[passage.id] for passage in shown_passages(brief)) or "none"


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
    """A long turn's beginning, or what stands around the words to judge in it."""
    first = min((quote.char_start for quote in quotes), default=0) - TURN_CHARS // 2
    last = max((quote.char_end for quote in quotes), default=0) + TURN_CHARS // 2
    first, last = (first, last) if quotes else (0, TURN_CHARS)
    words = turn.text[max(0, first) : last]
    return f"{'…' * (first > 0)}{words}{'…' * (last < len(turn.text))}"
