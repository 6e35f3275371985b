"""How waits grow with the size of a community, for one bot with so many workers. It knows no file and no picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from soak.report import percentile
from soak.scaling.assumptions import Assumptions
from soak.scaling.rates import Rates
from soak.scaling.service_model import ServiceModel
from soak.scaling.sizing import shape_of, share_of
from soak.scaling.traffic import Traffic

CREWS = (1, 2, 4, 8)
LOADS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.4)
"""Seconds of work, each piece written alone, that come to each worker in a second of the peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What the people of one bot see at the peak; times in seconds, the share of their wishes that is not turned away 0..1."""

    num_workers: int
    num_users: int
    load: float
    wait_p50: float
    wait_p95: float
    share_served: float


def trace_curve(
    assumptions: Assumptions, rates: Rates, *, num_workers: int, seed: int, loads: Sequence[float] = LOADS
) -> list[Point]:
    """Return one point for each load: a community so large that this much work comes to each worker."""
    cores_per_user = assumptions.peak_per_second(1) * assumptions.mean_of(rates.mean_worker_seconds)
    cores_per_user /= assumptions.gpu_factor
    return [
        _point(
            assumptions, rates, num_workers=num_workers, num_users=round(load * num_workers / cores_per_user), seed=seed
        )
        for load in loads
    ]


def _point(assumptions: Assumptions, rates: Rates, *, num_workers: int, num_users: int, seed: int) -> Point:
    share = replace(share_of(assumptions, rates, num_users=num_users, is_pooled=True), num_users=num_users)
    wishes = list(
        Traffic(assumptions, rates, num_users=num_users, seed=seed).ordinary(seconds=share.window_seconds, at_peak=True)
    )
    service = ServiceModel(shape_of(assumptions, rates, num_workers=num_workers), seed=seed)
    waits = [story.wait_seconds for story in service.run(wishes) if not story.refused_by]
    return Point(
        num_workers=num_workers,
        num_users=num_users,
        load=share.worker_cores / num_workers,
        wait_p50=percentile(waits, 0.5),
        wait_p95=percentile(waits, 0.95),
        share_served=len(waits) / len(wishes),
    )
