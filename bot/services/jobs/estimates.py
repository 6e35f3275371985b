"""How long jobs take and when they will be done, as the networks' door foretells it. It measures nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from bot.services.options import DEFAULT_NUM_BARS
from bot.services.ports import Writer
from bot.services.replies.takes import take_names

NUM_REMEMBERED_JOBS = 20


class Estimates:
    """What people are told about times. The queue learns from every job that it runs; here it is told of earlier ones."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def recall(self, kind: str, rates: Sequence[tuple[float, int]]) -> None:
        """Take in (seconds, bars) of jobs that an earlier run of the bot finished, oldest first."""
        for seconds, num_bars in rates:
            self._writer.recall_job(kind, seconds=seconds, num_bars=num_bars)

    def job_seconds(self, kind: str, *, num_bars: int = DEFAULT_NUM_BARS) -> float | None:
        """Return how long a job will probably take once it runs; None before the first one of its kind was measured."""
        return self._writer.estimate_work_seconds(kind, num_bars=num_bars)

    def end_seconds(self, job_id: int) -> float | None:
        """Return in how many seconds a job will probably be done, its wait included; None when nobody can know."""
        ends = [self._writer.estimate_end_seconds(name) for name in take_names(job_id)]
        return max((end for end in ends if end is not None), default=None)

    def soonest_end_seconds(self, job_ids: Sequence[int], *, kind: str) -> float | None:
        """Return in how many seconds the first of some jobs will probably be done.

        Where the queue does not know them, because they are just beginning or ending: how long a job of a kind takes.
        """
        ends = [end for job_id in job_ids if (end := self.end_seconds(job_id)) is not None]
        return min(ends, default=self.job_seconds(kind))
