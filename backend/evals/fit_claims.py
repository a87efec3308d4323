"""Weighs the cues of claims anew: `python -m backend.evals.fit_claims FOLDER…` of labelled calls.

Prints each cue's weight by a logistic regression over the clauses of our side, beside the one in use, and
how well claims are found by weights that were made without the call they are tried on. The weights are put
into `backend/analysis/claim_cues.py` by hand, where one can see what each does. Needs numpy, as the extra
`semantic` does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.analysis.claim_cues import ALL, BIAS
from backend.analysis.claims import Assertion, candidates
from backend.evals.labels import LabelledCall, read_calls
from backend.evals.spans import Line, Span
from backend.services.pack import read_pack
from backend.settings import Settings

PENALTY = 3.0
STEPS = 30
PLACE = {one.name: nth for nth, one in enumerate(ALL, 1)}

Numbers = NDArray[np.float64]


class Clauses(NamedTuple):
    """The clauses of one call: what they show, which are claims, and which labels each is of."""

    shown: Numbers
    claims: Numbers
    labels: list[frozenset[int]]
    labelled: int


def main() -> None:
    hear = read_pack(Settings().coach_knowledge_dir).hear
    calls = [_clauses(call, hear) for name in sys.argv[1:] for call in read_calls(Path(name))]
    used = np.array([BIAS, *(one.weight for one in ALL)])
    fitted = _fit(calls)
    for name, now, new in zip(("bias", *PLACE), used, fitted, strict=True):
        sys.stdout.write(f"{name:28} {now:5.1f} {new:6.2f}\n")
    sys.stdout.write(f"as they are: {_f1(calls, [used] * len(calls)):.3f}\n")
    for most in (None, 1.0, 2.0):
        left_out = [_fit(calls[:nth] + calls[nth + 1 :], most) for nth in range(len(calls))]
        sys.stdout.write(f"a call left out, positives weigh {most or 'alike'}: {_f1(calls, left_out):.3f}\n")


def _clauses(call: LabelledCall, hear: Callable[[str], str]) -> Clauses:
    line = Line(call.transcript)
    places = line.place(call.labels.claims)
    found = list(candidates(call.transcript, hear))
    labels = [frozenset(_of(line.span(one.turn.quote(one.start, one.end)), places)) for one in found]
    return Clauses(
        np.array([_row(one) for one in found]),
        np.array([bool(of) for of in labels], dtype=float),
        labels,
        len(places),
    )


def _row(one: Assertion) -> list[float]:
    row = [1.0] + [0.0] * len(ALL)
    for name in one.cues:
        row[PLACE[name]] = 1.0
    return row


def _of(span: Span, places: list[Span | None]) -> Iterator[int]:
    return (nth for nth, place in enumerate(places) if place is not None and span.matches(place))


def _fit(calls: list[Clauses], positives: float | None = 1.5) -> Numbers:
    """Penalised logistic regression by Newton's steps."""
    rows = np.concatenate([one.shown for one in calls])
    wanted = np.concatenate([one.claims for one in calls])
    weighing = np.where(wanted == 1, positives or 1.5, 1.0)
    penalty = np.eye(rows.shape[1]) * PENALTY
    penalty[0, 0] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (weighing * (likely - wanted)) + penalty @ weights
        bend = (rows.T * (weighing * likely * (1 - likely))) @ rows + penalty
        weights = weights - np.linalg.solve(bend, slope)
    return weights


def _f1(calls: list[Clauses], weights: list[Numbers]) -> float:
    """Over all calls together, each by weights of its own."""
    found = right = met = labelled = 0
    for call, of_call in zip(calls, weights, strict=True):
        taken = call.shown @ of_call > 0
        found += int(taken.sum())
        right += int((taken & (call.claims == 1)).sum())
        met += len({one for yes, of in zip(taken, call.labels, strict=True) if yes for one in of})
        labelled += call.labelled
    precision, recall = right / max(found, 1), met / max(labelled, 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)


if __name__ == "__main__":
    main()
