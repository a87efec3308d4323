"""The rules analyst: deterministic, without a key or a network, and able to say why.

Words alone cannot tell right from wrong. It accuses only where something hard disagrees (a number with its
unit, a plan, an edition, a known wrong version), calls supported only what agrees strongly, and otherwise
lays the fact that settles a claim beside it and leaves the verdict to the reader.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence

from backend.analysis.analyst import (
    Brief,
    Judgement,
    Moments,
    SpottedClaim,
    SpottedCompetitor,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.answers import Coachbook, sayable, settle
from backend.analysis.claims import find_claims, is_about_the_product
from backend.analysis.comparison import Comparison
from backend.analysis.explaining import Decision, explain
from backend.analysis.learned import Learned, learned
from backend.analysis.plain_speech import owned_up, said_around
from backend.analysis.proof import closest, proof
from backend.analysis.pushback import find_pushback
from backend.analysis.pushback_kinds import Guides
from backend.analysis.questions import find_open
from backend.analysis.replies import handling, steps_after
from backend.analysis.rivals import Rivals
from backend.analysis.said import Finding
from backend.analysis.scope import about_a_rival, about_terms
from backend.facts import Competitor, ObjectionGuide
from backend.report import (
    ACCUSING,
    AnalystKind,
    Claim,
    CompetitorMention,
    Evidence,
    Objection,
    OpenQuestion,
)
from backend.transcript import Transcript

VERSION = "rules-9"
"""Changes whenever the same call could be judged differently."""
LONGEST_TOPIC = 60
PAGES_TO_COMPARE = 4
"""A claim left to the reader stands beside so many pages: the one that settles it is first for most, and
among four for nine in ten."""

SIDES_UNKNOWN = (
    "The transcript does not say who is ours and who is the prospect, so claims are not put down to anybody"
    " and nothing is scored: give the participants' sides or e-mail addresses to have them told apart."
)
NOT_NAMED = (
    "Neither Prefect nor enough of its own words are named in this call, so no claims, objections or open"
    " questions about it were looked for."
)


class RulesAnalyst:
    """`hear` puts product terms in the place of likely mishearings; it is used to find, never to quote.
    `taught` are other weights than those that come with the product."""

    def __init__(
        self,
        competitors: Sequence[Competitor],
        objections: Sequence[ObjectionGuide],
        hear: Callable[[str], str],
        taught: Learned | None = None,
    ) -> None:
        self._rivals = Rivals(competitors)
        self._guides = Guides(objections)
        self._book = Coachbook(competitors, objections)
        self._comparison = Comparison(self._rivals.named)
        self._hear = hear
        self._taught = taught or learned()

    @property
    def kind(self) -> AnalystKind:
        return "rules"

    @property
    def model(self) -> None:
        return None

    @property
    def fingerprint(self) -> str:
        return VERSION

    async def spot(self, transcript: Transcript) -> Moments:
        """The moments of the call. Spotting is pure counting, so it runs beside the event loop."""
        return await asyncio.to_thread(self._spot, transcript)

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        return await asyncio.to_thread(self._judge, transcript, moments, briefs)

    def explain(self, transcript: Transcript) -> list[Decision]:
        """Why each moment was found by its cues, and what was nearly found."""
        return explain(transcript, self._hear, self._rivals, self._taught)

    def names_rival(self, words: str) -> bool:
        """Whether another product is named."""
        return self._rivals.named(words)

    def _spot(self, transcript: Transcript) -> Moments:
        if not is_about_the_product(transcript, self._hear):
            return Moments(competitors=self._mentions(transcript), warnings=[NOT_NAMED])
        return Moments(
            claims=self._claims(transcript),
            objections=self._objections(transcript),
            competitors=self._mentions(transcript),
            questions=[
                SpottedQuestion(
                    id=f"q{nth}",
                    quote=one.turn.quote(one.start, one.end),
                    answered=False,
                    about=f"{one.before} {one.turn.text[one.start : one.end]}".strip(),
                )
                for nth, one in enumerate(find_open(transcript, self._taught), 1)
            ],
        )

    def _claims(self, transcript: Transcript) -> list[SpottedClaim]:
        return [
            SpottedClaim(
                id=f"c{nth}",
                quote=one.turn.quote(one.start, one.end),
                topic=topic(one.turn.text[one.start : one.end]),
                about=one.about,
            )
            for nth, one in enumerate(find_claims(transcript, self._hear), 1)
        ]

    def _mentions(self, transcript: Transcript) -> list[SpottedCompetitor]:
        return [
            SpottedCompetitor(
                id=f"m{nth}",
                quote=one.turn.quote(one.start, one.end),
                competitor=one.competitor,
                context=one.context,
            )
            for nth, one in enumerate(self._rivals.find(transcript), 1)
        ]

    def _objections(self, transcript: Transcript) -> list[SpottedObjection]:
        return [
            SpottedObjection(
                id=f"o{nth}",
                quote=one.turn.quote(one.start, one.end),
                category=one.category,
                about=one.turn.text[one.start : one.end],
                response=one.response,
                guide=one.guide,
            )
            for nth, one in enumerate(find_pushback(transcript, self._guides, self._taught), 1)
        ]

    def _judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        claims = [self._claim(one, transcript, briefs.get(one.id)) for one in moments.claims]
        wrong_turns = {one.quote.turn for one in claims if one.verdict in ACCUSING}
        return Judgement(
            claims=claims,
            objections=[
                Objection(
                    id=one.id,
                    quote=one.quote,
                    category=one.category,
                    handled=handling(one.response, transcript, self._taught, wrong_turns),
                    response=one.response,
                    steps=steps_after(one.response, transcript, wrong_turns),
                    suggestion=self._book.answer(one, briefs.get(one.id)),
                )
                for one in moments.objections
            ],
            competitors=[
                CompetitorMention(
                    id=one.id,
                    quote=one.quote,
                    competitor=one.competitor,
                    context=one.context,
                    positioning=self._book.position(one, briefs.get(one.id)),
                )
                for one in moments.competitors
            ],
            questions=[
                OpenQuestion(
                    id=one.id,
                    quote=one.quote,
                    answered=one.answered,
                    suggestion=settle(one, briefs.get(one.id)),
                )
                for one in moments.questions
            ],
            warnings=[] if _sides_known(transcript) else [SIDES_UNKNOWN],
        )

    def _claim(self, claim: SpottedClaim, transcript: Transcript, brief: Brief | None) -> Claim:
        words = self._hear(claim.quote.text)
        about = words if claim.about == claim.quote.text else self._hear(claim.about)
        before, after = said_around(transcript.turns[claim.quote.turn].text, claim.quote)
        asked = about.removesuffix(words)
        if self._rivals.leads(words) or about_a_rival(words, asked, self._rivals.named):
            found = Finding("out_of_scope", 0.6, ABOUT_A_RIVAL, None)
        else:
            found = self._comparison.judge(words, about, brief, before, after)
            found = (about_terms(words) if found.verdict == "unclear" else None) or found
            if found.verdict in ACCUSING and owned_up(transcript.turns, claim.quote.turn):
                found = Finding("unclear", 0.3, TAKEN_BACK, found.fact)
        evidence = _evidence(found, brief) if brief else []
        return Claim(
            id=claim.id,
            quote=claim.quote,
            topic=claim.topic,
            verdict=found.verdict,
            confidence=found.confidence,
            reason=found.reason,
            correction=sayable(found.fact.statement) if found.fact and found.verdict in ACCUSING else None,
            evidence=evidence,
        )


def _evidence(found: Finding, brief: Brief) -> list[Evidence]:
    """What the verdict leans on; for whoever is to compare, what several pages say."""
    if found.verdict == "unclear":
        return closest(brief, PAGES_TO_COMPARE)
    return proof(found.fact, brief.passages) if found.fact else []


TAKEN_BACK = "This was taken back soon after it was said; compare."
ABOUT_A_RIVAL = "This is about another product, which Prefect's documentation does not settle."

_FIRST_CLAUSE = re.compile(r"[^,;.?!]{12,}")


def topic(words: str) -> str:
    """A short name for a claim: the beginning of its words."""
    first = _FIRST_CLAUSE.match(words)
    short = (first[0] if first else words).strip(" ,;.")
    return short if len(short) <= LONGEST_TOPIC else f"{short[:LONGEST_TOPIC].rsplit(' ', 1)[0]}…"


def _sides_known(transcript: Transcript) -> bool:
    return any(turn.side != "unknown" for turn in transcript.turns)
