"""What a sentence is made of, word by word and two words together, for scales that learn from examples."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from backend.analysis.learned import Signs

STEM = 6
"""Words that begin with the same so many letters are alike."""

_DIGITS = "0123456789"
_WORD = re.compile(r"[a-z]+|[0-9]+|\?")


def phrases(lower: str) -> Signs:
    """The words and pairs of words of plain text; the more there are, the less each says. Every number is
    the same, and so are a word's endings."""
    words = ["#" if word[0] in _DIGITS else word[:STEM] for word in _WORD.findall(lower)]
    said = dict.fromkeys([*words, *map(" ".join, pairwise(words))])
    return dict.fromkeys(said, 1 / math.sqrt(len(said))) if said else {}
