"""Whether a claim and the facts about it agree: hard disagreement, strong agreement, or for a reader."""

from __future__ import annotations

from typing import NamedTuple

from backend.analysis.analyst import Brief
from backend.facts import Fact
from backend.report import Verdict


class Finding(NamedTuple):
    """A verdict, how sure it is (0 to 1), one sentence that says why, and the fact it leans on."""

    verdict: Verdict
    confidence: float
    reason: str
    fact: Fact | None


def judge_claim(words: str, about: str, brief: Brief | None) -> Finding:
    if brief is None:
        return Finding("not_checked", 0.0, "No product knowledge was at hand to check this.", None)
    if not brief.facts:
        return Finding("not_in_docs", 0.3, "Nothing in the documentation is about this.", None)
    return Finding("unclear", 0.3, "This is what the docs say; compare.", brief.facts[0].fact)
