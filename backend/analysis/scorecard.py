"""Scores, strengths, priorities and the follow-up note: all counted from moments that can be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backend.analysis.analyst import Judgement
from backend.analysis.subjects import features, leading_feature
from backend.report import (
    ACCUSING,
    Claim,
    FollowUp,
    Handling,
    Objection,
    ObjectionCategory,
    OpenQuestion,
    Priority,
    Score,
    Strength,
    TalkStats,
)
from backend.transcript import Call

MOST_PRIORITIES = 3
LONGEST_HINT = 160
QUESTIONS_NAMED = 2
LEAST_DECIDED = 4
"""Fewer claims that the docs settled say nothing of all that was claimed."""
LEAST_SHARE_DECIDED = 0.25
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
    held = _held_to_us(talk, judgement)
    return [
        _accuracy(held),
        _objections(held),
        _discovery(talk),
        _competitors(judgement),
        _open_questions(held),
    ]


def strengths(talk: TalkStats, judgement: Judgement) -> list[Strength]:
    """What was done well, each tied to the moments that show it."""
    held = _held_to_us(talk, judgement)
    found = []
    right = [claim.id for claim in held.claims if claim.verdict == "supported"]
    checked = f"{len(right)} of {len(held.claims)} claims could be checked, and the docs say the same."
    if right and not _wrong(held) and _accuracy(held).value is not None:
        found.append(Strength(text=checked, quotes=right))
    well = [one.id for one in held.objections if one.handled == "well"]
    if well:
        answered = f"You took up and answered {len(well)} of {len(held.objections)} objections."
        found.append(Strength(text=answered, quotes=well))
    if (_discovery(talk).value or 0) >= WELL_DONE:
        found.append(Strength(text="You asked and let them talk.", quotes=[]))
    return found


def priorities(talk: TalkStats, judgement: Judgement) -> list[Priority]:
    """At most three, most urgent first: wrong claims, then objections, open questions, discovery.

    Claims about the same thing are one priority, and so are objections of the same kind.
    """
    held = _held_to_us(talk, judgement)
    badly = _by_kind(one for one in held.objections if one.handled in ("ignored", "poorly"))
    partly = _by_kind(one for one in held.objections if one.handled == "partly")
    return [
        *map(_correct, _by_topic(_wrong(held))),
        *(_take_up(alike) for alike in badly.values()),
        *_close_questions(held),
        *(_take_up(alike) for kind, alike in partly.items() if kind not in badly),
        *_ask_more(talk),
    ][:MOST_PRIORITIES]


def follow_up(call: Call, talk: TalkStats, judgement: Judgement) -> FollowUp | None:
    """A note to the prospect that corrects what our side said wrong, with links; None where nothing was."""
    wrong = [claim for claim in _wrong(_held_to_us(talk, judgement)) if claim.correction]
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


def _held_to_us(talk: TalkStats, judgement: Judgement) -> Judgement:
    """What our side can be held to: its own claims, and nothing at all where nobody is known to be ours."""
    ours = {one.speaker for one in talk.speakers if one.side == "internal"}
    if not ours:
        return Judgement()
    claims = [claim for claim in judgement.claims if claim.quote.speaker in ours]
    return judgement.model_copy(update={"claims": claims})


def _accuracy(judgement: Judgement) -> Score:
    """Right among what the documentation decided; None where it decided too little to speak for the rest."""
    checkable = [claim for claim in judgement.claims if claim.verdict != "out_of_scope"]
    decided = [claim for claim in checkable if claim.verdict == "supported" or claim.verdict in ACCUSING]
    right = sum(claim.verdict == "supported" for claim in decided)
    enough = len(decided) >= max(LEAST_DECIDED, LEAST_SHARE_DECIDED * len(checkable))
    return _score("Product accuracy", [100.0 * right / len(decided)] if enough else [], decided)


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
    """None where only open questions are listed: those that were answered would count too."""
    answered = [100 if one.answered else 0 for one in judgement.questions]
    return _score("Open questions", answered if any(answered) else [], judgement.questions)


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


def _by_topic(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Claims about the same thing together, in the order of the first of each."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(_topic(claim), []).append(claim)
    return list(found.values())


def _topic(claim: Claim) -> str:
    """What a wrong claim is about, in words of the product: a feature, else the page that settles it."""
    right = claim.correction or claim.evidence[0].quote
    said = leading_feature(claim.quote.text)
    feature = said if said in features(right) else leading_feature(right)
    return feature or _hint(_as_topic(claim.evidence[0].title))


def _as_topic(title: str) -> str:
    """A page's title as it stands inside a sentence: without its publisher, names in capitals."""
    bare = _PUBLISHER.sub("", title).strip()
    return bare[:1].lower() + bare[1:] if _PLAIN_START.match(bare) else bare


