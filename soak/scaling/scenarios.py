"""Every community from its size to its numbers: shares, crews for each goal, calm and troubled minutes, fairness; and curves. It formats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog

from soak.scaling.assumptions import Assumptions
from soak.scaling.curves import CREWS, trace_curve
from soak.scaling.rates import Rates
from soak.scaling.sizing import fairness_of, share_of, simulate, try_crews

_log = structlog.stdlib.get_logger(__name__)

GOALS_SECONDS = (30.0, 5.0)
_LARGEST_FAIR_CREW = 8  # a hundred people each; more changes little and takes long
_DAYS_PER_YEAR = 365


def run_communities(assumptions: Assumptions, rates: Rates, sizes: Sequence[int], *, seed: int) -> list[dict[str, Any]]:
    """Return what each community needs and what its people see."""
    return [_run_community(assumptions, rates, num_users, seed=seed) for num_users in sizes]


def run_curves(assumptions: Assumptions, rates: Rates, *, seed: int) -> list[list[dict[str, Any]]]:
    """Return how waits grow with the number of people, for bots with 1, 2, 4 and 8 workers."""
    return [
        [asdict(point) for point in trace_curve(assumptions, rates, num_workers=num_workers, seed=seed)]
        for num_workers in CREWS
    ]


def _run_community(assumptions: Assumptions, rates: Rates, num_users: int, *, seed: int) -> dict[str, Any]:
    _log.info("community_begun", num_users=num_users)
    share = share_of(assumptions, rates, num_users=num_users)
    goals: dict[str, Any] = {}
    for goal_seconds in GOALS_SECONDS:
        trials, num_media = try_crews(assumptions, rates, share, goal_seconds=goal_seconds, seed=seed)
        goals[f"{goal_seconds:g}"] = {
            "workers": trials[-1].num_workers,
            "media_workers": num_media,
            "trials": [asdict(trial) for trial in trials],
        }
    strict = goals[f"{GOALS_SECONDS[-1]:g}"]
    crew = (strict["workers"], strict["media_workers"])
    windows = {
        name: asdict(simulate(assumptions, rates, share, crew=crew, seed=seed, is_troubled=name == "troubled"))
        for name in ("calm", "troubled")
    }
    ratio, num_people = fairness_of(assumptions, rates, num_workers=min(crew[0], _LARGEST_FAIR_CREW), seed=seed)
    return {
        "num_users": num_users,
        "wishes_per_day": assumptions.wishes_per_day(num_users),
        "peak_per_second": assumptions.peak_per_second(num_users),
        "num_servers": assumptions.num_servers(num_users),
        "transactions_per_second": assumptions.peak_per_second(num_users) * rates.transactions_per_job,
        "gigabytes_per_year": assumptions.wishes_per_day(num_users) * _DAYS_PER_YEAR * rates.bytes_per_piece / 1e9,
        "share": asdict(share),
        "goals": goals,
        "pooled": _pooled(assumptions, rates, num_users, seed=seed) if share.num_bots > 1 else None,
        "windows": windows,
        "fairness": {"longest_over_shortest": ratio, "num_people": num_people},
    }


def _pooled(assumptions: Assumptions, rates: Rates, num_users: int, *, seed: int) -> dict[str, Any]:
    """Return what one scheduler with all workers would need for the strictest goal."""
    share = share_of(assumptions, rates, num_users=num_users, is_pooled=True)
    trials, num_media = try_crews(assumptions, rates, share, goal_seconds=GOALS_SECONDS[-1], seed=seed)
    return {"workers": trials[-1].num_workers, "media_workers": num_media, "window_seconds": share.window_seconds}
