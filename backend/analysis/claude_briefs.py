"""What Claude is told of each moment it judges: the turns around it, and numbered facts and passages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from backend.transcript import Turn

MOMENTS_PER_REQUEST = 12
FACTS_PER_MOMENT = 12
SECTIONS_PER_MOMENT = 6
SECTION_CHARS = 1_500
TURN_CHARS = 700
TURNS_BEFORE = 2
TURNS_AFTER = 6
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
    """Every passage of the batch once, under its number."""
    shown: dict[str, str] = {}
    for moment in batch.moments:
        brief = briefs.get(moment.id)
        facts = facts_by_id(brief)
        for passage in shown_passages(brief):
            number = batch.numbers[passage.id]
            if number not in shown:
                shown[number] = _passage_text(number, passage, facts.get(passage.id))
    return "\n\n".join(shown.values())


def moments_text(
    batch: Batch,
    turns: Sequence[Turn],
    briefs: Mapping[str, Brief],
    guides: Mapping[str, ObjectionGuide],
) -> str:
    """Each moment of the batch with the turns around it and the numbers of its passages."""
    return "\n\n".join(
        "\n".join(_moment_lines(moment, batch, turns, briefs.get(moment.id), guides))
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


def _passage_text(number: str, passage: Passage, fact: Fact | None) -> str:
    where = " › ".join(one_line(part, 120) for part in (passage.title, passage.section) if part)
    words = one_line(passage.text, SECTION_CHARS)
    if passage.source != "pack":
        return f"[{number}] Documentation, read {passage.read_at:%Y-%m-%d}: {where}\n{words}"
    if fact is None:
        return f"[{number}] Note: {where}\n{words}"
    lines = [f"[{number}] Fact ({_scope(fact)}): {where}", words]
    lines += [
        f"Wrongly put as: {one_line(wrong.claim, 200)}"
        + (f" ({one_line(wrong.why, 200)})" if wrong.why else "")
        for wrong in fact.wrong[:WRONG_VERSIONS]
    ]
    if not fact.may_accuse:
        lines.append("Not sure enough to correct anybody with.")
    return "\n".join(lines)


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


def _moment_lines(
    moment: Spotted,
    batch: Batch,
    turns: Sequence[Turn],
    brief: Brief | None,
    guides: Mapping[str, ObjectionGuide],
) -> list[str]:
    at = moment.quote.turn
    after = 0 if isinstance(moment, SpottedClaim) else TURNS_AFTER
    numbers = [batch.numbers[passage.id] for passage in shown_passages(brief)]
    return [
        f"{moment.id}: {_kind(moment)}",
        *(_clipped(turn) for turn in turns[max(0, at - TURNS_BEFORE) : at]),
        spoken_line(turns[at], _around(turns[at], moment.quote.char_start, moment.quote.char_end)),
        *(_clipped(turn) for turn in turns[at + 1 : at + 1 + after]),
        f"To judge: {one_line(moment.quote.text)}",
        *_details(moment, turns, guides),
        f"Its passages: {', '.join(numbers) or 'none'}",
    ]


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


def _details(moment: Spotted, turns: Sequence[Turn], guides: Mapping[str, ObjectionGuide]) -> list[str]:
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
            return [f"About: {one_line(moment.about)}", *_response(moment, turns), *_guide(moment, guides)]


def _response(moment: SpottedObjection, turns: Sequence[Turn]) -> list[str]:
    if moment.response is None:
        return ["Response found: none"]
    said = moment.response
    words = _around(turns[said.turn], said.char_start, said.char_end)
    return [f"Response found: {spoken_line(turns[said.turn], words)}"]


def _guide(moment: SpottedObjection, guides: Mapping[str, ObjectionGuide]) -> list[str]:
    guide = guides.get(moment.guide or "")
    if guide is None:
        return []
    return [
        f"A good answer: {one_line(' '.join(guide.good_answer), 600)}",
        f"A bad answer: {one_line(' '.join(guide.bad_answer), 400)}",
    ]


def _clipped(turn: Turn) -> str:
    return spoken_line(turn, one_line(turn.text, TURN_CHARS))


def _around(turn: Turn, start: int, end: int) -> str:
    """The words of a turn around a place in it, where the turn is long."""
    margin = max(0, TURN_CHARS - (end - start)) // 2
    first, last = max(0, start - margin), min(len(turn.text), end + margin)
    return f"{'…' * (first > 0)}{turn.text[first:last]}{'…' * (last < len(turn.text))}"
