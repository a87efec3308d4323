"""Counts of calls become figures, and two runs are compared."""

from __future__ import annotations

import pytest

from backend.evals.marking import Counted
from backend.evals.measures import MEASURES, AnalystResult, CallCounts, changes, figures


def counts(call: str, **some: Counted) -> CallCounts:
    """A call in which nothing was counted but this; `claims_recall` stands for claims.recall."""
    none = {name: Counted(0, 0) for measure in MEASURES for name in measure.counted}
    given = {name.replace("_", ".", 1): each for name, each in some.items()}
    return CallCounts(id=call, counts=none | given)


def test_f1_is_the_harmonic_mean_over_all_calls_together() -> None:
    calls = [
        counts("1", claims_precision=Counted(1, 2), claims_recall=Counted(1, 1)),
        counts("2", claims_precision=Counted(2, 4), claims_recall=Counted(2, 3)),
    ]
    found = figures(calls)
    precision, recall, f1 = (found[f"claims.{name}"] for name in ("precision", "recall", "f1"))
    assert precision is not None
    assert recall is not None
    assert f1 is not None
    assert (precision.value, precision.n) == (0.5, 6)
    assert (recall.value, recall.n) == (0.75, 4)
    assert f1.value == pytest.approx(0.6)


def test_nothing_right_is_zero_and_nothing_counted_is_no_figure() -> None:
    found = figures([counts("1", claims_precision=Counted(0, 3), claims_recall=Counted(0, 3))])
    zero = found["claims.f1"]
    assert zero is not None
    assert zero.value == 0.0
    assert found["accusations.precision"] is None


def test_only_figures_that_moved_are_told_over_the_calls_both_runs_have() -> None:
    earlier = [counts(str(nth), claims_recall=Counted(1, 4)) for nth in range(8)]
    later = [counts(str(nth), claims_recall=Counted(3, 4)) for nth in range(8)]
    later.append(counts("new", claims_recall=Counted(0, 100)))
    found = changes(
        AnalystResult(analyst="rules", calls=earlier), AnalystResult(analyst="rules", calls=later)
    )
    assert [one.measure.name for one in found] == ["claims.recall"]
    assert (found[0].earlier, found[0].later) == (0.25, 0.75)
    assert found[0].by.without_zero


def test_a_measure_that_an_earlier_run_did_not_count_is_passed_over() -> None:
    earlier = AnalystResult(analyst="rules", calls=[CallCounts(id="1", counts={})])
    later = AnalystResult(analyst="rules", calls=[counts("1", claims_recall=Counted(1, 2))])
    assert changes(earlier, later) == []
