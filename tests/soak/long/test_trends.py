"""Tests for soak/long/trends.py."""

import math

from soak.long.trends import per_minute, percentile, rate_in_halves, slope_per_hour, trend_of

_TEN_SECONDS = 10.0


def _series(num_minutes, value_at):
    return [(index * _TEN_SECONDS, value_at(index * _TEN_SECONDS / 60.0)) for index in range(num_minutes * 6)]


def test_slope_of_a_leak_is_its_size():
    """A process that gains a MiB a minute has a slope of sixty an hour, in all of the series and in its later half."""
    trend = trend_of(_series(40, lambda minute: 200.0 + minute))
    assert trend is not None
    assert round(trend.slope_per_hour, 6) == 60.0
    assert round(trend.late_slope_per_hour, 6) == 60.0
    assert trend.last_quarter - trend.first_quarter > 25.0


def test_a_cache_that_fills_has_no_late_slope():
    """A level that is reached after a third of the time is no growth without bound."""
    trend = trend_of(_series(60, lambda minute: 200.0 + 80.0 * min(1.0, minute / 20.0)))
    assert trend is not None
    assert trend.slope_per_hour > 0.0
    assert trend.late_slope_per_hour == 0.0


def test_a_saw_has_no_slope():
    """Memory that comes and goes, with a wild point now and then, is no growth."""
    trend = trend_of(_series(60, lambda minute: 200.0 + 30.0 * math.sin(minute) + (500.0 if minute == 30 else 0.0)))
    assert trend is not None
    assert abs(trend.slope_per_hour) < 12.0
    assert trend.highest > 600.0


def test_a_short_series_says_nothing():
    """Three minutes are no trend."""
    assert trend_of(_series(3, lambda minute: minute)) is None
    assert slope_per_hour([(0.0, 1.0)]) == 0.0


def test_minutes_are_medians():
    """One wild value within a minute does not count."""
    assert per_minute([(0.0, 1.0), (10.0, 99.0), (20.0, 1.0), (61.0, 3.0)]) == [(30.0, 1.0), (90.0, 3.0)]


def test_percentiles_are_values_that_occurred():
    """The median and the 95th of a hundred numbers, and nothing of none."""
    numbers = [float(number) for number in range(1, 101)]
    assert (percentile(numbers, 0.5), percentile(numbers, 0.95), percentile([], 0.5)) == (50.0, 95.0, None)


def test_rates_of_halves():
    """So many bytes for each command at first and later; nothing where no command was sent."""
    assert rate_in_halves([(0.0, 0.0), (10.0, 100.0), (20.0, 400.0)]) == (10.0, 30.0)
    assert rate_in_halves([(1.0, 0.0), (1.0, 5.0), (1.0, 9.0)]) is None
