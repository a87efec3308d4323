"""What people say of a report: disputes, rulings, and what follows. Pure: a report in, a report out.

What stands is what a person ruled; what the analyst found stands beside it. Nobody, manager or not, can tell
a rep that they were wrong where no words of the documentation were found that show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from backend.analysis.analyst import Judgement
from backend.analysis.assessment import assess
from backend.analysis.measures import hold_answers
from backend.errors import BadRequest, NotFound
from backend.report import (
    ACCUSING,
    Claim,
    CoachingReport,
    Dispute,
    Handling,
    HandlingRuling,
    Objection,
    Ruling,
    Verdict,
)
from backend.rubric import Rubric
from backend.transcript import Quote, Transcript

MOST_DISPUTES = 50
MOST_FORMER_RULINGS = 10
UNPROVABLE = (
    "No words of the documentation were found for this claim, so nobody can be told that it was wrong: "
    "choose a verdict that accuses nobody."
)

Kind = Literal["claims", "objections"]
Judged = TypeVar("Judged", Claim, Objection)


class Said(NamedTuple):
    """Somebody's word: who, why and when."""

    by: str
    reason: str
    at: datetime


class Place(NamedTuple):
    """Words by where they stand in a call: what is said of them goes with them to another analysis."""

    turn: int
    char_start: int
    char_end: int


def judged(report: CoachingReport, kind: Kind, moment_id: str) -> Claim | Objection:
    """The claim or objection with this id, also one that was dismissed; NotFound."""
    return claim_of(report, moment_id) if kind == "claims" else objection_of(report, moment_id)


def claim_of(report: CoachingReport, claim_id: str) -> Claim:
    for claim in report.claims:
        if claim.id == claim_id:
            return claim
    raise NotFound(f"There is no claim {claim_id[:80]!r} in this report.")


def objection_of(report: CoachingReport, objection_id: str) -> Objection:
    for objection in (*report.objections, *report.dismissed):
        if objection.id == objection_id:
            return objection
    raise NotFound(f"There is no objection {objection_id[:80]!r} in this report.")


def dispute(report: CoachingReport, kind: Kind, moment_id: str, said: Said) -> CoachingReport:
    """The report with one more open dispute; the same one sent twice is one."""
    moment = judged(report, kind, moment_id)
    if any(one.open and (one.by, one.reason) == (said.by, said.reason) for one in moment.disputes):
        return report
    if len(moment.disputes) >= MOST_DISPUTES:
        raise BadRequest(
            "So many people have disputed this already that one more will not help: talk about it."
        )
    new = Dispute(id=f"d{len(moment.disputes) + 1}", by=said.by, at=said.at, reason=said.reason)
    return _put(report, moment.model_copy(update={"disputes": [*moment.disputes, new]}))


def withdraw(
    report: CoachingReport, kind: Kind, moment_id: str, dispute_id: str, at: datetime
) -> CoachingReport:
    """The report with this dispute withdrawn. BadRequest where a ruling has answered it."""
    moment = judged(report, kind, moment_id)
    found = next((one for one in moment.disputes if one.id == dispute_id), None)
    if found is None:
        raise NotFound(f"There is no dispute {dispute_id[:80]!r} here.")
    if found.answered_at:
        raise BadRequest("A ruling has answered this dispute, so it cannot be withdrawn any more.")
    if found.withdrawn_at:
        return report
    gone = found.model_copy(update={"withdrawn_at": at})
    return _put(
        report,
        moment.model_copy(
            update={"disputes": [gone if one.id == dispute_id else one for one in moment.disputes]}
        ),
    )


def rule(
    report: CoachingReport, claim_id: str, verdict: Verdict, said: Said, rubrics: Sequence[Rubric]
) -> CoachingReport:
    """The report in which this verdict stands, with all that follows counted again.

    BadRequest for a verdict that accuses where the claim has no evidence: what is stored was verified.
    """
    claim = claim_of(report, claim_id)
    found = as_found(claim)
    if verdict in ACCUSING and not claim.evidence:
        raise BadRequest(UNPROVABLE)
    if verdict == "not_checked":
        raise BadRequest("A ruling says what you found when you checked: choose another verdict.")
    ruling = Ruling(
        **said._asdict(),
        verdict=verdict,
        found=found.verdict,
        found_reason=found.reason,
        found_correction=found.correction,
        found_confidence=found.confidence,
    )
    return rescored(_put(report, _answered(claim, _under(found, ruling), said.at)), rubrics)


