"""Estimates come from measured jobs alone, through the networks' door."""

import pytest

from bot.services.jobs.estimates import Estimates
from tests.factories.doors import StandInWriter


def test_nothing_is_said_before_the_first_job_was_measured():
    assert Estimates(StandInWriter()).job_seconds("generate", num_bars=8) is None


def test_jobs_of_an_earlier_run_are_recalled_by_kind():
    estimates = Estimates(StandInWriter())
    estimates.recall("generate", [(4.0, 8), (4.0, 8)])
    assert estimates.job_seconds("generate", num_bars=16) == pytest.approx(8)
    assert estimates.job_seconds("harmonize", num_bars=16) is None


def test_the_soonest_end_is_that_of_the_first_job_that_has_one():
    class Foreseen(StandInWriter):
        def estimate_end_seconds(self, job_id):
            return {"1": None, "2": 30.0, "3": 12.0}.get(job_id)

    estimates = Estimates(Foreseen())
    assert estimates.soonest_end_seconds([1, 2, 3], kind="generate") == 12.0
    assert estimates.soonest_end_seconds([1], kind="generate") is None
    estimates.recall("generate", [(4.0, 16)])
    assert estimates.soonest_end_seconds([1], kind="generate") == pytest.approx(4)
