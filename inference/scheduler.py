"""Whose job runs next, and who waits where. Plain Python: it knows nothing of processes and networks and has no clock of its own.

Turns go over servers first and over a server's users then, by the work that jobs are expected to be, in seconds
(``fair_queue``): a wait depends on how many people wait and on how long one's own job is, not on how many jobs
somebody else has sent. Short work (``Work.is_short``) has turns of its own, and half of all work while both kinds wait;
of four places or more the last free one is kept for it, so that it need not wait until a long job ends.

Waits are foretold by running the queue ahead: the very jobs that are in front, each as long as its kind and bars were
found to take (``rates``), on the places there are, after what the running ones have left. In a long queue that is done for
those in front only, and not at every change: what a forecast costs must not grow with the square of those who wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import islice

from core.errors import LimitError
from inference.fair_queue import FairQueue, Path
from inference.rates import Rates
from inference.work import Work

_SHORT, _LONG = "short", "long"
_SLOTS_THAT_SPARE_ONE = 4
_LONGEST_FORECAST_SECONDS = 1.0  # how long a forecast is good while nothing changes
_EXACT_JOBS = 64  # while more wait, a forecast is good for a moment whatever changes
_MOMENT_SECONDS = 0.25
_SECONDS_PER_JOB = 5e-5  # so much longer a moment is for each that waits: a forecast takes some 2e-6 s for each
_FORESEEN_JOBS = 256  # whose starts are found by running the queue ahead; those behind follow at the pace of these
_LEAST_LEFT = 0.05  # of a job that takes longer than expected, as a share of what was expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job in the eyes of the scheduler. Direct messages (no guild) count together as one server."""

    job_id: str
    user_id: int
    guild_id: int | None
    work: Work

    @property
    def path(self) -> Path:
        return (_SHORT if self.work.is_short else _LONG, self.guild_id or 0, self.user_id, self.job_id)


@dataclass(slots=True)
class _Worker:
    """How many jobs run together in one worker: now, and summed over the seconds until ``since_seconds``."""

    num_running: int = 0
    job_seconds: float = 0.0
    since_seconds: float = 0.0

    def advance(self, now_seconds: float) -> float:
        """Return the sum up to now."""
        self.job_seconds += self.num_running * max(0.0, now_seconds - self.since_seconds)
        self.since_seconds = max(now_seconds, self.since_seconds)
        return self.job_seconds


@dataclass(slots=True, kw_only=True)
class _Run:
    """A job that runs: as which it was begun, since when and where, and how far it is."""

    ticket: Ticket
    number: int
    start_seconds: float
    worker: int | None = None
    job_seconds_before: float = 0.0  # of its worker
    share_done: float = 0.0
    share_seconds: float = 0.0  # when that was told


@dataclass(slots=True)
class _Forecast:
    """When each job that waited when it was made will start, in the order of starts, and which place that is, from 1."""

    version: int = -1
    made_seconds: float = 0.0
    start_seconds: dict[str, float] = field(default_factory=dict[str, float])
    places: dict[str, int] = field(default_factory=dict[str, int])


