"""Rates come from measured jobs; guesses serve only until the first one."""

from __future__ import annotations

import random

import pytest

from inference.rates import FIRST_GUESS_SECONDS_PER_BAR, Rates
from inference.work import Work


def _work(num_bars: int, kind: str = "generate") -> Work:
    return Work(kind=kind, num_bars=num_bars)


def test_a_guess_serves_until_a_job_was_measured():
    """The first measurement replaces it."""
    rates = Rates()
    assert not rates.is_measured(_work(8))
    assert rates.job_seconds(_work(8)) == pytest.approx(8 * FIRST_GUESS_SECONDS_PER_BAR["generate"])

    rates.learn(_work(8), seconds=4.0)

    assert rates.is_measured(_work(8))
    assert rates.job_seconds(_work(16)) == pytest.approx(8)


def test_what_every_job_costs_is_told_from_what_bars_cost():
    """Two seconds a job and half a second a bar are found from jobs of different lengths."""
    rates, dice = Rates(), random.Random(0)
    for _ in range(60):
        num_bars = dice.choice([2, 4, 8, 16, 32])
        rates.learn(_work(num_bars), seconds=2 + 0.5 * num_bars)

    assert rates.job_seconds(_work(2)) == pytest.approx(3, rel=0.2)
    assert rates.job_seconds(_work(64)) == pytest.approx(34, rel=0.2)


def test_newest_jobs_weigh_more_than_old_ones():
    """After a change of machine about twenty jobs set it right."""
    rates = Rates()
    for seconds in [1.0] * 100 + [9.0] * 40:
        rates.learn(_work(1), seconds=seconds)

    assert 7 < rates.job_seconds(_work(1)) < 9


def test_kinds_do_not_mix_but_styles_of_one_task_stand_in_for_each_other():
    """A style never seen is taken to be like the task's others; another task is not."""
    rates = Rates()
    rates.learn(_work(8, "harmonize band"), seconds=16.0)

    assert rates.job_seconds(_work(4, "harmonize chorale")) == pytest.approx(8)
    assert not rates.is_measured(_work(8, "remix"))
    rates.learn(_work(8, "harmonize chorale"), seconds=2.0)
    assert rates.job_seconds(_work(4, "harmonize chorale")) == pytest.approx(1)
    assert rates.job_seconds(_work(8, "harmonize band")) == pytest.approx(16)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_company_is_learned(exponent):
    """From jobs alone, in pairs and in eights, both the pace and what company costs are found."""
    rates, dice = Rates(), random.Random(1)
    for _ in range(400):
        num_together, num_bars = dice.choice([1, 2, 8]), dice.choice([4, 16])
        seconds = 0.5 * num_bars * num_together**exponent * dice.uniform(0.8, 1.25)
        rates.learn(_work(num_bars), seconds=seconds, num_together=num_together)

    for num_together in (1, 2, 8):
        expected = 8 * num_together**exponent
        assert rates.job_seconds(_work(16), num_together=num_together) == pytest.approx(expected, rel=0.2)


def test_jobs_always_in_the_same_company_are_foretold_in_it():
    """Nothing tells pace from company there, and nothing needs to."""
    rates = Rates()
    for _ in range(100):
        rates.learn(_work(16), seconds=24.0, num_together=8.0)

    assert rates.job_seconds(_work(16), num_together=8.0) == pytest.approx(24, rel=0.05)
