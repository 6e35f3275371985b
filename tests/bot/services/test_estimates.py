"""Estimates come from measured jobs alone."""

import pytest

from bot.services.estimates import Estimates


def test_nothing_is_said_before_the_first_job_was_measured():
    assert Estimates().job_seconds("generate", num_bars=8) is None


def test_time_grows_with_bars():
    estimates = Estimates()
    estimates.learn("generate", seconds=4, num_bars=8)
    assert estimates.job_seconds("generate", num_bars=16) == pytest.approx(8)


def test_newest_jobs_weigh_more_than_old_ones():
    estimates = Estimates()
    for seconds in (1, 1, 1, 1, 9, 9, 9, 9):
        estimates.learn("remix", seconds=seconds, num_bars=1)
    assert 5 < estimates.job_seconds("remix", num_bars=1) < 9


def test_kinds_do_not_mix():
    estimates = Estimates()
    estimates.learn("remix", seconds=4, num_bars=8)
    assert estimates.job_seconds("harmonize", num_bars=8) is None
