"""What of Claude's judgement can be relied on: verdicts that stand on quotes found again word for word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from backend.analysis.analyst import (
    Brief,
    Judgement,
    Moments,
    SpottedClaim,
    SpottedCompetitor,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.claude_briefs import TURNS_AFTER, Batch, Shown, facts_by_id
from backend.analysis.claude_door import Answer
from backend.analysis.claude_spotting import ANYBODY, OURS, Seen, locate
from backend.analysis.fences import one_line
from backend.analysis.proof import proof as said_by_the_docs
from backend.analysis.verbatim import find_span
from backend.facts import ObjectionGuide
from backend.report import (
    ACCUSING,
    Claim,
    CompetitorMention,
    Evidence,
    Handling,
    HandlingKind,
    HandlingStep,
    Objection,
    OpenQuestion,
    Suggestion,
    Verdict,
)
from backend.transcript import Quote, Transcript

MOST_EVIDENCE = 4
SHORTEST_EVIDENCE_WORDS = 3
"""Fewer words of a passage settle nothing."""
LONGEST_REASON = 600
LONGEST_SUGGESTION = 1_200
UNPROVEN_CONFIDENCE = 0.3

NOT_JUDGED = "Not judged."
NO_KNOWLEDGE = "No product knowledge was at hand to check this."
NO_QUOTE = "Claude's verdict rested on no quote that could be verified, so this is left open."
OFFER = "Say that you will find out, and come back with the answer."
UNBACKED: dict[Verdict, str] = {
    "not_in_docs": "No passage that was found settles this.",
    "out_of_scope": "This is not about Prefect's product.",
    "unclear": "The passages that were found do not settle what was meant.",
}
"""Said in place of Claude's words where it quotes nothing for them: whatever a call or a page made it say,
only what is quoted is passed on."""
UNSURE_FACT = "Only a fact that is not sure enough to correct anybody speaks against this."


class Cited(Answer):
    passage: str = Field(description="The passage's number, such as P3.")
    quote: str = Field(description="Copied from that passage, word for word.")


class ClaimJudged(Answer):
    """Evidence and reason come before the verdict, because Claude writes in this order."""

    id: str
    evidence: list[Cited]
    reason: str
    verdict: Literal[
        "supported",
        "contradicted",
        "overstated",
        "outdated",
        "not_in_docs",
        "docs_conflict",
        "out_of_scope",
        "unclear",
    ]
    confidence: float = Field(ge=0, le=1)
    correction: str | None


class StepSeen(Seen):
    kind: HandlingKind


class ObjectionJudged(Answer):
    id: str
    steps: list[StepSeen] = Field(
        default_factory=list, description="What was done about it, each with the words it was done in."
    )
    response: Seen | None = Field(description="The words that answered it best, or null.")
    handled: Handling
    evidence: list[Cited]
    suggestion: str


class CompetitorJudged(Answer):
    id: str
    evidence: list[Cited]
    positioning: str


class QuestionJudged(Answer):
    id: str
    response: Seen | None = Field(description="The words that answered it in full, or null.")
    answered: bool
    evidence: list[Cited]
    suggestion: str | None


class JudgeAnswer(Answer):
    """What Claude answers for one batch of moments."""

    claims: list[ClaimJudged]
    objections: list[ObjectionJudged]
    competitors: list[CompetitorJudged]
    questions: list[QuestionJudged]


class Verdicts:
    """Claude's answers by moment, and what becomes of each moment with or without one."""

    def __init__(
        self,
        transcript: Transcript,
        briefs: Mapping[str, Brief],
        guides: Mapping[str, ObjectionGuide],
        parts: Sequence[Batch],
        answers: Sequence[JudgeAnswer],
    ) -> None:
        self._turns = transcript.turns
        self._guides = guides
        self._proofs: dict[str, Proof] = {}
        self._claims: dict[str, ClaimJudged] = {}
        self._objections: dict[str, ObjectionJudged] = {}
        self._competitors: dict[str, CompetitorJudged] = {}
        self._questions: dict[str, QuestionJudged] = {}
        self._briefs = briefs
        self.take(parts, answers)

    def take(self, parts: Sequence[Batch], answers: Sequence[JudgeAnswer]) -> None:
        """These answers too, in place of earlier ones about the same moments."""
        for batch, answer in zip(parts, answers, strict=True):
            asked = {moment.id for moment in batch.moments}
            for one in asked & self._claims.keys():
                del self._claims[one]
            self._proofs |= {
                one: Proof(batch.numbers, batch.shown[one], self._briefs.get(one)) for one in asked
            }
            self._claims |= {one.id: one for one in reversed(answer.claims) if one.id in asked}
            self._objections |= {one.id: one for one in reversed(answer.objections) if one.id in asked}
            self._competitors |= {one.id: one for one in reversed(answer.competitors) if one.id in asked}
            self._questions |= {one.id: one for one in reversed(answer.questions) if one.id in asked}

    def to_be_seen_again(self, moments: Moments) -> set[str]:
        """The claims that are accused of something, or left open: each is worth a closer look."""
        asked = (one for one in moments.claims if one.id in self._proofs)
        return {one.id for one in asked if self._claim(one).verdict not in ("supported", "out_of_scope")}

    def of(self, moments: Moments) -> Judgement:
        return Judgement(
            claims=[self._claim(one) for one in moments.claims],
            objections=[self._objection(one) for one in moments.objections],
            competitors=[self._mention(one) for one in moments.competitors],
            questions=[self._question(one) for one in moments.questions],
            warnings=[*moments.warnings, *self._forgotten()],
        )

    def _claim(self, spotted: SpottedClaim) -> Claim:
        proof = self._proofs.get(spotted.id)
        if proof is None:
            return unchecked_claim(spotted)
        return judged_claim(spotted, self._claims.get(spotted.id), proof)

    def _objection(self, spotted: SpottedObjection) -> Objection:
        judged = self._objections.get(spotted.id)
        response = self._response(judged, spotted, TURNS_AFTER) or spotted.response
        handled = judged.handled if judged and (response or judged.handled == "ignored") else None
        return Objection(
            id=spotted.id,
            quote=spotted.quote,
            category=spotted.category,
            handled=handled or ("partly" if response else "ignored"),
            response=response,
            steps=self._steps(judged, spotted),
            suggestion=self._backed(spotted.id, judged, judged.suggestion if judged else None)
            or Suggestion(text=self._stand_in(spotted)),
        )

    def _steps(self, judged: ObjectionJudged | None, spotted: SpottedObjection) -> list[HandlingStep]:
        """The first step of each kind whose words were said after the objection, in the order they were said:
        ours, but that theirs may confirm."""
        first = spotted.quote.turn + 1
        last = min(spotted.quote.turn + TURNS_AFTER, len(self._turns) - 1)
        found: dict[HandlingKind, HandlingStep] = {}
        for seen in judged.steps if judged else ():
            sides = ANYBODY if seen.kind == "confirmed" else OURS
            if quote := locate(self._turns, first, last, seen, sides):
                found.setdefault(seen.kind, HandlingStep(kind=seen.kind, quote=quote))
        return sorted(found.values(), key=lambda one: (one.quote.turn, one.quote.char_start))

    def _response(
        self,
        judged: ObjectionJudged | QuestionJudged | None,
        spotted: SpottedObjection | SpottedQuestion,
        within: int,
    ) -> Quote | None:
        if judged is None or judged.response is None:
            return None
        after = spotted.quote.turn + 1
        last = min(spotted.quote.turn + within, len(self._turns) - 1)
        return locate(self._turns, after, last, judged.response, OURS)

    def _mention(self, spotted: SpottedCompetitor) -> CompetitorMention:
        judged = self._competitors.get(spotted.id)
        return CompetitorMention(
            id=spotted.id,
            quote=spotted.quote,
            competitor=spotted.competitor,
            context=spotted.context,
            positioning=self._backed(spotted.id, judged, judged.positioning if judged else None)
            or Suggestion(text=NOT_JUDGED),
        )

    def _question(self, spotted: SpottedQuestion) -> OpenQuestion:
        judged = self._questions.get(spotted.id)
        answer = self._response(judged, spotted, len(self._turns))
        return OpenQuestion(
            id=spotted.id,
            quote=spotted.quote,
            answered=spotted.answered or bool(judged and judged.answered and answer),
            suggestion=self._backed(spotted.id, judged, judged.suggestion if judged else None),
        )

    def _backed(
        self,
        moment: str,
        judged: ObjectionJudged | CompetitorJudged | QuestionJudged | None,
        text: str | None,
    ) -> Suggestion | None:
        """What Claude suggests, where it quotes a passage for it."""
        if judged is None or not text or not text.strip():
            return None
        cited = self._proofs[moment]
        evidence = cited.in_the_docs_words(cited.evidence(judged.evidence))
        return Suggestion(text=one_line(text, LONGEST_SUGGESTION), evidence=evidence) if evidence else None

    def _stand_in(self, spotted: SpottedObjection) -> str:
        guide = self._guides.get(spotted.guide or "")
        return guide.good_answer[0] if guide and guide.good_answer else OFFER

    def _forgotten(self) -> list[str]:
        answered = {*self._claims, *self._objections, *self._competitors, *self._questions}
        count = len(self._proofs.keys() - answered)
        return [f"Claude left {count} of {len(self._proofs)} moments unjudged."] if count else []


