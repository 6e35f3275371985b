"""Arithmetic on series of measurements: medians, slopes, levels. Pure; it knows nothing of processes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How a series went: medians of its first and last quarter, slope per hour of all of it and of its later half, highest value."""

    first_quarter: float
    last_quarter: float
    slope_per_hour: float
    late_slope_per_hour: float
    highest: float
    span_minutes: float


def per_minute(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the median value of each minute; points are (second, value)."""
    minutes: dict[int, list[float]] = defaultdict(list)
    for second, value in points:
        minutes[int(second // 60)].append(value)
    return [(60.0 * minute + 30.0, median(values)) for minute, values in sorted(minutes.items())]


def slope_per_hour(points: Sequence[tuple[float, float]]) -> float:
    """Return the median of the slopes between all pairs of points (Theil 1950, Sen 1968): a third of wild points do not move it."""
    slopes = [
        (later_value - value) / (later_second - second)
        for index, (second, value) in enumerate(points)
        for later_second, later_value in points[index + 1 :]
        if later_second > second
    ]
    return median(slopes) * _SECONDS_PER_HOUR if slopes else 0.0


def trend_of(points: Sequence[tuple[float, float]]) -> Trend | None:
    """Return how a series of (second, value) went, or None when it is shorter than four minutes."""
    medians = per_minute(points)
    if len(medians) < 4:
        return None
    quarter = max(1, len(medians) // 4)
    return Trend(
        first_quarter=median(value for _, value in medians[:quarter]),
        last_quarter=median(value for _, value in medians[-quarter:]),
        slope_per_hour=slope_per_hour(medians),
        late_slope_per_hour=slope_per_hour(medians[len(medians) // 2 :]),
        highest=max(value for _, value in points),
        span_minutes=(medians[-1][0] - medians[0][0]) / 60.0,
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which this share of all lies (nearest rank), or None when there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rate_in_halves(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the mean growth of y per unit of x in the first and in the last half of (x, y), or None where x stood still."""
    if len(points) < 3:
        return None
    first, middle, last = points[0], points[len(points) // 2], points[-1]
    if middle[0] <= first[0] or last[0] <= middle[0]:
        return None
    return (middle[1] - first[1]) / (middle[0] - first[0]), (last[1] - middle[1]) / (last[0] - middle[0])
