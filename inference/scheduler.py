"""Whose job runs next, and who waits where. Plain Python: it knows nothing of processes and networks and has no clock of its own.

Users take turns in rounds: in each round every user has one job, however many they have queued, and a round goes to its end before the
next begins. So a user's wait depends on how many people wait, not on how many jobs another one has sent. This is start-time
fair queueing (Goyal, Vin and Cheng 1996, section 2) with every job counted as one unit and every user as one flow.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from core.errors import LimitError

_FIRST_GUESS_SECONDS = 10.0  # length of a job before the first one was measured
_NEWEST_WEIGHT = 0.2  # of the newest job in the running mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job in the eyes of the scheduler."""

    job_id: str
    user_id: int


@dataclass(slots=True)
class _Turn:
    """One user: the round of their next job, and the jobs that wait, with the number of their arrival."""

    next_round: int
    waiting: deque[tuple[int, Ticket]] = field(default_factory=deque[tuple[int, Ticket]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A job that runs: what is needed to put it back."""

    ticket: Ticket
    arrival: int
    round: int
    start_seconds: float


class Scheduler:
    """A bounded queue with turns. ``next_job`` moves a job from waiting to running, ``finish`` ends it."""

    def __init__(self, *, max_queued_jobs: int, num_slots: int) -> None:
        self._max_queued_jobs = max_queued_jobs
        self._num_slots = num_slots  # jobs that can run at once, for estimates
        self._turns: dict[int, _Turn] = {}  # by user
        self._running: dict[str, _Run] = {}
        self._round = 0  # of the job that began last
        self._num_arrivals = 0
        self._mean_job_seconds = _FIRST_GUESS_SECONDS

    @property
    def num_waiting(self) -> int:
        return sum(len(turn.waiting) for turn in self._turns.values())

    @property
    def num_running(self) -> int:
        return len(self._running)

    def add(self, ticket: Ticket) -> None:
        """Queue a job.

        Raises:
            LimitError: when the queue is full; it says about how long to wait.
        """
        num_waiting = self.num_waiting
        if num_waiting >= self._max_queued_jobs:
            seconds = self._mean_job_seconds / self._num_slots
            raise LimitError(
                f"The queue is full: {num_waiting} jobs are waiting. Try again in about {max(1, round(seconds))} s.",
                retry_after_seconds=seconds,
            )
        self._num_arrivals += 1
        self._turn_of(ticket.user_id).waiting.append((self._num_arrivals, ticket))

    def next_job(self, *, now_seconds: float) -> str | None:
        """Begin the job whose turn it is and return its id, or ``None`` when nobody waits."""
        waiting = [turn for turn in self._turns.values() if turn.waiting]
        if not waiting:
            return None
        turn = min(waiting, key=lambda turn: (turn.next_round, turn.waiting[0][0]))
        arrival, ticket = turn.waiting.popleft()
        run = _Run(ticket=ticket, arrival=arrival, round=turn.next_round, start_seconds=now_seconds)
        self._running[ticket.job_id] = run
        self._round = max(self._round, turn.next_round)
        turn.next_round += 1
        self._forget_idle_users()
        return ticket.job_id

    def finish(self, job_id: str, *, now_seconds: float) -> None:
        """Note that a running job came to its end, and learn from its length."""
        seconds = now_seconds - self._running.pop(job_id).start_seconds
        self._mean_job_seconds += _NEWEST_WEIGHT * (seconds - self._mean_job_seconds)

    def put_back(self, job_id: str) -> None:
        """Let a running job wait again in its old round, so as one of the next: it lost its worker, not its turn.

        The limit does not apply.
        """
        run = self._running.pop(job_id)
        turn = self._turn_of(run.ticket.user_id)
        turn.next_round = min(turn.next_round - 1, run.round)
        turn.waiting.appendleft((run.arrival, run.ticket))

    def remove(self, job_id: str) -> bool:
        """Forget a job, waiting or running, that was given up; return whether it was known."""
        if self._running.pop(job_id, None) is not None:
            return True
        for turn in self._turns.values():
            for entry in turn.waiting:
                if entry[1].job_id == job_id:
                    turn.waiting.remove(entry)
                    return True
        return False

    def order(self) -> list[str]:
        """Return the waiting jobs in the order in which they will run if nothing changes."""
        entries: list[tuple[int, int, str]] = []
        for turn in self._turns.values():
            for index, (arrival, ticket) in enumerate(turn.waiting):
                entries.append((turn.next_round + index, arrival, ticket.job_id))
        return [job_id for _, _, job_id in sorted(entries)]

    def places(self) -> dict[str, int]:
        """Return the place of every job: 0 for running ones, 1 for the next."""
        return dict.fromkeys(self._running, 0) | {job_id: place for place, job_id in enumerate(self.order(), start=1)}

    def place(self, job_id: str) -> int | None:
        """Return a job's place: 0 while it runs, 1 when it is next, ``None`` when it is unknown."""
        return self.places().get(job_id)

    def estimate_wait_seconds(self, job_id: str, *, now_seconds: float) -> float | None:
        """Return about how long a waiting job will go on waiting, from the lengths of past jobs; 0 once it runs."""
        place = self.place(job_id)
        if place is None or place == 0:
            return None if place is None else 0.0
        spent = [min(now_seconds - run.start_seconds, self._mean_job_seconds) for run in self._running.values()]
        ahead = place - 1 + len(self._running)
        seconds = (ahead * self._mean_job_seconds - sum(spent)) / self._num_slots
        return max(0.0, seconds)

    def _turn_of(self, user_id: int) -> _Turn:
        """Return a user's turn; somebody new, or idle for long, joins the present round."""
        return self._turns.setdefault(user_id, _Turn(next_round=self._round))

    def _forget_idle_users(self) -> None:
        idle = [user_id for user_id, turn in self._turns.items() if not turn.waiting and turn.next_round <= self._round]
        for user_id in idle:
            del self._turns[user_id]
