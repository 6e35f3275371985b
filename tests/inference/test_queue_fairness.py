"""Hundreds of people and thousands of jobs on a simulated clock: who waits how long, and whether they were told the truth."""

from __future__ import annotations

import random
from statistics import mean, median

import pytest

from inference.scheduler import Scheduler
from tests.inference.queue_simulation import Arrival, mean_waits, run_queue, ticket


def _seconds(each) -> float:
    """A quarter of a second a bar."""
    return 0.25 * each.work.num_bars


def _spread(waits) -> float:
    return max(waits) / min(waits)


def test_two_hundred_people_who_ask_for_the_same_wait_alike():
    """Five equal jobs each, all sent at once, eight servers: the longest mean wait is at most 1.5 times the shortest."""
    arrivals = [
        Arrival(0.0, ticket(f"{user}-{number}", user, guild_id=user % 8)) for number in range(5) for user in range(200)
    ]

    waits = mean_waits(run_queue(arrivals, num_workers=2, job_seconds=_seconds))

    assert len(waits) == 200
    assert _spread(waits.values()) <= 1.5


@pytest.mark.parametrize("flood", [0, 1_000])
def test_a_flood_changes_nothing_for_the_others(flood):
    """People who ask again after each answer wait alike, and as long, when one of them has sent a thousand jobs at once."""
    dice = random.Random(3)
    num_left = dict.fromkeys(range(1, 200), 7)

    def ask_again(done, seconds):
        user = done.user_id
        num_left[user] = num_left.get(user, 0) - 1
        if num_left[user] < 0:
            return None
        return Arrival(seconds + dice.uniform(0, 3), ticket(f"{user}-{num_left[user]}", user, guild_id=user % 8))

    arrivals = [Arrival(dice.uniform(0, 20), ticket(f"{user}", user, guild_id=user % 8)) for user in range(1, 200)]
    arrivals += [Arrival(0.0, ticket(f"flood-{number}", 0, guild_id=0)) for number in range(flood)]

    waits = mean_waits(run_queue(arrivals, num_workers=2, job_seconds=_seconds, after_end=ask_again))
    waits.pop(0, None)

    same_server = [wait for user, wait in waits.items() if user % 8 == 0]
    others = [wait for user, wait in waits.items() if user % 8]
    assert _spread(others) <= 1.5
    assert _spread(same_server) <= 1.5
    assert mean(same_server) < 1.15 * mean(others)


def test_a_server_of_one_is_not_behind_a_server_of_a_hundred():
    """A person alone on a server waits for what runs and the other server's turn or two, not for its hundred people."""
    crowd = [
        Arrival(0.0, ticket(f"crowd{user}-{number}", user, guild_id=1)) for number in range(3) for user in range(100)
    ]
    alone = [Arrival(20.0 * number + 10, ticket(f"alone{number}", 500, guild_id=2)) for number in range(10)]

    stories = run_queue([*crowd, *alone], job_seconds=_seconds)

    own = [story.wait_seconds for job_id, story in stories.items() if job_id.startswith("alone")]
    assert max(own) <= 3 * 4.0
    assert mean_waits(stories)[1] > 100


def test_short_work_does_not_wait_for_songs():
    """Forty people with 128-bar songs and four places: short pieces begin within seconds, and songs hardly wait longer."""

    def songs_and(num_short: int):
        dice = random.Random(5)
        songs = [
            Arrival(dice.uniform(0, 60), ticket(f"song{user}-{number}", user, guild_id=user % 4, num_bars=128))
            for user in range(40)
            for number in range(2)
        ]
        shorts = [
            Arrival(dice.uniform(60, 500), ticket(f"short{number}", 100 + number % 50, guild_id=number % 4, num_bars=4))
            for number in range(num_short)
        ]
        stories = run_queue([*songs, *shorts], num_workers=4, job_seconds=_seconds)
        return [
            [story.wait_seconds for job_id, story in stories.items() if job_id.startswith(name)]
            for name in ("song", "short")
        ]

    songs_alone, _ = songs_and(0)
    songs, shorts = songs_and(200)

    assert median(shorts) < 1.0
    assert max(shorts) < 10.0
    assert mean(songs) < 1.1 * mean(songs_alone)


