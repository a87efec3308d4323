"""What to say next time: to an objection, beside a competitor, to an open question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from backend.analysis.analyst import Brief, SpottedCompetitor, SpottedObjection, SpottedQuestion
from backend.analysis.proof import cite, proof
from backend.analysis.subjects import features
from backend.analysis.wording import meaning, share
from backend.facts import Competitor, CompetitorFact, Fact, ObjectionGuide, Passage
from backend.report import ObjectionCategory, Suggestion

ANSWERING_FACTS = 2
SHARED_WORDS = 2
MOSTLY = 0.5
"""A fact answers a question when it has so many of its meaning words, and this share of them."""
HEDGE: Final = "Confirm this before you say it."

_ACKNOWLEDGE: dict[ObjectionCategory, str] = {
    "status_quo": "Credit what they run today before anything else.",
    "build_in_house": "Credit what they built, then ask what it costs them to keep it running.",
    "price": "Agree that it has to pay for itself, and ask what it is compared with.",
    "security": "Take the worry as stated and say exactly what leaves their network.",
    "lock_in": "Say plainly what they keep if they leave.",
    "migration_effort": "Agree that moving costs time, and size one workflow together.",
    "maturity": "Say what has been announced and nothing beyond it.",
    "scale": "Ask for their numbers before you give yours.",
    "feature_gap": "Say plainly what is there and what is not.",
    "timing": "Accept the date, and offer a step that fits before it.",
    "authority": "Ask who decides and what they need to see.",
    "support": "Own what went wrong, then say who answers and when.",
    "compliance": "Name what exists in writing, and promise nothing else.",
    "other": "Repeat the worry in their words and check that you have it.",
}


class Coachbook:
    """The pack's guides and competitors, ready to be suggested from."""

    def __init__(self, competitors: Sequence[Competitor], objections: Sequence[ObjectionGuide]) -> None:
        self._competitors = {one.id: one for one in competitors}
        self._guides = {one.id: one for one in objections}

    def answer(self, objection: SpottedObjection, brief: Brief | None) -> Suggestion:
        """Acknowledge, one or two facts that answer, and a question back."""
        guide = self._guides.get(objection.guide or "")
        facts = [match.fact for match in brief.facts] if brief and guide else []
        facts = facts[: ANSWERING_FACTS if guide else 0]
        parts = [_ACKNOWLEDGE[objection.category], *map(_said, facts)]
        if guide and guide.clarifying_question:
            parts.append(f"Then ask: {guide.clarifying_question}")
        passages = brief.passages if brief else []
        return Suggestion(
            text=" ".join(parts), evidence=[one for fact in facts for one in proof(fact, passages)]
        )

    def position(self, mention: SpottedCompetitor, brief: Brief | None) -> Suggestion:
        """A strength of theirs and the contrast, each dated, with the passages that say so."""
        rival = self._competitors.get(mention.competitor)
        if rival is None:
            return Suggestion(text=_UNKNOWN_RIVAL[mention.competitor == "in_house"])
        strength = _best(rival, "strength")
        limit = _best(rival, "limit")
        parts = []
        if strength:
            parts.append(f"Say first what {rival.name} does well: {_dated(strength)}")
        if rival.contrast:
            parts.append(f"The contrast: {rival.contrast}")
        elif limit:
            parts.append(f"The contrast: {_dated(limit)}")
        passages = {one.id: one for one in brief.passages} if brief else {}
        used = [one for one in (strength, limit) if one]
        evidence = [cite(passages[one.id], one.statement) for one in used if _quotable(one, passages)]
        return Suggestion(text=" ".join(parts) or _UNKNOWN_RIVAL[False], evidence=evidence)


def settle(question: SpottedQuestion, brief: Brief | None) -> Suggestion | None:
    """What the best fact says to an open question, None where it is not plainly about the same thing."""
    if not (brief and brief.facts):
        return None
    fact = brief.facts[0].fact
    if not _same_subject(question.quote.text, fact):
        return None
    return Suggestion(text=f"The closest the docs come: {_said(fact)}", evidence=proof(fact, brief.passages))


def _same_subject(words: str, fact: Fact) -> bool:
    """Whether a fact is about what was asked: it names the features asked about, shares most of the
    question's meaning words, and one of them is a term or title word of the fact."""
    asked, named = meaning(words), features(words)
    shared = asked & meaning(fact.statement)
    subject = meaning(" ".join((fact.title, fact.section, *fact.terms)))
    return (
        named <= features(f"{fact.statement} {fact.title}")
        and len(shared) >= SHARED_WORDS
        and share(asked, shared) >= MOSTLY
        and bool(shared & subject)
    )


_UNKNOWN_RIVAL: dict[bool, str] = {
    True: "Credit what they built, ask who keeps it running, and offer one workflow to compare.",
    False: "Ask what they like about it and miss, and compare only what you can show.",
}


_OF_THE_DOCS = re.compile(
    r"\b(?:pages?|guides?|docs|documentation|headings?|walkthrough|(?:was|were) found)\b", re.IGNORECASE
)


def sayable(statement: str) -> str:
    """What a rep can say of a fact: what it adds about the documentation itself is left out."""
    first, *rest = re.split(r"(?<=[.;])\s+", statement)
    said = [first, *(part for part in rest if not _OF_THE_DOCS.search(part))]
    return f"{' '.join(said).rstrip('.;')}."


def _said(fact: Fact) -> str:
    said = sayable(fact.statement)
    return said if fact.confidence == "high" else f"{said} {HEDGE}"


def _dated(fact: CompetitorFact) -> str:
    said = f"{fact.statement.rstrip('.')} (as of {fact.as_of})."
    return said if fact.confidence != "low" else f"{said} {HEDGE}"


def _best(rival: Competitor, kind: str) -> CompetitorFact | None:
    """The first of the surest facts of a kind."""
    facts = [fact for fact in rival.facts if fact.kind == kind]
    return min(facts, key=lambda fact: ("high", "medium", "low").index(fact.confidence), default=None)


def _quotable(fact: CompetitorFact, passages: dict[str, Passage]) -> bool:
    return fact.id in passages and fact.statement in passages[fact.id].text