def rule_handling(
    report: CoachingReport,
    objection_id: str,
    handled: Handling | None,
    said: Said,
    rubrics: Sequence[Rubric],
) -> CoachingReport:
    """The report in which the objection was handled like this, or with None, is none."""
    objection = objection_of(report, objection_id)
    found = objection.ruling.found if objection.ruling else objection.handled
    ruling = HandlingRuling(**said._asdict(), handled=handled, found=found)
    ruled = _handled(objection, ruling)
    return rescored(_put(report, _answered(objection, ruled, said.at)), rubrics)


def as_found(claim: Claim) -> Claim:
    """The claim with the analyst's own verdict on it."""
    ruling = claim.ruling
    if ruling is None:
        return claim
    return claim.model_copy(
        update={
            "verdict": ruling.found,
            "reason": ruling.found_reason,
            "correction": ruling.found_correction,
            "confidence": ruling.found_confidence,
        }
    )


def rescored(report: CoachingReport, rubrics: Sequence[Rubric]) -> CoachingReport:
    """The report with scores, strengths, priorities and the note as its verdicts now have them."""
    transcript = Transcript(call=report.call, turns=report.turns, format="report")
    judgement = hold_answers(
        Judgement(
            claims=report.claims,
            objections=[_as_answered(one) for one in report.objections],
            competitors=report.competitors,
            questions=report.questions,
        )
    )
    assessed = assess(transcript, report.talk, judgement, rubrics)
    warnings = report.warnings
    was, now = report.rubric, assessed.rubric
    if was and now and (was.id, was.version) != (now.id, now.version):
        said = f"The scores were counted again by the rubric “{now.name}”, version {now.version}."
        warnings = list(dict.fromkeys([*warnings, said]))
    return report.model_copy(
        update={"objections": judgement.objections, "warnings": warnings, **assessed._asdict()}
    )


def carried_over(new: CoachingReport, old: CoachingReport, rubrics: Sequence[Rubric]) -> CoachingReport:
    """The new analysis of a call with what people said of the old one, on the same words.

    A ruling stands also where the analyst finds something else now, and a warning says so. But one that
    accuses was given on the evidence of that time: where that is gone it does not stand, and is kept among
    the former ones.
    """
    said_of = {_place(one.quote): one for one in old.claims if one.judged}
    of_objections = {_place(one.quote): one for one in (*old.objections, *old.dismissed) if one.judged}
    if not said_of and not of_objections:
        return new
    told: list[str] = []
    claims = [_claim_again(one, said_of.pop(_place(one.quote), None), told) for one in new.claims]
    objections = [
        _objection_again(one, of_objections.pop(_place(one.quote), None), told)
        for one in (*new.objections, *new.dismissed)
    ]
    if lost := len(said_of) + len(of_objections):
        told.append(
            f"What people said of {lost} of this call’s moments is not here: this analysis finds none in "
            "the same words. It stands in the analysis before."
        )
    carried = _sorted_out(new.model_copy(update={"claims": claims}), objections)
    warnings = list(dict.fromkeys([*new.warnings, *told]))
    return rescored(carried.model_copy(update={"warnings": warnings}), rubrics)


def _claim_again(new: Claim, old: Claim | None, told: list[str]) -> Claim:
    """A claim with what was said of the same words before; sentences on it are added to `told`."""
    if old is None or new.judged:
        return new
    kept = _said_of_too(new, old)
    was = old.ruling
    if was is None:
        return kept
    first = was.found_then or was.found
    where = f"Turn {new.quote.turn + 1}: {was.by} ruled “{_words(was.verdict)}”"
    if was.verdict in ACCUSING and was.verdict != new.verdict and not _same_evidence(new, old):
        told.append(
            f"{where} on passages that this analysis does not find any more; it finds "
            f"“{_words(new.verdict)}”, which stands until somebody rules again."
        )
        return kept.model_copy(update={"former_rulings": _former(old)})
    if new.verdict != first:
        told.append(
            f"{where} where “{_words(first)}” had been found; this analysis finds “{_words(new.verdict)}”. "
            "The ruling stands."
        )
    ruling = was.model_copy(
        update={
            "found": new.verdict,
            "found_reason": new.reason,
            "found_correction": new.correction,
            "found_confidence": new.confidence,
            "found_then": first if first != new.verdict else None,
        }
    )
    return _under(kept, ruling)