def test_no_song_starves_under_an_endless_stream_of_short_work():
    """More short work than can be done, from ever new people: songs still get their half."""
    shorts = [Arrival(number * 0.8, ticket(f"short{number}", 1_000 + number, num_bars=4)) for number in range(350)]
    songs = [Arrival(10.0, ticket(f"song{user}", user, num_bars=128)) for user in range(3)]

    stories = run_queue([*songs, *shorts], job_seconds=_seconds)

    last_song = max(stories[f"song{user}"].end_seconds for user in range(3))
    assert last_song <= 10.0 + 2 * 3 * 32.0 + 32.0


def test_a_bound_for_every_job_of_a_mixed_crowd():
    """Whatever the lengths, nobody waits longer than their share says: people waiting, times own length and the longest."""
    dice = random.Random(7)
    arrivals = [
        Arrival(dice.uniform(0, 400), ticket(f"{number}", dice.randrange(30), num_bars=dice.choice([2, 4, 8, 16, 64])))
        for number in range(400)
    ]
    stories = run_queue(arrivals, job_seconds=_seconds)

    for story in stories.values():
        own = [other for other in stories.values() if other.ticket.user_id == story.ticket.user_id]
        ahead = [other for other in own if other.arrival_seconds <= story.arrival_seconds <= other.start_seconds]
        own_seconds = sum(_seconds(other.ticket) for other in ahead)
        assert story.wait_seconds <= 2 * 30 * (4 * own_seconds + 16.0)


def test_a_dying_worker_costs_nobody_their_turn():
    """With every fourth end a death, all jobs end, and people still wait alike."""
    arrivals = [
        Arrival(0.0, ticket(f"{user}-{number}", user, guild_id=user % 4)) for number in range(5) for user in range(60)
    ]

    stories = run_queue(
        arrivals,
        num_workers=2,
        slots_per_worker=2,
        job_seconds=_seconds,
        dice=random.Random(2),
        death_chance=0.25,
    )

    assert len(stories) == 300
    assert all(story.end_seconds > 0 for story in stories.values())
    assert _spread(mean_waits(stories).values()) <= 1.5


@pytest.mark.parametrize(("slots_per_worker", "exponent"), [(1, 0.0), (4, 0.5), (4, 1.0)])
def test_waits_are_foretold(slots_per_worker, exponent):
    """Once a hundred jobs were measured, waits are foretold to a fifth: jobs of any length, alone or in lanes, whose pace varies."""
    dice = random.Random(11)
    pace = {}
    arrivals = [
        Arrival(
            200.0 * (number // 60),
            ticket(f"{number}", number % 60, guild_id=number % 3, num_bars=dice.choice([2, 4, 8, 16, 32])),
        )
        for number in range(480)
    ]

    def seconds(each) -> float:
        return pace.setdefault(each.job_id, dice.uniform(0.7, 1.3)) * (0.3 + 0.25 * each.work.num_bars)

    stories = run_queue(
        arrivals,
        num_workers=2,
        slots_per_worker=slots_per_worker,
        job_seconds=seconds,
        slowdown=lambda num_together: num_together**exponent,
        is_foretold=True,
    )

    errors = []
    for number in range(240, 480):
        story = stories[str(number)]
        if story.wait_seconds > 10:
            foretold = story.foretold_start_seconds - story.arrival_seconds
            errors.append(abs(foretold - story.wait_seconds) / story.wait_seconds)
    assert len(errors) > 50
    assert median(errors) < 0.2


def test_what_is_told_goes_down_as_time_passes():
    """Somebody who watches sees place and wait shrink until the job begins."""
    scheduler = Scheduler(max_queued_jobs=100, num_slots=1)
    for user in range(6):
        scheduler.add(ticket(f"j{user}", user))
    told = []
    now = 0.0
    for _ in range(5):
        job_id = scheduler.next_job(now_seconds=now)
        for _ in range(4):
            now += 1.0
            told.append((scheduler.place("j5"), scheduler.estimate_wait_seconds("j5", now_seconds=now)))
        scheduler.finish(job_id, now_seconds=now)

    assert [place for place, _ in told[::4]] == [5, 4, 3, 2, 1]
    settled = [wait for _, wait in told[4:]]
    assert settled == sorted(settled, reverse=True)
    assert settled[-1] < 1
