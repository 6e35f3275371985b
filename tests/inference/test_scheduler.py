"""Turns are fair, the queue is bounded, places are true. All on a simulated clock."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LimitError
from inference.scheduler import Scheduler, Ticket


def _scheduler(*jobs: tuple[str, int], max_queued_jobs: int = 1000, num_slots: int = 1) -> Scheduler:
    scheduler = Scheduler(max_queued_jobs=max_queued_jobs, num_slots=num_slots)
    for job_id, user_id in jobs:
        scheduler.add(Ticket(job_id=job_id, user_id=user_id))
    return scheduler


def _drain(scheduler: Scheduler) -> list[str]:
    order: list[str] = []
    while (job_id := scheduler.next_job(now_seconds=0.0)) is not None:
        order.append(job_id)
        scheduler.finish(job_id, now_seconds=1.0)
    return order


def test_users_take_turns():
    """One job per user and round, in the order of arrival."""
    scheduler = _scheduler(("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2))

    assert _drain(scheduler) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_somebody_just_served_stands_at_the_end():
    """Sending the next job at once does not overtake those who wait."""
    scheduler = _scheduler(("a1", 1), ("b1", 2))
    assert scheduler.next_job(now_seconds=0) == "a1"

    scheduler.add(Ticket(job_id="a2", user_id=1))

    assert _drain(scheduler) == ["b1", "a2"]


def test_a_newcomer_joins_the_present_round():
    """Somebody who comes late is served before the next job of one who was served in this round, but not before its first."""
    scheduler = _scheduler(("a1", 1), ("a2", 1), ("a3", 1))
    assert [scheduler.next_job(now_seconds=0) for _ in range(2)] == ["a1", "a2"]

    scheduler.add(Ticket(job_id="b1", user_id=2))

    assert _drain(scheduler) == ["b1", "a3"]


def test_full_queue_says_how_long_to_wait():
    """The sentence names the number of jobs and a time; running jobs do not fill the queue."""
    scheduler = _scheduler(("a", 1), ("b", 2), max_queued_jobs=2)

    with pytest.raises(LimitError, match=r"2 jobs are waiting\. Try again in about 10 s") as caught:
        scheduler.add(Ticket(job_id="c", user_id=3))
    assert caught.value.retry_after_seconds == 10.0

    scheduler.next_job(now_seconds=0)
    scheduler.add(Ticket(job_id="c", user_id=3))


def test_job_that_lost_its_worker_is_next():
    """It keeps its turn, even when the queue is full."""
    scheduler = _scheduler(("a1", 1), ("b1", 2), ("b2", 2), max_queued_jobs=3)
    scheduler.next_job(now_seconds=0)
    scheduler.add(Ticket(job_id="c1", user_id=3))

    scheduler.put_back("a1")

    assert scheduler.place("a1") == 1
    assert _drain(scheduler) == ["a1", "b1", "c1", "b2"]


def test_removed_job_is_forgotten():
    """Whether it waits or runs; an unknown one is no error."""
    scheduler = _scheduler(("a", 1), ("b", 2))
    scheduler.next_job(now_seconds=0)

    assert scheduler.remove("a")
    assert scheduler.remove("b")
    assert not scheduler.remove("b")
    assert (scheduler.num_running, scheduler.num_waiting) == (0, 0)


def test_estimate_follows_measured_lengths():
    """Short jobs make short estimates, and the running job's progress counts."""
    scheduler = _scheduler(*((f"j{index}", index) for index in range(60)))
    for index in range(50):
        job_id = scheduler.next_job(now_seconds=index * 2.0)
        scheduler.finish(job_id, now_seconds=(index + 1) * 2.0)
    scheduler.next_job(now_seconds=100.0)

    assert scheduler.estimate_wait_seconds("j50", now_seconds=101.0) == 0.0
    assert scheduler.estimate_wait_seconds("j52", now_seconds=101.0) == pytest.approx(3.0, abs=0.1)
    assert scheduler.estimate_wait_seconds("gone", now_seconds=101.0) is None


@given(
    st.lists(st.tuples(st.sampled_from(["add", "next", "finish", "back", "remove"]), st.integers(0, 4)), max_size=60)
)
def test_places_are_the_order_of_service(steps):
    """Whatever happened before, the places shown are those in which jobs then run, and no job is lost or doubled."""
    scheduler = Scheduler(max_queued_jobs=10_000, num_slots=2)
    running: list[str] = []
    for number, (action, user_id) in enumerate(steps):
        match action:
            case "add":
                scheduler.add(Ticket(job_id=f"j{number}", user_id=user_id))
            case "next":
                running += [job_id] if (job_id := scheduler.next_job(now_seconds=number)) else []
            case "finish" if running:
                scheduler.finish(running.pop(), now_seconds=number)
            case "back" if running:
                scheduler.put_back(running.pop())
            case "remove" if waiting := scheduler.order():
                scheduler.remove(waiting[user_id % len(waiting)])
            case _:
                pass

    order = scheduler.order()
    places = scheduler.places()
    assert {job_id: scheduler.place(job_id) for job_id in order + running} == places
    assert [places[job_id] for job_id in order] == list(range(1, len(order) + 1))
    assert _drain(scheduler) == order


def test_thousands_of_jobs_wait_alike():
    """Fifty users with equal loads, four slots, 5,000 jobs: mean waits differ little."""
    waits = _simulate(num_users=50, jobs_of=lambda _user: 100, num_slots=4, seed=1)

    means = [mean(values) for values in waits.values()]
    assert sum(len(values) for values in waits.values()) == 5_000
    assert max(means) / min(means) < 1.5


def test_greedy_user_does_not_slow_the_others():
    """One user with 3,000 jobs at once; the others, with one each, are served within about one round."""
    waits = _simulate(num_users=20, jobs_of=lambda user: 3_000 if user == 0 else 1, num_slots=1, seed=2)

    assert max(max(values) for user, values in waits.items() if user != 0) < 25 * 2.0


def _simulate(*, num_users: int, jobs_of, num_slots: int, seed: int) -> dict[int, list[float]]:
    """Queue all jobs at second 0 (the lower user ids first), run them with lengths of 1 to 2 s, return waits by user."""
    randomness = random.Random(seed)
    scheduler = Scheduler(max_queued_jobs=1_000_000, num_slots=num_slots)
    users = {}
    for user in range(num_users):
        for number in range(jobs_of(user)):
            users[f"{user}-{number}"] = user
            scheduler.add(Ticket(job_id=f"{user}-{number}", user_id=user))

    waits: dict[int, list[float]] = defaultdict(list)
    ends: list[tuple[float, str]] = []
    now = 0.0
    while True:
        while len(ends) < num_slots and (job_id := scheduler.next_job(now_seconds=now)) is not None:
            waits[users[job_id]].append(now)
            heapq.heappush(ends, (now + randomness.uniform(1, 2), job_id))
        if not ends:
            return waits
        now, job_id = heapq.heappop(ends)
        scheduler.finish(job_id, now_seconds=now)