class Scheduler:
    """A bounded queue with turns. ``next_job`` moves a job from waiting to running, ``finish`` ends it."""

    def __init__(self, *, max_queued_jobs: int, num_slots: int, slots_per_worker: int = 1) -> None:
        self._max_queued_jobs = max_queued_jobs
        self._num_slots = num_slots  # jobs that can run at once
        self._slots_per_worker = slots_per_worker
        self._rates = Rates()
        self._queue = FairQueue(num_levels=4, even_level=2)
        self._returned: list[tuple[int, str]] = []  # a heap: jobs that lost their worker, as which they were begun
        self._waiting: dict[str, Ticket] = {}
        self._running: dict[str, _Run] = {}
        self._workers: dict[int, _Worker] = {}
        self._num_begun = 0
        self._now_seconds = 0.0  # as last told
        self._version = 0  # of everything that a forecast depends on
        self._forecast = _Forecast()

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        return len(self._running)

    # ---- one job from its arrival to its end

    def add(self, ticket: Ticket) -> None:
        """Queue a job.

        Raises:
            LimitError: when the queue is full; it says about how long to wait.
        """
        if self.num_waiting >= self._max_queued_jobs:
            first_start_seconds = next(iter(self._foresee().start_seconds.values()), 0.0)
            seconds = max(1.0, first_start_seconds - self._now_seconds)
            raise LimitError(
                f"The queue is full: {self.num_waiting} jobs are waiting. Try again in about {round(seconds)} s.",
                retry_after_seconds=seconds,
            )
        self._waiting[ticket.job_id] = ticket
        self._queue.push(ticket.path, ticket.job_id, cost=self._rates.job_seconds(ticket.work))
        self._version += 1

    def next_job(self, *, now_seconds: float) -> str | None:
        """Begin the job whose turn it is and return its id, or ``None`` when nobody waits who may begin."""
        self._now_seconds = now_seconds
        taken = self._take(self._queue, self._returned, num_running=self.num_running)
        if taken is None:
            return None
        job_id, number = taken
        if number is None:
            self._num_begun += 1
            number = self._num_begun
        ticket = self._waiting.pop(job_id)
        self._running[job_id] = _Run(ticket=ticket, number=number, start_seconds=now_seconds, share_seconds=now_seconds)
        self._version += 1
        return job_id

    def note_begin(self, job_id: str, *, worker: int, now_seconds: float) -> None:
        """Note which worker a job that is to run was given to, and when."""
        self._now_seconds = now_seconds
        run = self._running[job_id]
        run.worker = worker
        run.start_seconds = run.share_seconds = now_seconds
        company = self._workers.setdefault(worker, _Worker(since_seconds=now_seconds))
        run.job_seconds_before = company.advance(now_seconds)
        company.num_running += 1

    def note_progress(self, job_id: str, *, share_done: float, now_seconds: float) -> None:
        """Note how far a running job is, 0..1; unknown jobs are ignored."""
        self._now_seconds = now_seconds
        run = self._running.get(job_id)
        if run is not None and share_done > run.share_done:
            run.share_done, run.share_seconds = min(share_done, 1.0), now_seconds

    def finish(self, job_id: str, *, now_seconds: float) -> None:
        """Note that a running job came to its end, and learn from its length."""
        self._now_seconds = now_seconds
        run = self._running[job_id]
        seconds = now_seconds - run.start_seconds
        num_together = 1.0
        if run.worker is not None and seconds > 0:
            job_seconds = self._workers[run.worker].advance(now_seconds) - run.job_seconds_before
            num_together = max(1.0, job_seconds / seconds)
        self._rates.learn(run.ticket.work, seconds=seconds, num_together=num_together)
        self._end_run(job_id)

    def put_back(self, job_id: str) -> None:
        """Let a running job wait again, before all that were begun after it: it lost its worker, not its turn.

        The limit does not apply.
        """
        run = self._end_run(job_id)
        self._waiting[job_id] = run.ticket
        heappush(self._returned, (run.number, job_id))

    def remove(self, job_id: str) -> bool:
        """Forget a job, waiting or running, that was given up; return whether it was known."""
        if job_id in self._running:
            self._end_run(job_id)
            return True
        ticket = self._waiting.pop(job_id, None)
        if ticket is None:
            return False
        if not self._queue.remove(ticket.path, job_id):
            self._returned = [entry for entry in self._returned if entry[1] != job_id]
            heapify(self._returned)
        self._version += 1
        return True

    # ---- what will be

    def order(self) -> list[str]:
        """Return the waiting jobs in the order in which they will run if nothing changes; of many, that of a moment ago."""
        foreseen = self._foresee().start_seconds
        order = [job_id for job_id in foreseen if job_id in self._waiting]
        return order + [job_id for job_id in self._waiting if job_id not in foreseen]

    def places(self) -> dict[str, int]:
        """Return the place of every job: 0 for running ones, 1 for the next."""
        return dict.fromkeys(self._running, 0) | {job_id: place for place, job_id in enumerate(self.order(), start=1)}

    def place(self, job_id: str) -> int | None:
        """Return a job's place: 0 while it runs, 1 when it is next, ``None`` when it is unknown."""
        if job_id not in self._waiting:
            return 0 if job_id in self._running else None
        return self._foresee().places.get(job_id, self.num_waiting)

    def estimate_wait_seconds(self, job_id: str, *, now_seconds: float) -> float | None:
        """Return about how long a waiting job will go on waiting; 0 once it runs, ``None`` when it is unknown."""
        self._now_seconds = now_seconds
        if job_id in self._running:
            return 0.0
        if job_id not in self._waiting:
            return None
        forecast = self._foresee()
        start_seconds = forecast.start_seconds.get(job_id)
        if start_seconds is None:  # it came after the forecast
            start_seconds = next(reversed(forecast.start_seconds.values()), now_seconds)
        return max(0.0, start_seconds - now_seconds)

    def estimate_end_seconds(self, job_id: str, *, now_seconds: float) -> float | None:
        """Return about how long it is until a job's end, waiting included.

        ``None`` when it is unknown, or when no job of its kind was measured and none of its work is done.
        """
        run = self._running.get(job_id)
        if run is not None:
            is_known = run.share_done > 0 or self._rates.is_measured(run.ticket.work)
            return self._left_seconds(run, now_seconds) if is_known else None
        wait_seconds = self.estimate_wait_seconds(job_id, now_seconds=now_seconds)
        if wait_seconds is None or not self._rates.is_measured(self._waiting[job_id].work):
            return None
        return wait_seconds + self._run_seconds(self._waiting[job_id])

    def recall(self, work: Work, *, seconds: float) -> None:
        """Learn from a job of an earlier run of the bot."""
        self._rates.learn(work, seconds=seconds)
        self._version += 1

    def estimate_work_seconds(self, work: Work) -> float | None:
        """Return about how long work will take once it runs; ``None`` when nothing like it was measured."""
        if not self._rates.is_measured(work):
            return None
        return self._rates.job_seconds(work, num_together=self._num_together)

    def _foresee(self) -> _Forecast:
        """Run the queue ahead, unless the last forecast is good enough."""
        now_seconds = self._now_seconds
        is_unchanged = self._forecast.version == self._version
        good_seconds = max(
            _LONGEST_FORECAST_SECONDS if is_unchanged else _MOMENT_SECONDS, _SECONDS_PER_JOB * self.num_waiting
        )
        is_known = is_unchanged or (self._forecast.places and self.num_waiting > _EXACT_JOBS)
        if is_known and now_seconds - self._forecast.made_seconds <= good_seconds:
            return self._forecast
        ends = [now_seconds + self._left_seconds(run, now_seconds) for run in self._running.values()]
        heapify(ends)
        starts = dict(islice(self._run_ahead(ends, now_seconds), _FORESEEN_JOBS))
        if len(starts) < self.num_waiting:
            last_seconds = next(reversed(starts.values()))
            pause_seconds = (last_seconds - now_seconds) / len(starts)
            behind = [job_id for job_id in self._waiting if job_id not in starts]
            starts |= {job_id: last_seconds + pause_seconds * number for number, job_id in enumerate(behind, start=1)}
        places = {job_id: place for place, job_id in enumerate(starts, start=1)}
        self._forecast = _Forecast(version=self._version, made_seconds=now_seconds, start_seconds=starts, places=places)
        return self._forecast

    def _run_ahead(self, ends: list[float], now_seconds: float) -> Iterator[tuple[str, float]]:
        """Yield (job, second of its start) for all that wait, given the heap of the ends of those that run."""
        queue, returned = self._queue.copy(), self._returned.copy()
        while len(queue) or returned:
            taken = None
            if len(ends) < self._num_slots:
                taken = self._take(queue, returned, num_running=len(ends))
            if taken is None:
                now_seconds = max(now_seconds, heappop(ends))
                continue
            job_id, _ = taken
            heappush(ends, now_seconds + self._run_seconds(self._waiting[job_id]))
            yield job_id, now_seconds

    # ---- rules

    def _take(
        self, queue: FairQueue, returned: list[tuple[int, str]], *, num_running: int
    ) -> tuple[str, int | None] | None:
        """Take the next job out of a queue: its id, and as which it was begun if it was begun before."""
        if returned:
            number, job_id = heappop(returned)
            return job_id, number
        is_last_slot = self._num_slots >= _SLOTS_THAT_SPARE_ONE and num_running >= self._num_slots - 1
        item = queue.pop(_SHORT) if is_last_slot else queue.pop()
        return None if item is None else (item.name, None)

    @property
    def _num_together(self) -> int:
        """How many jobs share a worker, as things are."""
        num_workers = max(1, self._num_slots // self._slots_per_worker)
        num_jobs = self.num_running + self.num_waiting
        return min(self._slots_per_worker, max(1, -(-num_jobs // num_workers)))

    def _run_seconds(self, ticket: Ticket) -> float:
        return self._rates.job_seconds(ticket.work, num_together=self._num_together)

    def _left_seconds(self, run: _Run, now_seconds: float) -> float:
        """Return what a running job has left: as its kind takes, and more and more as it itself has taken so far."""
        expected_seconds = self._run_seconds(run.ticket)
        share = run.share_done
        spent_seconds = run.share_seconds - run.start_seconds
        if share > 0:
            total_seconds = (1 - share) * expected_seconds + share * (spent_seconds / share)
        else:
            total_seconds = expected_seconds
        left_seconds = (1 - share) * total_seconds - (now_seconds - run.share_seconds)
        return max(left_seconds, _LEAST_LEFT * expected_seconds)

    def _end_run(self, job_id: str) -> _Run:
        run = self._running.pop(job_id)
        if run.worker is not None:
            company = self._workers[run.worker]
            company.advance(self._now_seconds)
            company.num_running -= 1
        self._version += 1
        return run