def _correct(claims: Sequence[Claim]) -> Priority:
    """One priority for wrong claims about the same thing."""
    right = dict.fromkeys(claim.correction or claim.evidence[0].quote for claim in claims)
    return Priority(
        title=f"Correct what you said about {_topic(claims[0])}",
        why=" ".join(dict.fromkeys(claim.reason for claim in claims)),
        do=f"Say instead: {' '.join(right)}",
        quotes=[claim.id for claim in claims],
    )


def _by_kind(objections: Iterable[Objection]) -> dict[ObjectionCategory, list[Objection]]:
    found: dict[ObjectionCategory, list[Objection]] = {}
    for one in objections:
        found.setdefault(one.category, []).append(one)
    return found


def _take_up(objections: Sequence[Objection]) -> Priority:
    """One priority for objections of one kind; it names the first."""
    first = objections[0]
    begin = "Finish answering" if first.handled == "partly" else "Answer"
    return Priority(
        title=f"{begin} {_WORRY[first.category]}",
        why=f"They said “{_hint(first.quote.text)}” {_TAKEN[first.handled]}",
        do=first.suggestion.text,
        quotes=[one.id for one in objections],
    )


def _close_questions(judgement: Judgement) -> list[Priority]:
    left = [one for one in judgement.questions if not one.answered]
    if not left:
        return []
    known = next((one.suggestion.text for one in left if one.suggestion), "")
    return [
        Priority(
            title="Answer what was left open" if len(left) > 1 else "Answer the question left open",
            why=_put_off([one.quote.text for one in left]),
            do=f"Find out, and write to them with the answer. {known}".strip(),
            quotes=[one.id for one in left],
        )
    ]


def _put_off(asked: Sequence[str]) -> str:
    named = " and ".join(f"“{_hint(words)}”" for words in asked[:QUESTIONS_NAMED])
    more = len(asked) - QUESTIONS_NAMED
    if more > 0:
        return f"They asked {named}, and {more} more; all were put off."
    return f"They asked {named} and {'both were' if len(asked) > 1 else 'it was'} put off."


def _ask_more(talk: TalkStats) -> list[Priority]:
    value, asked, spoke = _discovery(talk).value, talk.questions_by_rep, talk.rep_share
    if value is None or value >= POOR or spoke is None:
        return []
    questions = {0: "no question", 1: "one question"}.get(asked or 0, f"{asked} questions")
    return [
        Priority(
            title="Ask more, tell less" if spoke > REP_SHARE.high else "Ask more of them",
            why=f"Our side spoke {spoke:.0%} of the words and asked {questions}.",
            do="Before the next answer, ask what it would change for them.",
            quotes=[],
        )
    ]


def _corrected(claim: Claim) -> str:
    links = dict.fromkeys(evidence.url for evidence in claim.evidence if evidence.url)
    return "\n".join([f"I said: “{claim.quote.text}”", f"Correct is: {claim.correction}", *links])


def _hint(text: str) -> str:
    return text if len(text) <= LONGEST_HINT else f"{text[: LONGEST_HINT - 1].rstrip()}…"


_PUBLISHER = re.compile(r"\([^()]*\)\s*$")
_PLAIN_START = re.compile(r"(?!(?:Prefect|Python|Airflow)\b)[A-Z][a-z]+\b")
_TAKEN: dict[Handling, str] = {
    "ignored": "and nobody of ours took it up.",
    "poorly": "and the reply neither took that up nor answered it.",
    "partly": "and the reply was only part of an answer.",
    "well": "and it was answered.",
}
_WORRY: dict[ObjectionCategory, str] = {
    "status_quo": "why they should change what they run today",
    "build_in_house": "why not to build it themselves",
    "price": "the objection to the price",
    "security": "the worry about security",
    "lock_in": "the worry about lock-in",
    "migration_effort": "the worry about the effort of moving",
    "maturity": "the worry about what becomes of the product",
    "scale": "the worry about scale",
    "feature_gap": "the objection that something is missing",
    "timing": "the objection to the timing",
    "authority": "the question of who decides",
    "support": "the worry about support",
    "compliance": "the worry about compliance",
    "other": "the objection",
}
