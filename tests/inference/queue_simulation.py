"""Many people at a scheduler, on a simulated clock: who waited how long, and what they were told beforehand."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import mean

from inference.scheduler import Scheduler, Ticket
from inference.work import Work


def ticket(job_id: str, user_id: int = 1, *, guild_id: int | None = 1, num_bars: int = 16, kind: str = "generate"):
    return Ticket(job_id=job_id, user_id=user_id, guild_id=guild_id, work=Work(kind=kind, num_bars=num_bars))


@dataclass(order=True, frozen=True)
class Arrival:
    """A job that comes at a moment."""

    seconds: float
    ticket: Ticket = field(compare=False)


@dataclass
class Story:
    """What became of one job."""

    ticket: Ticket
    arrival_seconds: float
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    foretold_start_seconds: float = 0.0

    @property
    def wait_seconds(self) -> float:
        return self.start_seconds - self.arrival_seconds


def run_queue(
    arrivals: Iterable[Arrival],
    *,
    num_workers: int = 1,
    slots_per_worker: int = 1,
    job_seconds: Callable[[Ticket], float],
    slowdown: Callable[[int], float] = lambda num_together: 1.0,
    after_end: Callable[[Ticket, float], Arrival | None] = lambda _ticket, _seconds: None,
    dice: random.Random | None = None,
    death_chance: float = 0.0,
    is_foretold: bool = False,
) -> dict[str, Story]:
    """Run all jobs to their ends. ``job_seconds``: alone; ``slowdown``: of n in one worker; ``after_end``: what comes next.

    With ``death_chance`` a worker dies at the end of a job instead of answering, and all its jobs are put back.
    """
    num_slots = num_workers * slots_per_worker
    scheduler = Scheduler(max_queued_jobs=1_000_000, num_slots=num_slots, slots_per_worker=slots_per_worker)
    coming = list(arrivals)
    heapq.heapify(coming)
    stories: dict[str, Story] = {}
    left: list[dict[str, float]] = [{} for _ in range(num_workers)]  # seconds alone, by job
    now = 0.0
    while coming or scheduler.num_waiting or scheduler.num_running:
        while coming and coming[0].seconds <= now:
            arrival = heapq.heappop(coming)
            scheduler.add(arrival.ticket)
            story = Story(ticket=arrival.ticket, arrival_seconds=arrival.seconds)
            stories[arrival.ticket.job_id] = story
        if is_foretold:
            for job_id, story in stories.items():
                if story.arrival_seconds == now:
                    story.foretold_start_seconds = now + (
                        scheduler.estimate_wait_seconds(job_id, now_seconds=now) or 0.0
                    )
        while (worker := min(range(num_workers), key=lambda w: len(left[w]))) is not None:
            if len(left[worker]) >= slots_per_worker or (job_id := scheduler.next_job(now_seconds=now)) is None:
                break
            scheduler.note_begin(job_id, worker=worker, now_seconds=now)
            stories[job_id].start_seconds = now
            left[worker][job_id] = job_seconds(stories[job_id].ticket)
        ends = [(seconds * slowdown(len(jobs)), job_id) for jobs in left for job_id, seconds in jobs.items()]
        pause, ending = min(ends, default=(float("inf"), ""))
        if coming and coming[0].seconds - now < pause:
            pause, ending = coming[0].seconds - now, ""
        now += pause
        for jobs in left:
            for job_id in jobs:
                jobs[job_id] -= pause / slowdown(len(jobs))
        if not ending:
            continue
        jobs = next(jobs for jobs in left if ending in jobs)
        if dice is not None and dice.random() < death_chance:
            for job_id in jobs:
                scheduler.put_back(job_id)
            jobs.clear()
            continue
        del jobs[ending]
        scheduler.finish(ending, now_seconds=now)
        stories[ending].end_seconds = now
        if (following := after_end(stories[ending].ticket, now)) is not None:
            heapq.heappush(coming, following)
    return stories


def mean_waits(stories: dict[str, Story]) -> dict[int, float]:
    """Return each user's mean wait in seconds."""
    waits: dict[int, list[float]] = {}
    for story in stories.values():
        waits.setdefault(story.ticket.user_id, []).append(story.wait_seconds)
    return {user_id: mean(values) for user_id, values in waits.items()}
