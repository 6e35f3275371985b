"""Whose job runs next, and who waits where. Plain Python: it knows nothing of processes and networks and has no clock of its own.

Users take turns: each waiting user gives one job per round, however many they have queued, and somebody who was just served stands
at the end. So a user's wait depends on how many people wait, not on how many jobs another one has sent.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from core.errors import LimitError

_FIRST_GUESS_SECONDS = 10.0  # length of a job before the first one was measured
_NEWEST_WEIGHT = 0.2  # of the newest job in the running mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job in the eyes of the scheduler."""

    job_id: str
    user_id: int


class Scheduler:
    """A bounded queue with turns. ``next_job`` moves a job from waiting to running, ``finish`` ends it."""

    def __init__(self, *, max_queued_jobs: int, num_slots: int) -> None:
        self._max_queued_jobs = max_queued_jobs
        self._num_slots = num_slots  # jobs that can run at once, for estimates
        self._waiting: OrderedDict[int, deque[Ticket]] = OrderedDict()  # users in the order of their turns
        self._running: dict[str, tuple[Ticket, float]] = {}  # with the second it began
        self._mean_job_seconds = _FIRST_GUESS_SECONDS

    @property
    def num_waiting(self) -> int:
        return sum(len(tickets) for tickets in self._waiting.values())

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
        self._waiting.setdefault(ticket.user_id, deque()).append(ticket)

    def next_job(self, *, now_seconds: float) -> str | None:
        """Begin the job whose turn it is and return its id, or ``None`` when nobody waits."""
        if not self._waiting:
            return None
        user_id, tickets = self._waiting.popitem(last=False)
        ticket = tickets.popleft()
        if tickets:
            self._waiting[user_id] = tickets  # at the end: everybody else comes first
        self._running[ticket.job_id] = (ticket, now_seconds)
        return ticket.job_id

    def finish(self, job_id: str, *, now_seconds: float) -> None:
        """Note that a running job came to its end, and learn from its length."""
        _, start_seconds = self._running.pop(job_id)
        seconds = now_seconds - start_seconds
        self._mean_job_seconds += _NEWEST_WEIGHT * (seconds - self._mean_job_seconds)

    def put_back(self, job_id: str) -> None:
        """Let a running job wait again, as the very next one: it lost its worker, not its turn. The limit does not apply."""
        ticket, _ = self._running.pop(job_id)
        self._waiting.setdefault(ticket.user_id, deque()).appendleft(ticket)
        self._waiting.move_to_end(ticket.user_id, last=False)

    def remove(self, job_id: str) -> bool:
        """Forget a job, waiting or running, that was given up; return whether it was known."""
        if self._running.pop(job_id, None) is not None:
            return True
        for user_id, tickets in self._waiting.items():
            for ticket in tickets:
                if ticket.job_id == job_id:
                    tickets.remove(ticket)
                    if not tickets:
                        del self._waiting[user_id]
                    return True
        return False

    def order(self) -> list[str]:
        """Return the waiting jobs in the order in which they will run if nothing changes."""
        rounds: list[tuple[int, int, str]] = []
        for turn, tickets in enumerate(self._waiting.values()):
            rounds += [(index, turn, ticket.job_id) for index, ticket in enumerate(tickets)]
        return [job_id for _, _, job_id in sorted(rounds)]

    def places(self) -> dict[str, int]:
        """Return the place of every job: 0 for running ones, 1 for the next."""
        return dict.fromkeys(self._running, 0) | {job_id: place for place, job_id in enumerate(self.order(), start=1)}

    def place(self, job_id: str) -> int | None:
        """Return a job's place: 0 while it runs, 1 when it is next, ``None`` when it is unknown."""
        if job_id in self._running:
            return 0
        user_turn = next(
            (turn for turn, tickets in enumerate(self._waiting.values()) if any(t.job_id == job_id for t in tickets)),
            None,
        )
        if user_turn is None:
            return None
        queues = list(self._waiting.values())
        index = next(index for index, ticket in enumerate(queues[user_turn]) if ticket.job_id == job_id)
        ahead = sum(
            min(len(tickets), index + (turn < user_turn)) for turn, tickets in enumerate(queues) if turn != user_turn
        )
        return ahead + index + 1

    def estimate_wait_seconds(self, job_id: str, *, now_seconds: float) -> float | None:
        """Return about how long a waiting job will go on waiting, from the lengths of past jobs; 0 once it runs."""
        place = self.place(job_id)
        if place is None or place == 0:
            return None if place is None else 0.0
        spent = [min(now_seconds - start, self._mean_job_seconds) for _, start in self._running.values()]
        ahead = place - 1 + len(self._running)
        seconds = (ahead * self._mean_job_seconds - sum(spent)) / self._num_slots
        return max(0.0, seconds)
