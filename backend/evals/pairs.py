"""Bare claims with their evidence: a small trained judge, the floor of word overlap, and how good they are.

The judge answers `eval-pairs` alone. No verdict of a report leans on it: it guesses, and a report may not.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backend.evals.intervals import Interval, bootstrap_of, change
from backend.evals.labels import read_shape
from backend.evals.pair_features import NAMES, features, overlap

PairLabel = Literal["supported", "neutral", "contradicted"]
LABELS: tuple[PairLabel, ...] = ("supported", "neutral", "contradicted")
WEIGHTS = Path(__file__).with_name("pair_weights.json")
FOLDS = 10

_ALSO_CALLED: dict[str, PairLabel] = {
    **dict.fromkeys(("supports", "entailment", "entailed"), "supported"),
    **dict.fromkeys(("refutes", "refuted", "contradiction", "contradicts"), "contradicted"),
    **dict.fromkeys(("not_supported", "unsupported", "partially_supported"), "neutral"),
    **dict.fromkeys(("not_enough_info", "not enough info", "nei"), "neutral"),
}


def _label(value: object) -> object:
    return _ALSO_CALLED.get(value.lower(), value.lower()) if isinstance(value, str) else value


class Pair(BaseModel):
    """A line of a file of pairs."""

    model_config = ConfigDict(extra="ignore")

    id: str
    claim: str = Field(min_length=1)
    evidence: str
    label: Annotated[PairLabel, BeforeValidator(_label)]

    @property
    def key(self) -> str:
        """The same for the same words, whatever the pair is called."""
        return hashlib.sha256(f"{self.claim}\0{self.evidence}".encode()).hexdigest()[:12]


class Against(BaseModel):
    """Tells `supported` (above zero) from one other label: a weight for each of NAMES, and as many trained
    without one part of the pairs each. `seen` says in which part a pair of the training was."""

    weights: list[float] = Field(min_length=len(NAMES), max_length=len(NAMES))
    left_out: list[list[float]]
    seen: dict[str, int]

    def score(self, pair: Pair, counted: Sequence[float]) -> float:
        """A pair it was trained on is scored by the weights that were trained without it."""
        part = self.seen.get(pair.key)
        weights = self.weights if part is None else self.left_out[part]
        return sum(weight * each for weight, each in zip(weights, counted, strict=True))


class PairJudge(BaseModel):
    """A logistic model over what can be counted; `python -m backend.evals.fit_pairs` makes its weights."""

    neutral: Against
    contradicted: Against

    @classmethod
    def load(cls) -> Self:
        return read_shape(WEIGHTS, cls)

    def judge(self, pair: Pair, among: Collection[PairLabel] = LABELS) -> PairLabel:
        """The likeliest label of those that are at stake."""
        counted = features(pair.claim, pair.evidence)
        scores: dict[PairLabel, float] = {
            "supported": 0.0,
            "neutral": -self.neutral.score(pair, counted),
            "contradicted": -self.contradicted.score(pair, counted),
        }
        return max((label for label in LABELS if label in among), key=lambda label: scores[label])

    def was_trained_on(self, pair: Pair) -> bool:
        return pair.key in self.neutral.seen or pair.key in self.contradicted.seen


class Told(NamedTuple):
    """A pair's label, and what was said of it."""

    label: PairLabel
    said: PairLabel


class JudgeResult(BaseModel):
    """How one judge did, by the names of FIGURES. `labels` has each label's precision and recall, None where
    nothing was counted."""

    figures: dict[str, Interval]
    labels: dict[PairLabel, tuple[float | None, float | None]]


class PairsResult(BaseModel):
    """A run of `call-coach eval-pairs`. `left_out` pairs were judged by weights trained without them."""

    version: int = 1
    pairs: dict[PairLabel, int]
    left_out: int
    judge: JudgeResult
    overlap: JudgeResult
    better_by: Interval | None
    """The judge's balanced accuracy less the floor's, the pairs resampled."""


