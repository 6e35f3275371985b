"""What people may know about the queue: places, waits, ends. It decides nothing: the scheduler does."""

from __future__ import annotations

import time
from collections.abc import Callable

from inference.scheduler import Scheduler
from inference.work import Work


class Outlook:
    """Looks at a scheduler with a clock, which is that of this process unless time is simulated."""

    def __init__(self, scheduler: Scheduler, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._scheduler = scheduler
        self._clock = clock

    def place(self, job_id: str) -> int | None:
        """Return a job's place: 0 while it runs, 1 when it is next, ``None`` when it is over."""
        return self._scheduler.place(job_id)

    def wait_seconds(self, job_id: str) -> float | None:
        """Return about how long a job will wait, from the jobs ahead; 0 once it runs, ``None`` when it is over."""
        return self._scheduler.estimate_wait_seconds(job_id, now_seconds=self._clock())

    def end_seconds(self, job_id: str) -> float | None:
        """Return about how long it is until a job's end; ``None`` when it is over or nothing like it was measured."""
        return self._scheduler.estimate_end_seconds(job_id, now_seconds=self._clock())

    def work_seconds(self, work: Work) -> float | None:
        """Return about how long work takes once it runs; ``None`` when nothing like it was measured."""
        return self._scheduler.estimate_work_seconds(work)

    def recall(self, work: Work, *, seconds: float) -> None:
        """Learn from a job of an earlier run."""
        self._scheduler.recall(work, seconds=seconds)
