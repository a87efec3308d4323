"""From the counts of calls to figures with intervals, and what changed between two runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, Field

from backend.evals.intervals import Interval, bootstrap_of, change
from backend.evals.marking import Counted
from backend.facts import KnowledgeStatus


class Measure(NamedTuple):
    """A figure: one share, or the harmonic mean of the two shares it is counted from."""

    name: str
    title: str
    counted: tuple[str, ...]


def _alone(name: str, title: str) -> Measure:
    return Measure(name, title, (name,))


def _finding(name: str, title: str) -> tuple[Measure, ...]:
    precision, recall = f"{name}.precision", f"{name}.recall"
    return (
        _alone(precision, f"{title}: precision"),
        _alone(recall, f"{title}: recall"),
        Measure(f"{name}.f1", f"{title}: F1", (precision, recall)),
    )


MEASURES: tuple[Measure, ...] = (
    *_finding("claims", "claims"),
    _alone("accusations.precision", "accusations: precision, unlabelled ones count as wrong"),
    _alone("accusations.recall", "accusations: recall, of all wrong claims"),
    _alone("supported.right", "“supported” that is right, of labelled claims"),
    _alone("supported.right_of_all", "“supported” that is right, unlabelled ones count as wrong"),
    _alone("pages.shown", "gold page among the evidence, of checkable claims found"),
    _alone("pages.known", "gold page among the facts the analyst had, of the same"),
    *_finding("objections", "objections"),
    _alone("objections.category", "objections found: category"),
    _alone("objections.handled_well", "objections found: handled well or not"),
    _alone("objections.handled", "objections found: well, partly, poorly or ignored"),
    *_finding("competitors", "competitors by call"),
    _alone("competitors.context", "competitors found: context"),
    *_finding("questions", "open questions"),
    _alone("quotes.verbatim", "quotes that are verbatim"),
)


class Spent(BaseModel):
    """What the calls took. Input tokens are all that were sent, from a prompt cache or not; `billed_tokens`
    are these at their price, as plain tokens of the model that judges. It and `dollars` are None where a
    model's price is not known. `baseline_tokens`: each transcript sent five times."""

    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    billed_tokens: int | None = 0
    output_tokens: int = 0
    dollars: float | None = 0.0
    baseline_tokens: int = 0
    cpu_ms_p50: float = 0.0
    wall_ms_p50: float = 0.0


class CallCounts(BaseModel):
    """One call's counts by measure."""

    id: str
    counts: dict[str, Counted]


class AnalystResult(BaseModel):
    """How one analyst did. `knowledge` counts the calls by the status of what they were checked against,
    `verdicts` the verdicts given by the labelled one."""

    analyst: str
    model: str | None = None
    fell_back: int = 0
    knowledge: dict[KnowledgeStatus, int] = Field(default_factory=dict)
    figures: dict[str, Interval | None] = Field(default_factory=dict)
    verdicts: dict[str, dict[str, int]] = Field(default_factory=dict)
    spent: Spent = Spent()
    calls: list[CallCounts] = Field(default_factory=list)


class Result(BaseModel):
    """A run of `call-coach eval`. It holds numbers, and no word of a call."""

    version: int = 1
    analysts: list[AnalystResult]


class Change(NamedTuple):
    """A figure of two runs over the same calls; `by` is how much higher it is in the later one."""

    measure: Measure
    earlier: float
    later: float
    by: Interval


def figures(calls: Sequence[CallCounts]) -> dict[str, Interval | None]:
    """Every measure over these calls with its interval, the calls resampled; `n` is what its last share is
    of. None where there was nothing to count."""
    return {measure.name: _with_n([_row(measure, call) for call in calls]) for measure in MEASURES}


def changes(earlier: AnalystResult, later: AnalystResult) -> list[Change]:
    """The figures that moved, over the calls that both runs have; the calls are resampled in pairs."""
    before = {call.id: call for call in earlier.calls}
    pairs = [(before[call.id], call) for call in later.calls if call.id in before]
    found = []
    for measure in MEASURES:
        if not all(name in call.counts for pair in pairs for call in pair for name in measure.counted):
            continue  # an earlier release did not count it yet
        rows = [(_row(measure, one), _row(measure, other)) for one, other in pairs]
        was, now = figure([one for one, _ in rows]), figure([other for _, other in rows])
        by = change(rows, figure)
        if by and was is not None and now is not None and was != now:
            found.append(Change(measure, was, now, by))
    return found


def figure(rows: Sequence[Sequence[int]]) -> float | None:
    """One share, or the harmonic mean of two, over rows of right, of, right, of; None where there is nothing
    to count."""
    sums = [sum(column) for column in zip(*rows, strict=True)]
    if not sums or not all(sums[1::2]):
        return None
    shares = [right / of for right, of in zip(sums[::2], sums[1::2], strict=True)]
    return len(shares) / sum(1 / share for share in shares) if all(shares) else 0.0


def _row(measure: Measure, call: CallCounts) -> tuple[int, ...]:
    return tuple(count for name in measure.counted for count in call.counts[name])


def _with_n(rows: Sequence[tuple[int, ...]]) -> Interval | None:
    found = bootstrap_of(rows, figure)
    return found and found.model_copy(update={"n": sum(row[-1] for row in rows)})
