"""One worker that several jobs share, on a clock that others move. It knows no queue and no process.

It takes turns as ``inference/worker.py`` does: every job of the harmonizer and the remixer has one turn, the songs in lanes have one turn
together, and what they share costs them less than as many turns: n songs in n lanes are n ** exponent times as slow as one.
"""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_SECONDS = 1e-9


@dataclass(slots=True)
class _Aboard:
    left_seconds: float  # of a core that the job has for itself
    is_in_lane: bool


class WorkerModel:
    """Jobs aboard, and when the next one is through."""

    def __init__(self, *, lane_exponent: float) -> None:
        self._lane_exponent = lane_exponent
        self._aboard: dict[str, _Aboard] = {}
        self._num_in_lanes = 0
        self._now_seconds = 0.0
        self._is_dead = False
        self.busy_seconds = 0.0
        self.version = 0  # changes whenever the next end does

    @property
    def num_jobs(self) -> int:
        """How many jobs are aboard."""
        return len(self._aboard)

    def take(self, job_id: str, *, seconds: float, is_in_lane: bool, now_seconds: float) -> None:
        """Take a job aboard that needs so many seconds of a core of its own."""
        self._advance(now_seconds)
        self._aboard[job_id] = _Aboard(max(seconds, _LEAST_SECONDS), is_in_lane)
        self._num_in_lanes += is_in_lane
        self.version += 1

    def leave(self, job_id: str, *, now_seconds: float) -> None:
        """Let a job go."""
        self._advance(now_seconds)
        self._num_in_lanes -= self._aboard.pop(job_id).is_in_lane
        self.version += 1

    def die(self, *, now_seconds: float) -> None:
        """Do nothing any more until ``revive``; whatever is taken aboard meanwhile is lost, too."""
        self._advance(now_seconds)
        self._is_dead = True
        self.version += 1

    def revive(self, *, now_seconds: float) -> None:
        """Begin again with nothing aboard."""
        self._aboard.clear()
        self._num_in_lanes = 0
        self._now_seconds = now_seconds
        self._is_dead = False
        self.version += 1

    def next_end(self) -> tuple[float, str] | None:
        """Return when the next job is through, if nothing changes until then, and which."""
        if not self._aboard or self._is_dead:
            return None
        lane_rate, turn_rate = self._rates()
        left = (
            (job.left_seconds / (lane_rate if job.is_in_lane else turn_rate), job_id)
            for job_id, job in self._aboard.items()
        )
        seconds, job_id = min(left)
        return self._now_seconds + max(0.0, seconds), job_id

    def _advance(self, now_seconds: float) -> None:
        passed_seconds = now_seconds - self._now_seconds
        self._now_seconds = now_seconds
        if not self._aboard or self._is_dead or passed_seconds <= 0:
            return
        self.busy_seconds += passed_seconds
        lane_rate, turn_rate = self._rates()
        for job in self._aboard.values():
            job.left_seconds -= passed_seconds * (lane_rate if job.is_in_lane else turn_rate)

    def _rates(self) -> tuple[float, float]:
        """Return what share of their own speed songs in lanes and other jobs have."""
        num_others = len(self._aboard) - self._num_in_lanes
        turn_rate = 1.0 / (num_others + (self._num_in_lanes > 0))
        lane_rate = turn_rate / max(1, self._num_in_lanes) ** self._lane_exponent
        return lane_rate, turn_rate