def run(pairs: Sequence[Pair]) -> PairsResult:
    """Judge all pairs, among the labels that occur. Any number of them may be two-way or three-way."""
    judge = PairJudge.load()
    among = {pair.label for pair in pairs}
    judged = [Told(pair.label, judge.judge(pair, among)) for pair in pairs]
    floor = [Told(pair.label, said) for pair, said in zip(pairs, by_overlap(pairs), strict=True)]
    counts = Counter(pair.label for pair in pairs)
    return PairsResult(
        pairs={label: counts[label] for label in LABELS if counts[label]},
        left_out=sum(judge.was_trained_on(pair) for pair in pairs),
        judge=_result(judged),
        overlap=_result(floor),
        better_by=change(list(zip(floor, judged, strict=True)), balanced_accuracy),
    )


def by_overlap(pairs: Sequence[Pair]) -> list[PairLabel]:
    """What the share of the claim's words in the evidence says alone. Its thresholds are fitted on nine
    tenths of these very pairs, for balanced accuracy, and used on the last tenth, ten times."""
    shares = [overlap(pair.claim, pair.evidence) for pair in pairs]
    parts = [int(pair.key, 16) % FOLDS for pair in pairs]
    said: list[PairLabel] = ["supported"] * len(pairs)
    for part in range(FOLDS):
        seen = [
            (share, pair.label) for share, pair, at in zip(shares, pairs, parts, strict=True) if at != part
        ]
        rule = _thresholds(seen)
        for nth, at in enumerate(parts):
            if at == part:
                said[nth] = rule(shares[nth])
    return said


def _thresholds(seen: Sequence[tuple[float, PairLabel]]) -> Callable[[float], PairLabel]:
    """The best cut into the labels that occur, most overlap to least; of three labels either may be last."""
    labels = [label for label in LABELS if any(each == label for _, each in seen)]
    if len(labels) < 2:
        only = labels[0] if labels else "supported"
        return lambda _: only
    cuts = [cut / 20 for cut in range(1, 21)] + [1.01]
    rules = [partial(_cut, ((cut, labels[0]), (0.0, labels[1]))) for cut in cuts]
    if len(labels) == 3:
        rules = [
            partial(_cut, ((high, labels[0]), (low, middle), (0.0, last)))
            for middle, last in (labels[1:], labels[:0:-1])
            for high in cuts
            for low in cuts
            if low < high
        ]
    return max(rules, key=lambda rule: balanced_accuracy([Told(label, rule(share)) for share, label in seen]))


def _cut(cuts: tuple[tuple[float, PairLabel], ...], share: float) -> PairLabel:
    return next(label for cut, label in cuts if share >= cut)


def balanced_accuracy(told: Sequence[Told]) -> float:
    """The mean recall of the labels that occur."""
    of, right = (
        Counter(one.label for one in told),
        Counter(one.label for one in told if one.label == one.said),
    )
    return math.fsum(right[label] / count for label, count in of.items()) / len(of)


def macro_f1(told: Sequence[Told]) -> float:
    """The mean F1 of the labels that occur."""
    of, right = (
        Counter(one.label for one in told),
        Counter(one.label for one in told if one.label == one.said),
    )
    said = Counter(one.said for one in told)
    return math.fsum(2 * right[label] / (count + said[label]) for label, count in of.items()) / len(of)


def accuracy(told: Sequence[Told]) -> float:
    return sum(one.label == one.said for one in told) / len(told)


FIGURES: dict[str, Callable[[Sequence[Told]], float]] = {
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "accuracy": accuracy,
}


def _result(told: Sequence[Told]) -> JudgeResult:
    return JudgeResult(
        figures={
            name: found
            for name, figure in FIGURES.items()
            if (found := bootstrap_of(told, figure)) is not None
        },
        labels={label: _found(told, label) for label in LABELS if any(one.label == label for one in told)},
    )


def _found(told: Sequence[Told], label: PairLabel) -> tuple[float | None, float | None]:
    right = sum(one == (label, label) for one in told)
    said, of = sum(one.said == label for one in told), sum(one.label == label for one in told)
    return round(right / said, 4) if said else None, round(right / of, 4) if of else None
