"""Cues: signs in what was said, each with a name and a weight, so that a decision can say why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Cue(NamedTuple):
    """A sign for (weight above zero) or against, in log odds. The pattern reads lower case."""

    name: str
    weight: float
    pattern: re.Pattern[str]


def cue(name: str, weight: float, *parts: str) -> Cue:
    return Cue(name, weight, re.compile("".join(parts)))


def total(bias: float, cues: Iterable[Cue]) -> float:
    """How much speaks for it: above zero is more likely than not."""
    return bias + sum(one.weight for one in cues)
