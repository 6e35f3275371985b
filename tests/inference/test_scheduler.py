"""The queue is bounded, turns are kept, places and estimates are true. All on a simulated clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LimitError
from inference.scheduler import Scheduler
from inference.work import Work
from tests.inference.queue_simulation import ticket


def _scheduler(*tickets, max_queued_jobs: int = 1000, num_slots: int = 1, slots_per_worker: int = 1) -> Scheduler:
    scheduler = Scheduler(max_queued_jobs=max_queued_jobs, num_slots=num_slots, slots_per_worker=slots_per_worker)
    for each in tickets:
        scheduler.add(each)
    return scheduler


def _teach(scheduler: Scheduler, *, seconds_per_bar: float, kind: str = "generate") -> None:
    """Let the scheduler believe that work takes so long."""
    for num_bars in (2, 4, 8, 16, 32, 64):
        scheduler.recall(Work(kind=kind, num_bars=num_bars), seconds=seconds_per_bar * num_bars)


def _drain(scheduler: Scheduler) -> list[str]:
    order: list[str] = []
    while (job_id := scheduler.next_job(now_seconds=0.0)) is not None:
        order.append(job_id)
        scheduler.remove(job_id)
    return order


def test_users_take_turns():
    """One job per user and round while all are of one length, in the order of arrival."""
    names = [("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2), ("c1", 3), ("b2", 2)]
    order = _drain(_scheduler(*(ticket(job_id, user_id) for job_id, user_id in names)))

    assert order[:3] == ["a1", "b1", "c1"]
    assert set(order[3:5]) == {"a2", "b2"}
    assert order[5] == "a3"


def test_servers_take_turns_before_users_do():
    """A server of one person and a server of three get every second turn."""
    crowd = [ticket(f"crowd{user}", user, guild_id=1) for user in (1, 2, 3)]
    alone = [ticket(f"alone{number}", 9, guild_id=2) for number in range(3)]

    order = _drain(_scheduler(*crowd, *alone))

    assert [job_id.rstrip("0123456789") for job_id in order[:4]] in (
        ["crowd", "alone", "crowd", "alone"],
        ["crowd", "alone", "alone", "crowd"],
    )


def test_direct_messages_count_as_one_server():
    """Two people who write directly share what one server gets."""
    order = _drain(
        _scheduler(
            *(ticket(f"direct{user}", user, guild_id=None) for user in (1, 2, 3, 4)),
            *(ticket(f"server{number}", 9, guild_id=7) for number in (1, 2)),
        )
    )

    assert sum(job_id.startswith("server") for job_id in order[:4]) == 2


def test_somebody_just_served_stands_at_the_end():
    """Sending the next job at once does not overtake those who wait."""
    scheduler = _scheduler(ticket("a1", 1), ticket("b1", 2))
    assert scheduler.next_job(now_seconds=0) == "a1"

    scheduler.add(ticket("a2", 1))

    assert _drain(scheduler) == ["b1", "a2"]


def test_a_newcomer_does_not_wait_for_those_who_sent_much():
    """Somebody who comes late is served before the later jobs of one who has been served already."""
    scheduler = _scheduler(ticket("a1", 1), ticket("a2", 1), ticket("a3", 1))
    assert scheduler.next_job(now_seconds=0) in ("a1", "a2", "a3")

    scheduler.add(ticket("b1", 2))

    assert _drain(scheduler)[0] == "b1"


@pytest.mark.parametrize("short", [ticket("short", 99, num_bars=2), ticket("short", 99, kind="describe")])
def test_short_work_does_not_wait_behind_songs(short):
    """A two-bar fill and a description that come last are next, also for somebody whose song ran a moment ago."""
    scheduler = _scheduler(*(ticket(f"song{user}", user, num_bars=128) for user in range(20)))
    scheduler.add(ticket("own song", 99, guild_id=2, num_bars=128))
    assert scheduler.next_job(now_seconds=0) is not None
    assert scheduler.next_job(now_seconds=0) is not None

    scheduler.add(short)

    assert scheduler.place("short") == 1


def test_short_work_takes_at_most_half_of_a_busy_queue():
    """While songs wait, every second of short work is paid for with a second of songs."""
    shorts = [ticket(f"short{number}", number, num_bars=4) for number in range(64)]
    songs = [ticket(f"song{number}", 100 + number, num_bars=128) for number in range(3)]
    scheduler = _scheduler(*shorts, *songs)

    order = _drain(scheduler)

    num_bars = 0
    for job_id in order[: order.index([job for job in order if job.startswith("song")][-1])]:
        num_bars += 4 if job_id.startswith("short") else -128
        assert num_bars <= 128 + 4


def test_the_last_free_place_of_four_is_kept_for_short_work():
    """Songs leave one place free; a short piece takes it, and two songs more wait."""
    scheduler = _scheduler(*(ticket(f"song{user}", user, num_bars=64) for user in range(5)), num_slots=4)
    begun = [scheduler.next_job(now_seconds=0) for _ in range(4)]
    assert begun[3] is None

    scheduler.add(ticket("short", 9, num_bars=4))

    assert scheduler.next_job(now_seconds=0) == "short"
    assert scheduler.place("short") == 0


def test_full_queue_says_how_long_to_wait():
    """The sentence names the number of jobs and when the next one begins; running jobs do not fill the queue."""
    scheduler = _scheduler(ticket("a", 1), max_queued_jobs=2)
    _teach(scheduler, seconds_per_bar=2.0)
    scheduler.next_job(now_seconds=0)
    scheduler.add(ticket("b", 2))
    scheduler.add(ticket("c", 3))

    with pytest.raises(LimitError, match=r"2 jobs are waiting\. Try again in about 32 s") as caught:
        scheduler.add(ticket("d", 4))
    assert caught.value.retry_after_seconds == pytest.approx(32, rel=0.01)
    assert scheduler.num_waiting == 2


def test_job_that_lost_its_worker_is_next():
    """It keeps its turn, even when the queue is full; of two, the one that had begun first."""
    scheduler = _scheduler(ticket("a1", 1), ticket("b1", 2), ticket("b2", 2), max_queued_jobs=3, num_slots=2)
    scheduler.next_job(now_seconds=0)
    scheduler.next_job(now_seconds=0)
    scheduler.add(ticket("c1", 3, num_bars=2))
    scheduler.add(ticket("d1", 4))

    scheduler.put_back("b1")
    scheduler.put_back("a1")

    assert [scheduler.place("a1"), scheduler.place("b1")] == [1, 2]
    assert _drain(scheduler) == ["a1", "b1", "c1", "d1", "b2"]


def test_removed_job_is_forgotten():
    """Whether it waits, runs or lost its worker; an unknown one is no error."""
    scheduler = _scheduler(ticket("a", 1), ticket("b", 2), ticket("c", 3))
    scheduler.next_job(now_seconds=0)
    scheduler.next_job(now_seconds=0)
    scheduler.put_back("b")

    assert [scheduler.remove(job_id) for job_id in ("a", "b", "c", "c")] == [True, True, True, False]
    assert (scheduler.num_running, scheduler.num_waiting) == (0, 0)
    assert scheduler.next_job(now_seconds=0) is None


def test_a_removed_job_costs_its_user_no_turn():
    """Somebody who cancels what waits is not behind for it."""
    scheduler = _scheduler(ticket("a1", 1), ticket("a2", 1), ticket("b1", 2))
    scheduler.remove("a1")

    assert _drain(scheduler) == ["a2", "b1"]


def test_a_wait_is_that_of_the_very_jobs_ahead():
    """Two places, a song half done and a short piece ahead: the wait is the shorter of the ways to a free place."""
    scheduler = _scheduler(ticket("song", 1, num_bars=60), ticket("piece", 2, num_bars=10), num_slots=2)
    _teach(scheduler, seconds_per_bar=1.0)
    for _ in range(2):
        scheduler.note_begin(scheduler.next_job(now_seconds=0.0), worker=0, now_seconds=0.0)
    scheduler.add(ticket("first", 3, num_bars=8))
    scheduler.add(ticket("second", 4, num_bars=8))

    assert scheduler.estimate_wait_seconds("first", now_seconds=0.0) == pytest.approx(10, rel=0.05)
    assert scheduler.estimate_wait_seconds("second", now_seconds=4.0) == pytest.approx(10 + 8 - 4, rel=0.05)
    assert scheduler.estimate_end_seconds("second", now_seconds=4.0) == pytest.approx(10 + 8 - 4 + 8, rel=0.05)
    assert scheduler.estimate_end_seconds("song", now_seconds=4.0) == pytest.approx(56, rel=0.05)
    assert scheduler.estimate_wait_seconds("song", now_seconds=4.0) == 0.0
    assert scheduler.estimate_wait_seconds("gone", now_seconds=4.0) is None


def test_what_a_running_job_has_done_corrects_its_estimate():
    """Three quarters done in 30 seconds leave about ten, whatever its kind usually takes."""
    scheduler = _scheduler(ticket("song", 1, num_bars=16))
    _teach(scheduler, seconds_per_bar=1.0)
    scheduler.note_begin(scheduler.next_job(now_seconds=0.0), worker=0, now_seconds=0.0)
    scheduler.note_progress("song", share_done=0.75, now_seconds=30.0)

    assert scheduler.estimate_end_seconds("song", now_seconds=30.0) == pytest.approx(10, rel=0.2)


def test_no_end_is_foretold_before_anything_was_measured():
    """A wait may rest on a first guess; what is shown as the end may not."""
    scheduler = _scheduler(ticket("a", 1))

    assert scheduler.estimate_end_seconds("a", now_seconds=0.0) is None
    _teach(scheduler, seconds_per_bar=1.0, kind="remix")
    assert scheduler.estimate_end_seconds("a", now_seconds=0.0) is None
    assert scheduler.estimate_work_seconds(Work(kind="remix", num_bars=8)) == pytest.approx(8, rel=0.01)


def test_estimates_learn_the_company_a_job_ran_in():
    """Two at a time in one worker, each twice as slow: a job alone is expected to take half of that."""
    scheduler = _scheduler(num_slots=2, slots_per_worker=2)
    now = 0.0
    for number in range(200):
        together = 2 if number % 2 else 1
        for index in range(together):
            scheduler.add(ticket(f"{number}-{index}", index))
            scheduler.note_begin(scheduler.next_job(now_seconds=now), worker=0, now_seconds=now)
        now += 16.0 * together
        for index in range(together):
            scheduler.finish(f"{number}-{index}", now_seconds=now)

    assert scheduler.estimate_work_seconds(Work(kind="generate", num_bars=16)) == pytest.approx(16, rel=0.1)
    scheduler.add(ticket("x", 1))
    scheduler.add(ticket("y", 2))
    assert scheduler.estimate_work_seconds(Work(kind="generate", num_bars=16)) == pytest.approx(32, rel=0.1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "next", "finish", "back", "remove"]), st.integers(0, 4), st.sampled_from([2, 8, 40])
        ),
        max_size=60,
    )
)
def test_places_are_the_order_of_service(steps):
    """Whatever happened before, the places shown are those in which jobs then run, and no job is lost or doubled."""
    scheduler = Scheduler(max_queued_jobs=10_000, num_slots=2)
    running: list[str] = []
    for number, (action, user_id, num_bars) in enumerate(steps):
        match action:
            case "add":
                scheduler.add(ticket(f"j{number}", user_id, guild_id=user_id % 2, num_bars=num_bars))
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
    assert len(order) == scheduler.num_waiting
    assert _drain(scheduler) == order


def test_places_in_a_long_queue():
    """Of two thousand, the first are foretold one by one; those behind have places and waits, too, and newcomers stand last."""
    scheduler = _scheduler(*(ticket(f"j{number}", number) for number in range(2_000)), max_queued_jobs=3_000)
    _teach(scheduler, seconds_per_bar=1.0)
    places = scheduler.places()

    scheduler.add(ticket("late", 5_000))

    assert sorted(places.values()) == list(range(1, 2_001))
    assert scheduler.place("late") == 2_001
    waits = [scheduler.estimate_wait_seconds(job_id, now_seconds=0.0) for job_id in scheduler.order()]
    assert waits == sorted(waits)
    assert waits[-2] == pytest.approx(1_999 * 16.0, rel=0.1)
    assert _drain(scheduler)[:100] == [job_id for job_id, place in sorted(places.items(), key=lambda p: p[1])][:100]


def test_everybody_who_asks_for_their_place_in_a_long_queue_shares_one_look_ahead():
    """A thousand who wait ask at the same moment while jobs begin: the queue is run ahead once."""
    scheduler = _scheduler(*(ticket(f"j{number}", number) for number in range(1_000)), num_slots=10)
    scheduler.places()
    first = scheduler._forecast

    for number in range(5):
        scheduler.next_job(now_seconds=0.01 * number)
        assert all(scheduler.place(f"j{number}") is not None for number in range(1_000))

    assert scheduler._forecast is first
    scheduler.estimate_wait_seconds("j999", now_seconds=0.5)
    assert scheduler._forecast is not first
