"""Intervals hold what they should and are the same at every call."""

import numpy as np
import pytest

from training.evaluation.intervals import mean_interval, paired_interval, ratio_interval


def test_interval_of_the_mean_is_about_two_standard_errors():
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    low, high = mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 * 2.0 / 20, rel=0.15)
    assert mean_interval(values) == (low, high)


def test_fewer_pieces_spread_wider():
    """Means of 25 drawn from the same values lie about twice as far apart as means of 100."""
    values = np.random.default_rng(1).normal(0.0, 1.0, 400)
    few, many = mean_interval(values, size=25), mean_interval(values, size=100)
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(2.0, rel=0.1)


def test_ratio_weighs_long_pieces_more():
    """Nats per note of all pieces together, not the mean of the pieces' own."""
    low, high = ratio_interval([10.0, 10.0], [10.0, 10.0])
    assert (low, high) == (1.0, 1.0)
    low, high = ratio_interval([1000.0, 1.0], [1000.0, 4.0])
    assert low == pytest.approx(0.25)
    assert high == pytest.approx(1.0)


def test_pairs_show_a_difference_that_means_hide():
    """Pieces differ far more among themselves than between two ways to read them."""
    rng = np.random.default_rng(2)
    hard = rng.normal(300.0, 100.0, 60)
    difference, low, high = paired_interval(hard, hard - 5.0 + rng.normal(0, 2, 60), np.full(60, 100.0))
    assert difference == pytest.approx(0.05, abs=0.01)
    assert 0 < low < difference < high


def test_no_values_are_refused():
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])
