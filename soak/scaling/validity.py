"""Holds the simulation against queueing theory, at larger sizes than the tests. It knows no community."""

from __future__ import annotations

import random
from collections.abc import Iterator
from statistics import mean
from typing import Any

from inference.work import Work
from soak.scaling.queueing import first_come_waits, mean_wait_seconds
from soak.scaling.service_model import Asked, ServiceModel, Shape

_CASES = ((1, 0.6), (4, 3.2), (20, 17.0))  # workers, offered load
_SERVICE_SECONDS = 2.0
_NUM_WISHES = 10_000
_NUM_IN_THEORY = 500_000


def hold_against_theory(
    *, seed: int, num_wishes: int = _NUM_WISHES, num_in_theory: int = _NUM_IN_THEORY
) -> list[dict[str, Any]]:
    """Return mean waits of strangers with wishes of exponential length: simulated, first come first served, and by Erlang C."""
    return [
        _hold(num_workers, load, seed=seed, num_wishes=num_wishes, num_in_theory=num_in_theory)
        for num_workers, load in _CASES
    ]


def _hold(num_workers: int, load: float, *, seed: int, num_wishes: int, num_in_theory: int) -> dict[str, Any]:
    rate = load / _SERVICE_SECONDS
    arrivals = list(_arrivals(rate, num_wishes, seed=seed))
    shape = Shape(
        num_workers=num_workers, num_lanes=1, num_spares=0, max_queued_jobs=num_wishes, max_jobs_per_user=num_wishes
    )
    wishes = (
        Asked(at_seconds=at, user_id=n, guild_id=n, work=Work(kind="remix", num_bars=4), seconds=seconds)
        for n, (at, seconds) in enumerate(arrivals)
    )
    simulated = mean(story.wait_seconds for story in ServiceModel(shape, seed=seed).run(wishes))
    first_come = mean(first_come_waits(arrivals, num_servers=num_workers))
    long_run = mean(first_come_waits(_arrivals(rate, num_in_theory, seed=seed + 1), num_servers=num_workers))
    erlang = mean_wait_seconds(num_servers=num_workers, arrivals_per_second=rate, service_seconds=_SERVICE_SECONDS)
    return {
        "num_workers": num_workers,
        "offered_load": load,
        "num_wishes": num_wishes,
        "simulated_seconds": simulated,
        "first_come_on_the_same_arrivals_seconds": first_come,
        "first_come_in_the_long_run_seconds": long_run,
        "erlang_c_seconds": erlang,
    }


def _arrivals(rate: float, num: int, *, seed: int) -> Iterator[tuple[float, float]]:
    dice, now = random.Random(seed), 0.0
    for _ in range(num):
        now += dice.expovariate(rate)
        yield now, dice.expovariate(1 / _SERVICE_SECONDS)
