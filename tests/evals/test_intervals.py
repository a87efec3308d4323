"""Figures with intervals, and changes between two runs."""

from __future__ import annotations

from statistics import fmean

import pytest

from backend.evals.intervals import bootstrap, bootstrap_of, change


def test_a_mean_lies_in_its_interval_and_the_interval_is_the_same_each_time() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]
    once = bootstrap(values)
    assert (once.value, once.n) == (0.625, 8)
    assert 0.0 <= once.low < once.value < once.high <= 1.0
    assert bootstrap(values) == once


def test_equal_values_leave_nothing_open() -> None:
    found = bootstrap([0.5] * 20)
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_more_values_narrow_the_interval() -> None:
    few, many = bootstrap([0.0, 1.0] * 5), bootstrap([0.0, 1.0] * 200)
    assert many.high - many.low < (few.high - few.low) / 3


def test_the_mean_of_nothing_is_an_error_and_a_figure_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="fmean"):
        bootstrap([])
    assert bootstrap_of([], fmean) is None


def test_a_resample_without_the_figure_is_left_out() -> None:
    """A single thing that can be counted is missing from a third of the samples."""
    found = bootstrap_of([None, None, 1.0], lambda some: max((one for one in some if one), default=None))
    assert found is not None
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_a_change_that_every_pair_shows_is_beyond_noise_however_far_the_pairs_are_apart() -> None:
    pairs = [(float(nth), nth + 0.1) for nth in range(10)]
    found = change(pairs, fmean)
    assert found is not None
    assert found.value == pytest.approx(0.1)
    assert found.without_zero


def test_a_change_of_one_among_many_is_noise() -> None:
    found = change([(0.0, 1.0), *([(0.5, 0.5)] * 20)], fmean)
    assert found is not None
    assert not found.without_zero
