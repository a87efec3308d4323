"""What Claude has cost, added up from the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backend.analysis.claude_bill import READING, WRITING, Price, price_of
from backend.spending import ClaudeStep, ClaudeUsage


class Tokens(NamedTuple):
    """`input` counts all that was sent, also what a prompt cache held. `billed` is the input at its price, as
    plain tokens of the model that judges: less for what was read from a cache or sent to a cheaper model. It
    and `dollars` are None where a price is not known."""

    input: int = 0
    cache_write: int = 0
    cache_read: int = 0
    output: int = 0
    billed: int | None = 0
    dollars: float | None = 0.0
    baseline: int = 0


def total(usages: Sequence[ClaudeUsage], judge: str | None, prices: Mapping[str, Price]) -> Tokens:
    """What these calls took together; `judge` is the model that judges."""
    billed = [_billed(step, judge or "", prices) for usage in usages for step in usage.steps]
    paid = [usage.dollars for usage in usages]
    return Tokens(
        input=sum(usage.sent_tokens for usage in usages),
        cache_write=sum(usage.cache_write_tokens for usage in usages),
        cache_read=sum(usage.cache_read_tokens for usage in usages),
        output=sum(usage.output_tokens for usage in usages),
        billed=None if None in billed else round(sum(one or 0.0 for one in billed)),
        dollars=None if None in paid else sum(one or 0.0 for one in paid),
        baseline=sum(usage.baseline_tokens for usage in usages),
    )


def _billed(step: ClaudeStep, judge: str, prices: Mapping[str, Price]) -> float | None:
    price, unit = price_of(step.model, prices), price_of(judge, prices)
    if price is None or unit is None:
        return None
    weighed = step.input_tokens + WRITING * step.cache_write_tokens + READING * step.cache_read_tokens
    return weighed * price.input / unit.input
