"""How long jobs take, learned from those that finished. It knows no clock: it is told what was measured."""

from __future__ import annotations

from bot.services.model import JobKind

_WEIGHT_OF_NEWEST = 0.3
NUM_REMEMBERED_JOBS = 20


class Estimates:
    """Seconds per bar of each kind of job, as a running mean that favours the newest."""

    def __init__(self) -> None:
        self._seconds_per_bar: dict[JobKind, float] = {}

    def learn(self, kind: JobKind, *, seconds: float, num_bars: int) -> None:
        """Take in one finished job."""
        rate = seconds / max(num_bars, 1)
        known = self._seconds_per_bar.get(kind, rate)
        self._seconds_per_bar[kind] = known + _WEIGHT_OF_NEWEST * (rate - known)

    def job_seconds(self, kind: JobKind, *, num_bars: int) -> float | None:
        """Return how long a job will probably take; None before the first one of its kind was measured."""
        rate = self._seconds_per_bar.get(kind)
        return None if rate is None else rate * num_bars
