"""Scores, strengths, priorities and the follow-up note: all counted from moments that can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backend.analysis.analyst import Judgement
from backend.report import (
    ACCUSING,
    Claim,
    FollowUp,
    Handling,
    Objection,
    OpenQuestion,
    Priority,
    Score,
    Strength,
    TalkStats,
)
from backend.transcript import Call

MOST_PRIORITIES = 3
LONGEST_HINT = 160
WORTH: dict[Handling, int] = {"well": 100, "partly": 60, "poorly": 20, "ignored": 0}


class Band(NamedTuple):
    """Full marks from `low` to `high`, none at `worst_low` or `worst_high` and beyond."""

    worst_low: float
    low: float
    high: float
    worst_high: float


REP_SHARE = Band(0.15, 0.35, 0.60, 0.90)
"""The internal side's share of the words."""
QUESTIONS_PER_1000_WORDS = Band(0.0, 5.0, 30.0, 60.0)
"""Questions that our side asked, for each thousand words of the call."""
WELL_DONE = 80
"""From here on a score is a strength."""
POOR = 50
"""Below this a score is worth a priority."""


def scores(talk: TalkStats, judgement: Judgement) -> list[Score]:
    """One score for each dimension, None where the call gave no occasion for it."""
    return [
        _accuracy(judgement),
        _objections(judgement),
        _discovery(talk),
        _competitors(judgement),
        _open_questions(judgement),
    ]


def strengths(talk: TalkStats, judgement: Judgement) -> list[Strength]:
    """What was done well, each tied to the moments that show it."""
    found = []
    right = [claim.id for claim in judgement.claims if claim.verdict == "supported"]
    if right and not _wrong(judgement):
        found.append(Strength(text="What you said of the product agrees with the docs.", quotes=right))
    well = [one.id for one in judgement.objections if one.handled == "well"]
    if well:
        found.append(Strength(text="You took up what worried them and answered it.", quotes=well))
    if (_discovery(talk).value or 0) >= WELL_DONE:
        found.append(Strength(text="You asked and let them talk.", quotes=[]))
    return found


def priorities(talk: TalkStats, judgement: Judgement) -> list[Priority]:
    """At most three, most urgent first: wrong claims, then objections, open questions, discovery."""
    return [
        *map(_correct, _wrong(judgement)),
        *map(_take_up, (one for one in judgement.objections if one.handled in ("ignored", "poorly"))),
        *_close_questions(judgement),
        *map(_take_up, (one for one in judgement.objections if one.handled == "partly")),
        *_ask_more(talk),
    ][:MOST_PRIORITIES]


def follow_up(call: Call, judgement: Judgement) -> FollowUp | None:
    """A note to the prospect that corrects what was wrong, with links; None where nothing was."""
    wrong = [claim for claim in _wrong(judgement) if claim.correction]
    if not wrong:
        return None
    corrections = "\n\n".join(_corrected(claim) for claim in wrong)
    subject = f"A correction after our call: {call.title}" if call.title else "A correction after our call"
    return FollowUp(
        subject=subject,
        body=(
            "Thank you for your time. I checked what I told you against our documentation,"
            f" and want to put the following right.\n\n{corrections}\n\n"
            "If this changes anything for you, tell me."
        ),
    )


def _accuracy(judgement: Judgement) -> Score:
    """Right among what the documentation decided."""
    decided = [
        claim for claim in judgement.claims if claim.verdict == "supported" or claim.verdict in ACCUSING
    ]
    right = sum(claim.verdict == "supported" for claim in decided)
    return _score("Product accuracy", [100.0 * right / len(decided)] if decided else [], decided)


def _objections(judgement: Judgement) -> Score:
    return _score(
        "Objection handling", [WORTH[one.handled] for one in judgement.objections], judgement.objections
    )


def _discovery(talk: TalkStats) -> Score:
    """How much our side asked, and how much of the talk it left to the others."""
    if talk.rep_share is None or talk.questions_by_rep is None or not talk.words:
        return Score(name="Discovery", value=None)
    asked = _within(QUESTIONS_PER_1000_WORDS, 1000 * talk.questions_by_rep / talk.words)
    return Score(name="Discovery", value=round((asked + _within(REP_SHARE, talk.rep_share)) / 2))


def _competitors(judgement: Judgement) -> Score:
    """Always None: whether what was said of another product was fair needs a reader."""
    return Score(
        name="Competitive positioning", value=None, because=[one.id for one in judgement.competitors]
    )


def _open_questions(judgement: Judgement) -> Score:
    answered = [100 if one.answered else 0 for one in judgement.questions]
    return _score("Open questions", answered, judgement.questions)


def _score(name: str, values: Sequence[float], moments: Sequence[Claim | Objection | OpenQuestion]) -> Score:
    value = round(sum(values) / len(values)) if values else None
    return Score(name=name, value=value, because=[one.id for one in moments])


def _within(band: Band, value: float) -> float:
    """100 inside the band, falling to 0 at its worst ends."""
    if value < band.low:
        return max(0.0, 100 * (value - band.worst_low) / (band.low - band.worst_low))
    if value > band.high:
        return max(0.0, 100 * (band.worst_high - value) / (band.worst_high - band.high))
    return 100.0


def _wrong(judgement: Judgement) -> list[Claim]:
    """The surest first; of equals, the one said first."""
    accused = [claim for claim in judgement.claims if claim.verdict in ACCUSING]
    return sorted(accused, key=lambda claim: -claim.confidence)


def _correct(claim: Claim) -> Priority:
    return Priority(
        title=f"Correct what you said: {_hint(claim.topic)}",
        why=claim.reason,
        do=f"Say instead: {claim.correction or claim.evidence[0].quote}",
        quotes=[claim.id],
    )


def _take_up(objection: Objection) -> Priority:
    ignored = objection.handled == "ignored"
    return Priority(
        title="Answer the objection" if objection.handled != "partly" else "Finish answering the objection",
        why=(
            "Nobody of ours took it up."
            if ignored
            else "It was not both taken up in their words and answered with something that holds."
        ),
        do=objection.suggestion.text,
        quotes=[objection.id],
    )


def _close_questions(judgement: Judgement) -> list[Priority]:
    left = [one for one in judgement.questions if not one.answered]
    if not left:
        return []
    known = next((one.suggestion.text for one in left if one.suggestion), None)
    return [
        Priority(
            title="Answer what was left open" if len(left) > 1 else "Answer the question left open",
            why=f"Questions of theirs that were put off: {len(left)}.",
            do=f"Send the answers the same day. {known or ''}".strip(),
            quotes=[one.id for one in left],
        )
    ]


def _ask_more(talk: TalkStats) -> list[Priority]:
    value = _discovery(talk).value
    if value is None or value >= POOR:
        return []
    return [
        Priority(
            title="Ask more, tell less",
            why=(
                f"Our side spoke {talk.rep_share:.0%} of the words"
                f" and asked {talk.questions_by_rep} questions."
            ),
            do="Before the next answer, ask what it would change for them.",
            quotes=[],
        )
    ]


def _corrected(claim: Claim) -> str:
    links = dict.fromkeys(evidence.url for evidence in claim.evidence if evidence.url)
    return "\n".join([f"I said: “{claim.quote.text}”", f"Correct is: {claim.correction}", *links])


def _hint(text: str) -> str:
    return text if len(text) <= LONGEST_HINT else f"{text[: LONGEST_HINT - 1].rstrip()}…"