def _objection_again(new: Objection, old: Objection | None, told: list[str]) -> Objection:
    if old is None or new.judged:
        return new
    kept = _said_of_too(new, old)
    was = old.ruling
    if was is None:
        return kept
    first = was.found_then or was.found
    if new.handled != first:
        told.append(
            f"Turn {new.quote.turn + 1}: {was.by} ruled on an objection that had been found handled "
            f"{_words(first)}; this analysis finds {_words(new.handled)}. The ruling stands."
        )
    found_then = first if first != new.handled else None
    return _handled(kept, was.model_copy(update={"found": new.handled, "found_then": found_then}))


def _said_of_too(new: Judged, old: Judged) -> Judged:
    """The moment with what was said of the same words before."""
    return new.model_copy(update={"disputes": old.disputes, "former_rulings": old.former_rulings})


def _under(found: Claim, ruling: Ruling) -> Claim:
    """The claim under a ruling; `found` is as the analyst left it. Where a person finds it wrong and the
    analyst had no correction, the documentation's own words are one."""
    if ruling.upheld:
        return found.model_copy(update={"ruling": ruling})
    correction = None
    if ruling.verdict in ACCUSING:
        correction = found.correction or found.evidence[0].quote
    return found.model_copy(
        update={
            "verdict": ruling.verdict,
            "reason": ruling.reason,
            "correction": correction,
            "confidence": 1.0,
            "ruling": ruling,
        }
    )


def _handled(objection: Objection, ruling: HandlingRuling) -> Objection:
    return objection.model_copy(update={"handled": ruling.handled or ruling.found, "ruling": ruling})


def _as_answered(objection: Objection) -> Objection:
    """The objection as it was handled before it counted what was wrong in the answer."""
    if objection.ruling or objection.lowered_from is None:
        return objection
    return objection.model_copy(update={"handled": objection.lowered_from, "lowered_from": None})


def _answered(before: Judged, ruled: Judged, at: datetime) -> Judged:
    """What was ruled on, with its open disputes answered and the ruling before this one kept."""
    disputes = [one.model_copy(update={"answered_at": at}) if one.open else one for one in before.disputes]
    return ruled.model_copy(update={"disputes": disputes, "former_rulings": _former(before)})


def _former(moment: Claim | Objection) -> list[Ruling] | list[HandlingRuling]:
    """The rulings that a new one leaves behind, oldest first."""
    kept = [*moment.former_rulings, moment.ruling] if moment.ruling else moment.former_rulings
    return kept[-MOST_FORMER_RULINGS:]


def _put(report: CoachingReport, moment: Claim | Objection) -> CoachingReport:
    """The report with this moment in place of the one with its id."""
    if isinstance(moment, Claim):
        claims = [moment if one.id == moment.id else one for one in report.claims]
        return report.model_copy(update={"claims": claims})
    everything = (*report.objections, *report.dismissed)
    return _sorted_out(report, [moment if one.id == moment.id else one for one in everything])


def _sorted_out(report: CoachingReport, objections: Sequence[Objection]) -> CoachingReport:
    """The report with these objections; those that a person says are none stand apart."""
    kept = [one for one in objections if not _is_none(one)]
    return report.model_copy(
        update={"objections": kept, "dismissed": [one for one in objections if _is_none(one)]}
    )


def _is_none(objection: Objection) -> bool:
    return objection.ruling is not None and objection.ruling.handled is None


def _place(quote: Quote) -> Place:
    return Place(quote.turn, quote.char_start, quote.char_end)


def _same_evidence(new: Claim, old: Claim) -> bool:
    known = {(one.url, one.quote) for one in old.evidence}
    return any((one.url, one.quote) in known for one in new.evidence)


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")
