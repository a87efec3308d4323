"""The remarks beside a call: each moment of a report as a card, however it came about."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from backend.pages import wording
from backend.pages.marks import Segment, mark
from backend.report import (
    Claim,
    CoachingReport,
    CompetitorMention,
    Evidence,
    Objection,
    OpenQuestion,
    Verdict,
)
from backend.transcript import Quote, Turn


@dataclass(frozen=True, slots=True)
class Card:
    """One remark: what it is, about what, why, what to say, and what that rests on."""

    id: str
    quote: Quote
    label: wording.Label
    about: str
    open: bool
    reason: str = ""
    say: str = ""
    advice: str | None = None
    response: Quote | None = None
    evidence: tuple[Evidence, ...] = ()
    claim: Claim | None = None


class TurnView(NamedTuple):
    """A turn as the page shows it: its text cut at the marks, and the cards beside it."""

    turn: Turn
    segments: list[Segment]
    cards: list[Card]


def cards(report: CoachingReport) -> dict[str, Card]:
    """Every moment of the report as a card, by id, in the order they were said."""
    made = [
        *map(_claim, report.claims),
        *map(_objection, report.objections),
        *map(_competitor, report.competitors),
        *map(_question, report.questions),
    ]
    made.sort(key=lambda card: (card.quote.turn, card.quote.char_start, card.quote.char_end))
    return {card.id: card for card in made}


def beside_turns(report: CoachingReport, by_id: dict[str, Card]) -> list[TurnView]:
    """Each turn with its own cards. Linear in turns and cards."""
    of_turn: defaultdict[int, list[Card]] = defaultdict(list)
    for card in by_id.values():
        of_turn[card.quote.turn].append(card)
    return [TurnView(turn, mark(turn, own := of_turn.get(turn.index, [])), own) for turn in report.turns]


def verdict_counts(report: CoachingReport) -> list[tuple[wording.Label, int, str]]:
    """Label, how many claims, and the first claim's id, for each verdict given; wrong ones first."""
    counted: Counter[Verdict] = Counter(claim.verdict for claim in report.claims)
    first: dict[Verdict, str] = {}
    for claim in report.claims:
        first.setdefault(claim.verdict, claim.id)
    return [(label, counted[v], first[v]) for v, label in wording.VERDICTS.items() if counted[v]]


def _claim(claim: Claim) -> Card:
    label = wording.VERDICTS[claim.verdict]
    return Card(
        id=claim.id,
        quote=claim.quote,
        label=label,
        about=claim.topic,
        open=label.open,
        reason=claim.reason,
        say="Say instead",
        advice=claim.correction,
        evidence=tuple(claim.evidence),
        claim=claim,
    )


def _objection(objection: Objection) -> Card:
    return Card(
        id=objection.id,
        quote=objection.quote,
        label=wording.OBJECTION,
        about=f"{wording.plain(objection.category).lower()}, {wording.HANDLED[objection.handled]}",
        open=objection.handled != "well",
        say="A good answer",
        advice=objection.suggestion.text,
        response=objection.response,
        evidence=tuple(objection.suggestion.evidence),
    )


def _competitor(mention: CompetitorMention) -> Card:
    return Card(
        id=mention.id,
        quote=mention.quote,
        label=wording.COMPETITOR,
        about=f"{wording.rival(mention.competitor)}, {wording.CONTEXTS[mention.context]}",
        open=mention.context == "evaluating",
        say="How to position",
        advice=mention.positioning.text,
        evidence=tuple(mention.positioning.evidence),
    )


def _question(question: OpenQuestion) -> Card:
    suggestion = question.suggestion
    return Card(
        id=question.id,
        quote=question.quote,
        label=wording.QUESTION,
        about="answered" if question.answered else "left open",
        open=not question.answered,
        say="What to answer",
        advice=suggestion.text if suggestion else None,
        evidence=tuple(suggestion.evidence) if suggestion else (),
    )
