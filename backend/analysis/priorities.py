"""What to change first, at most three things, and what went well: each tied to the moments it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from backend.analysis.measures import Seen, wrong_answers
from backend.analysis.subjects import features, leading_feature
from backend.report import (
    Claim,
    Handling,
    Objection,
    ObjectionCategory,
    OpenQuestion,
    Priority,
    Score,
    Strength,
)
from backend.rubric import Dimension, MeasureName, Rubric

MOST_PRIORITIES = 3
LONGEST_HINT = 160
QUESTIONS_NAMED = 2
TOLD_ABOVE: frozenset[MeasureName] = frozenset({"claims_right", "objections_handled", "questions_answered"})
"""What has priorities and praise of its own, more particular than a rubric's line."""


def priorities(call: Seen, scored: Sequence[Score], rubric: Rubric | None) -> list[Priority]:
    """Most urgent first: wrong claims, then objections, open questions, and the rubric's poor dimensions.

    Claims about the same thing are one priority, and so are objections of the same kind. An objection that
    was answered wrongly stands with the claim that was wrong.
    """
    held = call.judgement
    rest = [one for one in held.objections if not wrong_answers(one, call.wrong)]
    badly = _by_kind(one for one in rest if one.handled in ("ignored", "poorly"))
    partly = _by_kind(one for one in rest if one.handled == "partly")
    return [
        *(_correct(claims, held.objections) for claims in _by_topic(call.wrong)),
        *(_take_up(alike) for alike in badly.values()),
        *_close_questions(held.questions),
        *(_take_up(alike) for kind, alike in partly.items() if kind not in badly),
        *_practise(scored, rubric),
    ][:MOST_PRIORITIES]


def strengths(call: Seen, scored: Sequence[Score], rubric: Rubric | None) -> list[Strength]:
    """What was done well, each with the moments that show it."""
    held = call.judgement
    found = []
    right = [claim.id for claim in held.claims if claim.verdict == "supported"]
    if (
        right
        and not call.wrong
        and any(one.value is not None for one in _about("claims_right", scored, rubric))
    ):
        checked = f"{len(right)} of {len(held.claims)} claims could be checked, and the docs say the same."
        found.append(Strength(text=checked, quotes=right))
    well = [one.id for one in held.objections if one.handled == "well"]
    if well:
        answered = f"You took up and answered {len(well)} of {len(held.objections)} objections."
        found.append(Strength(text=answered, quotes=well))
    found += [
        Strength(text=f"{score.name}: {score.why}", quotes=score.because)
        for dimension, score in _particular(scored, rubric)
        if score.level == "good" and score.because
    ]
    return found


def _particular(scored: Sequence[Score], rubric: Rubric | None) -> list[tuple[Dimension, Score]]:
    """The dimensions that are about how the call was led, with their scores."""
    return [
        (dimension, score)
        for dimension, score in zip(rubric.dimensions if rubric else (), scored, strict=False)
        if not TOLD_ABOVE & {one.measure for one in dimension.measures}
    ]


def _about(measure: MeasureName, scored: Sequence[Score], rubric: Rubric | None) -> list[Score]:
    return [
        score
        for dimension, score in zip(rubric.dimensions if rubric else (), scored, strict=False)
        if measure in {one.measure for one in dimension.measures}
    ]


def _practise(scored: Sequence[Score], rubric: Rubric | None) -> list[Priority]:
    """What the rubric says of its poor dimensions, the poorest first."""
    poor = [
        (dimension, score)
        for dimension, score in _particular(scored, rubric)
        if score.level == "poor" and score.because
    ]
    poor.sort(key=lambda one: one[1].value or 0)
    return [
        Priority(
            title=f"Work on: {score.name.lower()}",
            why=score.why,
            do=dimension.next_time,
            quotes=score.because,
        )
        for dimension, score in poor
    ]


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
    """A page's title as it stands inside a sentence: without its publisher or path, names in capitals."""
    bare = _PUBLISHER.sub("", title).strip()
    bare = bare if " " in bare else bare.rpartition("/")[2]
    return bare[:1].lower() + bare[1:] if _PLAIN_START.match(bare) else bare


def _correct(claims: Sequence[Claim], objections: Iterable[Objection]) -> Priority:
    """One priority for wrong claims about the same thing, and the objections that they were to answer."""
    right = dict.fromkeys(claim.correction or claim.evidence[0].quote for claim in claims)
    met = [one for one in objections if wrong_answers(one, claims)]
    why = [*dict.fromkeys(claim.reason for claim in claims)]
    why += [f"It was the answer to “{_hint(one.quote.text)}”" for one in met]
    return Priority(
        title=f"Correct what you said about {_topic(claims[0])}",
        why=" ".join(why),
        do=f"Say instead: {' '.join(right)}",
        quotes=[*(one.id for one in claims), *(one.id for one in met)],
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


def _close_questions(questions: Iterable[OpenQuestion]) -> list[Priority]:
    left = [one for one in questions if not one.answered]
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
