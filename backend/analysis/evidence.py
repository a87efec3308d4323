"""The last word on quotes: what is not verbatim goes, and a verdict that leaned on it is lowered."""

from __future__ import annotations

from collections.abc import Mapping

from backend.analysis.analyst import Brief, Judgement
from backend.facts import Passage
from backend.quotes import verify_evidence
from backend.report import ACCUSING, Claim, Evidence, Suggestion

UNPROVEN = "No quote from the documentation could be verified for this, so it is left open."


def keep_what_is_verbatim(judgement: Judgement, briefs: Mapping[str, Brief]) -> Judgement:
    """The judgement with only evidence that stands word for word in a passage of its moment's brief.

    A claim that accused without such evidence left becomes `unclear`, and loses its correction.
    """

    def verified(moment: str, evidence: list[Evidence]) -> list[Evidence]:
        brief = briefs.get(moment)
        passages = {passage.id: passage for passage in brief.passages} if brief else {}
        return [one for one in evidence if verify_evidence(one, passages.get(one.passage_id))]

    def suggestion(moment: str, given: Suggestion) -> Suggestion:
        return given.model_copy(update={"evidence": verified(moment, given.evidence)})

    return judgement.model_copy(
        update={
            "claims": [_lowered(claim, verified(claim.id, claim.evidence)) for claim in judgement.claims],
            "objections": [
                one.model_copy(update={"suggestion": suggestion(one.id, one.suggestion)})
                for one in judgement.objections
            ],
            "competitors": [
                one.model_copy(update={"positioning": suggestion(one.id, one.positioning)})
                for one in judgement.competitors
            ],
            "questions": [
                one.model_copy(
                    update={"suggestion": suggestion(one.id, one.suggestion) if one.suggestion else None}
                )
                for one in judgement.questions
            ],
        }
    )


def cited_passages(judgement: Judgement, briefs: Mapping[str, Brief]) -> list[Passage]:
    """The passages that the judgement's evidence stands in, each once, in the order of the call."""
    known = {passage.id: passage for brief in briefs.values() for passage in brief.passages}
    cited: dict[str, Passage] = {}
    for evidence in all_evidence(judgement):
        cited.setdefault(evidence.passage_id, known[evidence.passage_id])
    return list(cited.values())


def all_evidence(judgement: Judgement) -> list[Evidence]:
    return [
        *(one for claim in judgement.claims for one in claim.evidence),
        *(one for objection in judgement.objections for one in objection.suggestion.evidence),
        *(one for mention in judgement.competitors for one in mention.positioning.evidence),
        *(
            one
            for question in judgement.questions
            if question.suggestion
            for one in question.suggestion.evidence
        ),
    ]


def _lowered(claim: Claim, evidence: list[Evidence]) -> Claim:
    if evidence or claim.verdict not in ACCUSING | {"supported", "docs_conflict"}:
        return claim.model_copy(update={"evidence": evidence})
    return claim.model_copy(
        update={
            "verdict": "unclear",
            "confidence": min(claim.confidence, 0.3),
            "reason": UNPROVEN,
            "correction": None,
            "evidence": [],
        }
    )
