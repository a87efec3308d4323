"""The remarks beside a call: each moment of a report as a card, however it came about."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Literal, NamedTuple

from backend.pages import wording
from backend.pages.marks import Segment, mark
from backend.report import (
    ACCUSING,
    Claim,
    CoachingReport,
    CompetitorMention,
    Evidence,
    FormerJudgement,
    HandlingStep,
    Objection,
    OpenQuestion,
    Priority,
    Verdict,
)
from backend.store.judgements import State, state_of
from backend.transcript import Quote, Turn

Kind = Literal["claim", "objection", "competitor", "question"]
MOST_LINKED = 2
Former = list[tuple[FormerJudgement, Claim]]
RULE_AGAIN = "rule again"
STAMPS: dict[State, str] = {
    "open": "disputed",
    "overruled": "overruled",
    "upheld": "upheld",
    "withdrawn": "",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One remark: what it is, about what, why, what to say, and what that rests on.

    `evidence` lies open, `folded` is opened by its reader, of `linked` there is only the way to its page.
    `former` is what was said of a claim before the documentation changed, newest first.
    """

    id: str
    kind: Kind
    quote: Quote
    label: wording.Label
    about: str
    open: bool
    reason: str = ""
    say: str = ""
    advice: str | None = None
    response: Quote | None = None
    steps: tuple[HandlingStep, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    folded: tuple[Evidence, ...] = ()
    linked: tuple[Evidence, ...] = ()
    claim: Claim | None = None
    objection: Objection | None = None
    former: tuple[tuple[FormerJudgement, Claim], ...] = ()

    @property
    def stamp(self) -> str:
        """What people said of it, in a word; "" where nobody said anything that stands."""
        moment = self.claim or self.objection
        if moment is None or not moment.judged:
            return ""
        state = state_of(moment)
        lapsed = state == "open" and not any(one.open for one in moment.disputes)
        return RULE_AGAIN if lapsed else STAMPS[state]

    @property
    def accuses(self) -> bool:
        """Whether it tells a rep that they were wrong."""
        return self.claim is not None and self.claim.verdict in ACCUSING

    @property
    def echoes(self) -> bool:
        """Whether what it is about is said in the very words that were spoken."""
        return self.about.rstrip("…") in self.quote.text


class TurnView(NamedTuple):
    """A turn as the page shows it: its text cut at the marks, and the cards beside it."""

    turn: Turn
    segments: list[Segment]
    cards: list[Card]


def cards(report: CoachingReport) -> dict[str, Card]:
    """Every moment of the report as a card, by id, in the order they were said."""
    former = _former(report)
    made = [
        *(_claim(claim, former[_words_of(claim)] if former else []) for claim in report.claims),
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


def proof(priority: Priority, by_id: dict[str, Card]) -> list[Evidence]:
    """What the accusations that a priority comes from rest on, a page once."""
    accusing = [card for id_ in priority.quotes if (card := by_id.get(id_)) and card.accuses]
    return list({card.evidence[0].url: card.evidence[0] for card in accusing if card.evidence}.values())


def verdict_counts(report: CoachingReport) -> list[tuple[Verdict, int, str]]:
    """Verdict, how many claims, and the first claim's id, for each verdict given; wrong ones first."""
    counted: Counter[Verdict] = Counter(claim.verdict for claim in report.claims)
    first: dict[Verdict, str] = {}
    for claim in report.claims:
        first.setdefault(claim.verdict, claim.id)
    return [(verdict, counted[verdict], first[verdict]) for verdict in wording.VERDICTS if counted[verdict]]


def _words_of(claim: Claim) -> tuple[int, int]:
    return claim.quote.turn, claim.quote.char_start


def _former(report: CoachingReport) -> defaultdict[tuple[int, int], Former]:
    """What was said before, newest first, by the words it was said of: see `CoachingReport.formerly`."""
    former: defaultdict[tuple[int, int], Former] = defaultdict(list)
    for judgement in reversed(report.history):
        for claim in judgement.claims:
            former[_words_of(claim)].append((judgement, claim))
    return former


def _claim(claim: Claim, former: Former) -> Card:
    label = wording.VERDICTS[claim.verdict]
    evidence = tuple(claim.evidence)
    # Who is told to be wrong, or to decide between passages, sees all of them; where nothing was decided, the
    # nearest is enough and the others are a link away.
    shown = len(evidence) if label.open else 1
    undecided = claim.verdict == "unclear"
    return Card(
        id=claim.id,
        kind="claim",
        quote=claim.quote,
        label=label,
        about=claim.topic,
        open=label.open or any(dispute.open for dispute in claim.disputes),
        reason=claim.reason,
        say="Say instead",
        advice=claim.correction,
        evidence=evidence[:shown],
        folded=() if undecided else evidence[shown:],
        linked=_other_pages(evidence) if undecided else (),
        claim=claim,
        former=tuple(pair for pair in former if pair[1].verdict != claim.verdict),
    )


def _other_pages(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The first passage of each page but the first passage's own; of MOST_LINKED pages, the nearest."""
    pages = {wording.web_url(one.url): one for one in reversed(evidence)}
    others = [one for url, one in reversed(pages.items()) if url and url != evidence[0].url]
    return tuple(others[:MOST_LINKED])


def _objection(objection: Objection) -> Card:
    return Card(
        id=objection.id,
        kind="objection",
        quote=objection.quote,
        objection=objection,
        label=wording.OBJECTION,
        about=f"{wording.OBJECTIONS[objection.category]}, {wording.HANDLED[objection.handled]}",
        open=objection.handled != "well",
        say="A good answer",
        advice=objection.suggestion.text,
        response=objection.response,
        steps=tuple(objection.steps),
        folded=tuple(objection.suggestion.evidence),
    )


def _competitor(mention: CompetitorMention) -> Card:
    return Card(
        id=mention.id,
        kind="competitor",
        quote=mention.quote,
        label=wording.COMPETITOR,
        about=f"{wording.rival(mention.competitor)}, {wording.CONTEXTS[mention.context]}",
        open=mention.context == "evaluating",
        say="How to position",
        advice=mention.positioning.text,
        folded=tuple(mention.positioning.evidence),
    )


def _question(question: OpenQuestion) -> Card:
    suggestion = question.suggestion
    return Card(
        id=question.id,
        kind="question",
        quote=question.quote,
        label=wording.QUESTION,
        about="answered" if question.answered else "left open",
        open=not question.answered,
        say="What to answer",
        advice=suggestion.text if suggestion else None,
        folded=tuple(suggestion.evidence) if suggestion else (),
    )