class Proof:
    """Turns what Claude cited into evidence: words of a passage it was shown for that very moment."""

    def __init__(self, numbers: Mapping[str, str], shown: Shown, brief: Brief | None) -> None:
        self._shown = {numbers[passage.id]: passage for passage in shown.passages}
        self._facts = facts_by_id(brief)
        self._passages = brief.passages if brief else []

    def evidence(self, cited: Iterable[Cited]) -> list[Evidence]:
        """The citations that hold, each once, with everything but the words taken from the passage."""
        found: dict[tuple[str, str], Evidence] = {}
        for one in cited:
            evidence = self._verified(one)
            if evidence and len(found) < MOST_EVIDENCE:
                found.setdefault((evidence.passage_id, evidence.quote), evidence)
        return list(found.values())

    def in_the_docs_words(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        """The same with the docs' own sentence before a fact, where one says what the fact says."""
        every: dict[tuple[str, str], Evidence] = {}
        for one in evidence:
            fact = self._facts.get(one.passage_id) if one.source == "pack" else None
            for each in (*(said_by_the_docs(fact, self._passages) if fact else ()), one):
                every.setdefault((each.passage_id, each.quote), each)
        return list(every.values())[:MOST_EVIDENCE]

    def may_accuse(self, evidence: Iterable[Evidence]) -> bool:
        """Whether any of this is the documentation itself, with its address, or a fact sure enough."""
        return any(
            one.url is not None
            if one.source != "pack"
            else one.passage_id in self._facts and self._facts[one.passage_id].may_accuse
            for one in evidence
        )

    def _verified(self, cited: Cited) -> Evidence | None:
        passage = self._shown.get(cited.passage.strip("[] "))
        if passage is None or len(cited.quote.split()) < SHORTEST_EVIDENCE_WORDS:
            return None
        span = find_span(cited.quote, passage.text)
        if span is None:
            return None
        return Evidence(
            passage_id=passage.id,
            url=passage.url,
            title=passage.title,
            quote=passage.text[slice(*span)],
            read_at=passage.read_at,
            source=passage.source,
            origin=passage.origin,
        )


def judged_claim(spotted: SpottedClaim, judged: ClaimJudged | None, proof: Proof) -> Claim:
    """The claim with Claude's verdict, or `unclear` where the verdict leans on nothing that holds."""
    if judged is None:
        return _claim(spotted, "unclear", 0, NOT_JUDGED)
    evidence = proof.evidence(judged.evidence)
    missing = _missing(judged.verdict, evidence, proof)
    if missing:
        return _claim(spotted, "unclear", min(judged.confidence, UNPROVEN_CONFIDENCE), missing, evidence)
    if judged.verdict == "supported":
        evidence = proof.in_the_docs_words(evidence)
    reason = judged.reason if evidence else UNBACKED.get(judged.verdict, NOT_JUDGED)
    claim = _claim(spotted, judged.verdict, judged.confidence, one_line(reason, LONGEST_REASON), evidence)
    if judged.verdict in ACCUSING and judged.correction:
        claim.correction = one_line(judged.correction, LONGEST_REASON) or None
    return claim


def unchecked_claim(spotted: SpottedClaim) -> Claim:
    return _claim(spotted, "not_checked", 0, NO_KNOWLEDGE)


def _missing(verdict: Verdict, evidence: Sequence[Evidence], proof: Proof) -> str | None:
    """Why a verdict does not stand on its evidence, or None where it does."""
    if verdict in ACCUSING | {"supported", "docs_conflict"} and not evidence:
        return NO_QUOTE
    if verdict in ACCUSING and not proof.may_accuse(evidence):
        return UNSURE_FACT
    if verdict == "docs_conflict" and len(evidence) < 2:
        return NO_QUOTE
    return None


def _claim(
    spotted: SpottedClaim,
    verdict: Verdict,
    confidence: float,
    reason: str,
    evidence: Sequence[Evidence] = (),
) -> Claim:
    return Claim(
        id=spotted.id,
        quote=spotted.quote,
        topic=spotted.topic,
        verdict=verdict,
        confidence=confidence,
        reason=reason or NOT_JUDGED,
        evidence=list(evidence),
    )
