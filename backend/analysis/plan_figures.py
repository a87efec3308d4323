"""Figures that a fact gives plan by plan: "7 days on Hobby and Starter, 14 on Team"."""

from __future__ import annotations

import re
from typing import NamedTuple

from backend.analysis.quantities import Amount, amounts, unit_of
from backend.analysis.subjects import PLANS

LEAST_PLANS = 2
"""A figure for a single plan may be about anything; two make a table."""

_PART = re.compile(r"[,;:](?=\s)|\s-\s|\.(?=\s|$)")
_FIGURE_OR_PLAN = re.compile(rf"(?P<figure>\d[\d,]*(?:\.\d+)?)|\b(?P<plan>{'|'.join(PLANS)})\b")
_JOINS = re.compile(r"\s*(?:and|or|/|&)?\s*(?:the\s+)?")
"""What may stand between two plans of one figure; "30 on Pro and by agreement on Enterprise" gives one."""
_PER = re.compile(r"\b(?:per|an?|each|every)[\s-]+(second|minute|hour|day|week|month|year)\b", re.IGNORECASE)


class PlanFigures(NamedTuple):
    """A fact's figure for each plan as written, how much of a base unit one of it is, and what it is per."""

    by_plan: dict[str, float]
    sizes: dict[str, float]
    per: frozenset[str]

    def of(self, plan: str, said: Amount, per: frozenset[str]) -> float | None:
        """The fact's figure for a plan, in the base unit of what was said; None where there is none."""
        size, figure = self.sizes.get(said.unit), self.by_plan.get(plan)
        return None if size is None or figure is None or not per <= self.per else figure * size


def plan_figures(statement: str) -> PlanFigures | None:
    """The figures of a statement by plan, or None where it does not give them plan by plan."""
    by_plan: dict[str, float] = {}
    for part in _PART.split(statement):
        figure: float | None = None
        after_plan: int | None = None
        for found in _FIGURE_OR_PLAN.finditer(part):
            if found["figure"]:
                figure, after_plan = float(found["figure"].replace(",", "")), None
                continue
            if after_plan is not None and not _JOINS.fullmatch(part, after_plan, found.start()):
                figure = None
            if figure is not None:
                by_plan.setdefault(found["plan"], figure)
            after_plan = found.end()
    sizes = _sizes(statement)
    return (
        PlanFigures(by_plan, sizes, per(statement))
        if len(by_plan) >= LEAST_PLANS and len(sizes) == 1
        else None
    )


def per(text: str) -> frozenset[str]:
    """What a text counts by: "a minute", "per-minute", "each month"."""
    return frozenset(found.lower() for found in _PER.findall(text))


def _sizes(statement: str) -> dict[str, float]:
    """What the figures count: by the unit after one of them ("7 days"), else by a noun ("API requests")."""
    after = {one.unit: one.value / raw for one in amounts(statement) if (raw := _written(one))}
    nouns = (unit_of(word) for word in re.findall(r"[a-z]+", _PER.sub(" ", statement).lower()))
    return after or dict(filter(None, nouns))


def _written(amount: Amount) -> float:
    digits = re.match(r"\d[\d,]*(?:\.\d+)?", amount.said)
    return float(digits[0].replace(",", "")) if digits else 0.0
