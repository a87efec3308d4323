"""What a call of an account executive, solutions engineer or customer success manager is scored by."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.transcript import Role

Level = Literal["good", "fair", "poor"]
MeasureName = Literal[
    "claims_right",
    "objections_handled",
    "questions_answered",
    "rivals_credited",
    "talk_share",
    "longest_turn",
    "questions_asked",
    "discovery_questions",
    "interruptions",
    "next_step",
]
"""What code can count in a call; `analysis.measures` says how."""

Span = tuple[float, float]
Sentence = Annotated[str, Field(min_length=1, max_length=600)]


class _Kept(BaseModel):
    """Shared between analyses, so it cannot change. An unknown key is more likely misspelt than meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measure(_Kept):
    """One count: full marks at `best`, none at `worst`, and in proportion between them.

    Both are numbers, or both are [from, to]: full marks inside `best`, none outside `worst`. Fewer moments
    than `at_least` give no mark. `weight` is its part in the dimension.
    """

    measure: MeasureName
    best: float | Span
    worst: float | Span
    weight: float = Field(1.0, gt=0)
    at_least: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        (worst_low, worst_high), (low, high) = _span(self.worst), _span(self.best)
        if isinstance(self.best, tuple) != isinstance(self.worst, tuple):
            raise ValueError("best and worst are both a number or both [from, to]")
        if isinstance(self.best, tuple) and not worst_low < low <= high < worst_high:
            raise ValueError("best must lie inside worst: [35, 60] inside [15, 90]")
        if self.best == self.worst:
            raise ValueError("best and worst must differ")
        return self

    def marks(self, value: float) -> float:
        """0 to 100 for a count."""
        (worst_low, worst_high), (low, high) = _span(self.worst), _span(self.best)
        if isinstance(self.best, tuple):
            part = min((value - worst_low) / (low - worst_low), (worst_high - value) / (worst_high - high))
        else:
            part = (value - worst_low) / (low - worst_low)
        return 100 * max(0.0, min(1.0, part))


class Dimension(_Kept):
    """One line of a scorecard: what good, fair and poor look like, how it is measured, and what to do about
    it next time."""

    name: Sentence
    good: Sentence
    fair: Sentence
    poor: Sentence
    next_time: Sentence
    measures: tuple[Measure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [one.measure for one in self.measures]
        if len(set(named)) < len(named):
            raise ValueError("a measure stands here twice")
        return self


class Rubric(_Kept):
    """A role's scorecard. From `good_from` and `fair_from` on, of 100, a score is good, or fair."""

    role: Role
    name: Sentence
    version: int = Field(ge=1)
    as_of: date
    good_from: int = Field(ge=1, le=100)
    fair_from: int = Field(ge=0, le=99)
    dimensions: tuple[Dimension, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fair_from >= self.good_from:
            raise ValueError("fair_from must be below good_from")
        if len({one.name for one in self.dimensions}) < len(self.dimensions):
            raise ValueError("two dimensions have the same name")
        return self

    def level(self, value: int) -> Level:
        if value >= self.good_from:
            return "good"
        return "fair" if value >= self.fair_from else "poor"


def _span(mark: float | Span) -> Span:
    return mark if isinstance(mark, tuple) else (mark, mark)
