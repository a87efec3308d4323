"""Trains the judge of pairs: `python -m backend.evals.fit_pairs NEUTRAL.jsonl CONTRADICTED.jsonl`.

Each file has `supported` pairs and one other label. Pairs that share a claim or an evidence stay in one part
when parts are left out, so that no model has met the words it is tried on. Needs numpy, as the extra
`semantic` does.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.evals.labels import read_lines
from backend.evals.pair_features import features
from backend.evals.pairs import FOLDS, WEIGHTS, Against, Pair, PairJudge

PENALTY = 3.0
"""Of the squared weights, over standardised features; from 1 to 30 the figures differ by a point."""
STEPS = 25
DIGITS = 4

Numbers = NDArray[np.float64]


def main() -> None:
    neutral, contradicted = (Path(name) for name in sys.argv[1:3])
    judge = PairJudge(
        neutral=fit(read_lines(neutral, Pair)), contradicted=fit(read_lines(contradicted, Pair))
    )
    WEIGHTS.write_text(judge.model_dump_json() + "\n")


def fit(pairs: list[Pair]) -> Against:
    """Weights that tell supported pairs from the others, and the same with each part left out in turn."""
    counted = np.array([features(pair.claim, pair.evidence) for pair in pairs])
    supported = np.array([pair.label == "supported" for pair in pairs], dtype=float)
    parts = np.array(parted(pairs))
    return Against(
        weights=_logistic(counted, supported),
        left_out=[_logistic(counted[parts != part], supported[parts != part]) for part in range(FOLDS)],
        seen={pair.key: int(part) for pair, part in zip(pairs, parts, strict=True)},
    )


def parted(pairs: list[Pair]) -> list[int]:
    """The part each pair belongs to; those linked by a claim or an evidence belong together."""
    first: dict[str, int] = {}
    group = list(range(len(pairs)))

    def head(of: int) -> int:
        while group[of] != of:
            of = group[of]
        return of

    for nth, pair in enumerate(pairs):
        for words in (f"claim {pair.claim}", f"evidence {pair.evidence}"):
            group[head(nth)] = head(first.setdefault(words, nth))
    keys = [pairs[head(nth)].key for nth in range(len(pairs))]
    return [int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS for key in keys]


def _logistic(counted: Numbers, supported: Numbers) -> list[float]:
    """Penalised logistic regression by Newton's steps, both labels weighing alike. The weights are for the
    features as they are counted; the first is the constant."""
    mean, spread = counted.mean(0), counted.std(0)
    mean[0], spread[spread == 0], spread[0] = 0.0, 1.0, 1.0
    scaled = (counted - mean) / spread
    share = supported.mean()
    weighing = np.where(supported == 1, 0.5 / share, 0.5 / (1 - share))
    penalty = np.eye(scaled.shape[1]) * PENALTY
    penalty[0, 0] = 1e-6
    weights = np.zeros(scaled.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (weighing * (likely - supported)) + penalty @ weights
        bend = (scaled.T * (weighing * likely * (1 - likely))) @ scaled + penalty
        weights -= np.linalg.solve(bend, slope)
    plain = weights / spread
    plain[0] -= (weights * mean / spread).sum()
    return [round(float(each), DIGITS) for each in plain]


if __name__ == "__main__":
    main()
