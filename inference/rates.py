"""How long work takes on this machine, learned from jobs that finished. It knows no queue and no clock.

For each kind of work the seconds of a job on a worker of its own are a line over its bars: a share that every job costs
and a share per bar, fitted to past jobs by least squares in which every new job makes the older ones weigh less. A
job that shared its worker with others took longer: n at a time are taken to slow each other down n ** e times. The
exponent e is 0 when lanes make company free, 1 when the worker only divides its time, and is learned, too, from
the jobs that ran in different company.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from inference.work import Work

_MEMORY = 0.95  # weight of the jobs so far each time a new one is learned: about twenty count
_STEADINESS = 0.1  # how far bars must spread, as a share of their mean, to say what is per job and what per bar
_EXPONENT_STEP = 0.1  # share of its error that the exponent takes from one job
_FIRST_EXPONENT = 0.7
_MAX_EXPONENT = 1.2
_LEAST_SECONDS = 0.01

FIRST_GUESS_SECONDS_PER_BAR = {"generate": 0.16, "continue": 0.16, "harmonize": 0.05, "remix": 0.11, "describe": 0.03}
"""What is believed until the first job of a task was measured: docs/results/bench.json of November 2026, on two cores."""


@dataclass(slots=True)
class _Line:
    """Seconds over bars of one kind of work: weighted sums over past jobs."""

    weight: float = 0.0
    bars: float = 0.0
    seconds: float = 0.0
    bars_squared: float = 0.0
    bars_seconds: float = 0.0

    def learn(self, *, num_bars: int, seconds: float) -> None:
        self.weight = self.weight * _MEMORY + 1
        self.bars = self.bars * _MEMORY + num_bars
        self.seconds = self.seconds * _MEMORY + seconds
        self.bars_squared = self.bars_squared * _MEMORY + num_bars * num_bars
        self.bars_seconds = self.bars_seconds * _MEMORY + num_bars * seconds

    def job_seconds(self, num_bars: int) -> float:
        mean_bars, mean_seconds = self.bars / self.weight, self.seconds / self.weight
        spread = self.bars_squared / self.weight - mean_bars**2
        together = self.bars_seconds / self.weight - mean_bars * mean_seconds
        # Where bars hardly spread, their share is unknown: then all of it is taken to be per bar.
        proportional = mean_seconds / mean_bars
        doubt = (_STEADINESS * mean_bars) ** 2
        per_bar = (together + doubt * proportional) / (spread + doubt)
        per_bar = min(max(per_bar, 0.0), proportional)
        return mean_seconds + per_bar * (num_bars - mean_bars)


class Rates:
    """Seconds of work, by kind and bars, and how much company slows it down."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}  # by kind, and by task for kinds not measured yet
        self._exponent = _FIRST_EXPONENT

    def learn(self, work: Work, *, seconds: float, num_together: float = 1.0) -> None:
        """Take in a finished job that took so long with so many jobs, itself included, in its worker on average."""
        if num_together > 1:
            log_together = math.log(num_together)
            if self.is_measured(work):
                error = math.log(max(seconds, _LEAST_SECONDS) / self.job_seconds(work, num_together=num_together))
                # A line's error and the exponent's look alike in one job: the more company, the more the exponent is meant.
                self._exponent += _EXPONENT_STEP * error * log_together / (1 + log_together**2)
                self._exponent = min(max(self._exponent, 0.0), _MAX_EXPONENT)
        alone_seconds = seconds / self.slowdown(num_together)
        for name in {work.kind, _task_of(work)}:
            self._lines.setdefault(name, _Line()).learn(num_bars=max(1, work.num_bars), seconds=alone_seconds)

    def is_measured(self, work: Work) -> bool:
        """Whether a job of this task has been measured, so that an estimate is more than a guess."""
        return _task_of(work) in self._lines

    def job_seconds(self, work: Work, *, num_together: float = 1.0) -> float:
        """Return about how long a job takes, above 0, with so many jobs, itself included, in its worker."""
        line = self._lines.get(work.kind) or self._lines.get(_task_of(work))
        if line is None:
            alone_seconds = FIRST_GUESS_SECONDS_PER_BAR[_task_of(work)] * work.num_bars
        else:
            alone_seconds = line.job_seconds(work.num_bars)
        return max(alone_seconds, _LEAST_SECONDS) * self.slowdown(num_together)

    def slowdown(self, num_together: float) -> float:
        """Return how many times longer a job takes in company."""
        return max(1.0, num_together) ** self._exponent


def _task_of(work: Work) -> str:
    return work.kind.partition(" ")[0]
