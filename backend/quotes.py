"""Whether every quote stands word for word where a report says that it stands."""

from __future__ import annotations

from collections.abc import Iterator

from backend.errors import UnverifiedQuote
from backend.facts import Passage
from backend.report import CoachingReport, Evidence, FormerJudgement
from backend.transcript import Quote, Turn


def verify(report: CoachingReport) -> None:
    """Raise UnverifiedQuote unless every quote is verbatim where it says it stands.

    Code checks this, not a model, and the store calls it before every save: spoken words in their turn,
    evidence in its passage with that passage's link and reading time, accusations with evidence, and
    every id that scores, strengths and priorities lean on.
    """
    passages = {passage.id: passage for passage in report.passages}
    for moment, quote in _spoken(report):
        if not _stands_in_its_turn(quote, report.turns):
            raise UnverifiedQuote(
                f"Report {report.id}: the words quoted in {moment} are not in turn {quote.turn}."
            )
    for moment, evidence in _cited(report):
        if not verify_evidence(evidence, passages.get(evidence.passage_id)):
            raise UnverifiedQuote(
                f"Report {report.id}: the evidence of {moment} is not in passage {evidence.passage_id}."
            )
    for claim in report.wrong_claims():
        if not claim.evidence:
            raise UnverifiedQuote(f"Report {report.id}: {claim.id} accuses without evidence.")
    for former in report.history:
        verify(report.model_copy(update=_as_it_stood(former)))
    missing = _leaned_on(report) - {one.id for one in (*report.moments(), *report.talk_moments)}
    if missing:
        raise UnverifiedQuote(f"Report {report.id}: there is no moment {sorted(missing)[0]}.")


def verify_evidence(evidence: Evidence, passage: Passage | None) -> bool:
    """Whether these words stand in the passage, with its link, title, source and reading time beside them."""
    return passage is not None and (
        bool(evidence.quote.strip())
        and evidence.quote in passage.text
        and (evidence.url, evidence.title, evidence.read_at, evidence.source, evidence.origin)
        == (passage.url, passage.title, passage.read_at, passage.source, passage.origin)
    )


def _as_it_stood(former: FormerJudgement) -> dict[str, object]:
    """A report's fields with nothing but the claims that were judged then."""
    others = ("objections", "dismissed", "competitors", "questions")
    leaning = ("scores", "strengths", "priorities", "history")
    return {"claims": former.claims, "passages": former.passages} | {name: [] for name in (*others, *leaning)}


def _spoken(report: CoachingReport) -> Iterator[tuple[str, Quote]]:
    for moment in (*report.moments(), *report.dismissed, *report.talk_moments):
        yield moment.id, moment.quote
    for objection in (*report.objections, *report.dismissed):
        if objection.response:
            yield objection.id, objection.response
        yield from ((objection.id, step.quote) for step in objection.steps)


def _cited(report: CoachingReport) -> Iterator[tuple[str, Evidence]]:
    for claim in report.claims:
        yield from ((claim.id, evidence) for evidence in claim.evidence)
    for objection in (*report.objections, *report.dismissed):
        yield from ((objection.id, evidence) for evidence in objection.suggestion.evidence)
    for mention in report.competitors:
        yield from ((mention.id, evidence) for evidence in mention.positioning.evidence)
    for question in report.questions:
        if question.suggestion:
            yield from ((question.id, evidence) for evidence in question.suggestion.evidence)


def _stands_in_its_turn(quote: Quote, turns: list[Turn]) -> bool:
    if not (0 <= quote.turn < len(turns) and 0 <= quote.char_start < quote.char_end):
        return False
    turn = turns[quote.turn]
    return turn.speaker == quote.speaker and turn.text[quote.char_start : quote.char_end] == quote.text


def _leaned_on(report: CoachingReport) -> set[str]:
    return {
        *(moment for score in report.scores for moment in score.because),
        *(moment for strength in report.strengths for moment in strength.quotes),
        *(moment for priority in report.priorities for moment in priority.quotes),
    }
