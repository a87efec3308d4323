"""What labelled calls taught: a weight for each sign, in log odds, so that a decision can say why.

`python -m backend.evals.fit_moments` makes the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from backend.report import ObjectionCategory

WEIGHTS = Path(__file__).with_name("learned.json")
TOLD = 4
"""So many signs are named as the reasons of a decision."""

Signs = Mapping[str, float]
"""How much of each sign is there, from 0 to 1 for most of them. What is not named is not there."""


class Scale(BaseModel):
    """Weighs signs for and against one thing. Above zero it is more likely than not, as far as is known."""

    bias: float
    weights: dict[str, float]

    def weigh(self, signs: Signs) -> float:
        """Log odds. A sign without a weight says nothing."""
        known = self.weights
        return self.bias + sum([known[name] * much for name, much in signs.items() if name in known])

    def why(self, signs: Signs) -> tuple[str, ...]:
        """The signs that spoke for it, the weightiest first, each with its share of the log odds."""
        spoke = [(self.weights.get(name, 0.0) * much, name) for name, much in signs.items()]
        return tuple(
            f"{name} {share:+.1f}" for share, name in sorted(spoke, reverse=True)[:TOLD] if share > 0
        )


class Learned(BaseModel):
    """`sounds`: by its words alone a sentence is an objection, `pushback`: by that and everything else;
    `kinds`: which one; `well`: our side handled it well; `left_open`: a question is asked that our side left
    open."""

    sounds: Scale
    pushback: Scale
    kinds: dict[ObjectionCategory, Scale]
    well: Scale
    left_open: Scale


@cache
def learned() -> Learned:
    return Learned.model_validate_json(WEIGHTS.read_bytes())
