"""Scores by the rubric of the rep's role: counted from moments that can be shown, or none with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from backend.analysis.measures import Seen, count, how_measured
from backend.report import RubricUsed, Score
from backend.rubric import Dimension, Rubric
from backend.transcript import Participant, Role

DEFAULT_ROLE: Final[Role] = "ae"
_ROLES: Final[dict[Role, re.Pattern[str]]] = {
    "csm": re.compile(r"\bcsm\b|customer success|renewal|\btam\b|technical account|support", re.IGNORECASE),
    "se": re.compile(
        r"\bses?\b|(?:solutions?|sales|field|pre-?sales) (?:engineer|architect|consultant)|solutions? eng"
        r"|\barchitect\b|\bengineer",
        re.IGNORECASE,
    ),
    "ae": re.compile(r"\baes?\b|account (?:exec|manager)|\bsales\b|\bsdr\b|\bbdr\b", re.IGNORECASE),
}
"""How roles are written in call recorders, the more particular first."""
_NAMES: Final[dict[Role, str]] = {
    "ae": "an account executive",
    "se": "a solutions engineer",
    "csm": "a customer success manager",
}


def role_of(person: Participant) -> Role | None:
    """The role of one of ours, however it is written; None where it says nothing of these three."""
    return next((role for role, written in _ROLES.items() if written.search(person.role or "")), None)


def rubric_for(call: Seen, rubrics: Sequence[Rubric]) -> tuple[Rubric, RubricUsed] | None:
    """The rubric of whoever of ours spoke most and whose role is known, else the account executive's.

    None where there is no rubric at all.
    """
    kept = {rubric.role: rubric for rubric in rubrics}
    if not kept:
        return None
    role, why = _role(call)
    if role not in kept:
        instead = DEFAULT_ROLE if DEFAULT_ROLE in kept else rubrics[0].role
        why = f"{why} There is no rubric for this role, so this is another one."
        role = instead
    rubric = kept[role]
    return rubric, RubricUsed(id=role, name=rubric.name, version=rubric.version, why=why)


def scores(call: Seen, rubric: Rubric) -> list[Score]:
    """One score for each dimension, without a value where the call gave no occasion for it."""
    return [_score(dimension, rubric, call) for dimension in rubric.dimensions]


def _role(call: Seen) -> tuple[Role, str]:
    words = {one.speaker: one.words for one in call.talk.speakers if one.side == "internal"}
    ours = [one for one in call.transcript.call.participants if one.side == "internal"]
    known = [(person, role) for person in ours if (role := role_of(person))]
    if not known:
        why = "Nobody's role on our side is known, so the call is scored as an account executive's."
        return DEFAULT_ROLE, f"{why} Give it as call.participants[].role: ae, se or csm."
    person, role = max(known, key=lambda one: max(words.get(one[0].name, 0), words.get(one[0].id, 0)))
    most = " and spoke most of those whose role is known" if len(known) > 1 else ""
    return role, f"{person.name or person.id} is {_NAMES[role]}{most}."


def _score(dimension: Dimension, rubric: Rubric, call: Seen) -> Score:
    counts = [(one, count(one, call)) for one in dimension.measures]
    marked = [(one, found.value) for one, found in counts if found.value is not None]
    weight = sum(one.weight for one, _ in marked)
    value = round(sum(one.weight * one.marks(found) for one, found in marked) / weight) if marked else None
    return Score(
        name=dimension.name,
        value=value,
        because=list(dict.fromkeys(id_ for _, found in counts for id_ in found.because)),
        level=None if value is None else rubric.level(value),
        why=" ".join(dict.fromkeys(found.said for _, found in counts)),
        good=dimension.good,
        fair=dimension.fair,
        poor=dimension.poor,
        measured=[how_measured(one) for one in dimension.measures],
    )
