"""The simulated service agrees with queueing theory, serves everybody once, and does what the bot does."""

from __future__ import annotations

import random
from collections import Counter
from statistics import mean

import pytest

from inference.work import Work
from soak.scaling.queueing import erlang_c, first_come_waits, mean_wait_seconds
from soak.scaling.service_model import Asked, ServiceModel, Shape

_WORK = Work(kind="remix", num_bars=4)
_UNLIMITED = {"max_queued_jobs": 10**6, "max_jobs_per_user": 10**6, "max_jobs_per_server": 10**6}


def _poisson(*, rate: float, num: int, seconds: float, seed: int = 1) -> list[Asked]:
    """People who never came before, each with one wish of an exponential length."""
    dice, now, wishes = random.Random(seed), 0.0, []
    for number in range(num):
        now += dice.expovariate(rate)
        length = dice.expovariate(1 / seconds)
        wishes.append(Asked(at_seconds=now, user_id=number, guild_id=number, work=_WORK, seconds=length))
    return wishes


def _shape(num_workers: int, **changes) -> Shape:
    return Shape(num_workers=num_workers, **{"num_lanes": 1, "num_spares": 0, **_UNLIMITED, **changes})


def test_erlang_c_has_its_textbook_values():
    """One server: the load itself; two with a load of one: a third; ten with eight: 0.409."""
    assert erlang_c(num_servers=1, offered_load=0.7) == pytest.approx(0.7)
    assert erlang_c(num_servers=2, offered_load=1.0) == pytest.approx(1 / 3)
    assert erlang_c(num_servers=10, offered_load=8.0) == pytest.approx(0.409, abs=0.001)
    assert mean_wait_seconds(num_servers=1, arrivals_per_second=0.5, service_seconds=1.0) == pytest.approx(1.0)


_LOADS = [(1, 0.6), (4, 3.2), (20, 17.0)]


@pytest.mark.parametrize(("num_workers", "load"), _LOADS)
def test_a_first_come_queue_has_the_waits_of_erlang_c(num_workers, load):
    """Mean wait within 8 %, share of those who wait within 4 %, of 300,000 wishes."""
    dice, now, arrivals = random.Random(2), 0.0, []
    for _ in range(300_000):
        now += dice.expovariate(load / 2.0)
        arrivals.append((now, dice.expovariate(0.5)))

    waits = first_come_waits(arrivals, num_servers=num_workers)

    expected = mean_wait_seconds(num_servers=num_workers, arrivals_per_second=load / 2.0, service_seconds=2.0)
    assert mean(waits) == pytest.approx(expected, rel=0.08)
    chance = erlang_c(num_servers=num_workers, offered_load=load)
    assert mean(wait > 0 for wait in waits) == pytest.approx(chance, rel=0.04)


@pytest.mark.parametrize(("num_workers", "load"), _LOADS)
def test_strangers_with_equal_wishes_wait_as_in_a_first_come_queue(num_workers, load):
    """The real scheduler knows nobody's length beforehand: the waits are those of theory on the same arrivals."""
    wishes = _poisson(rate=load / 2.0, num=3_000, seconds=2.0)
    service = ServiceModel(_shape(num_workers), seed=1)

    waits = {story.asked.user_id: story.wait_seconds for story in service.run(wishes)}

    expected = first_come_waits(((wish.at_seconds, wish.seconds) for wish in wishes), num_servers=num_workers)
    assert mean(waits.values()) == pytest.approx(mean(expected), rel=1e-6)
    assert service.busy_seconds == pytest.approx(sum(wish.seconds for wish in wishes), rel=1e-6)


def test_jobs_that_share_a_worker_take_as_long_as_processor_sharing_says():
    """M/M/1 with turns for all aboard: seconds from asking to the end are the length over what the load leaves free."""
    service = ServiceModel(_shape(1, num_lanes=64), seed=1)

    stories = list(service.run(_poisson(rate=0.25, num=6_000, seconds=2.0)))

    assert mean(story.reply_seconds for story in stories) == pytest.approx(2.0 / (1 - 0.5), rel=0.08)


def test_songs_in_lanes_slow_each_other_down_as_measured():
    """Four songs at once, each four to the power of a half as slow as alone; a remix beside them has every second turn."""
    songs = [
        Asked(at_seconds=0.0, user_id=n, guild_id=n, work=Work(kind="generate", num_bars=4), seconds=3.0)
        for n in range(4)
    ]
    service = ServiceModel(_shape(1, num_lanes=5, lane_exponent=0.5), seed=1)
    assert [story.end_seconds for story in service.run(songs)] == pytest.approx([6.0] * 4)

    remix = Asked(at_seconds=0.0, user_id=9, guild_id=9, work=_WORK, seconds=1.0)
    service = ServiceModel(_shape(1, num_lanes=5, lane_exponent=0.5), seed=1)
    assert [story.end_seconds for story in service.run([*songs, remix])] == pytest.approx([2.0, *[7.0] * 4])


def test_nothing_is_lost_when_workers_die():
    """Workers that live half an hour on average: every wish is served once, and some were begun again."""
    shape = _shape(3, num_lanes=2, num_spares=1, hours_between_deaths=0.05, noticed_seconds=0.5, load_seconds=5.0)
    service = ServiceModel(shape, seed=2)

    stories = list(service.run(_poisson(rate=1.0, num=1_000, seconds=2.0)))

    assert service.num_deaths > 10
    assert Counter(story.asked.user_id for story in stories) == Counter(range(1_000))
    assert all(story.end_seconds >= story.start_seconds >= story.asked.at_seconds for story in stories)


def test_limits_turn_away_as_the_bot_does():
    """A person, a server and the queue each have their limit, and what is over is free again."""
    shape = Shape(
        num_workers=1, num_lanes=1, num_spares=0, max_queued_jobs=3, max_jobs_per_user=2, max_jobs_per_server=3
    )
    people = [(1, 1), (1, 1), (1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 4)]
    wishes = [
        Asked(at_seconds=0.0, user_id=user, guild_id=guild, work=_WORK, seconds=1.0) for user, guild in people
    ] + [Asked(at_seconds=50.0, user_id=1, guild_id=1, work=_WORK, seconds=1.0)]

    stories = sorted(ServiceModel(shape, seed=1).run(wishes), key=lambda story: story.asked.at_seconds)

    refused = Counter(story.refused_by for story in stories)
    assert refused == {"": 5, "user": 1, "server": 1, "queue": 2}
    assert stories[-1].refused_by == ""


def test_same_seed_same_story():
    """Deaths included."""

    def ends():
        shape = _shape(2, num_lanes=2, num_spares=1, hours_between_deaths=0.02, noticed_seconds=0.1, load_seconds=3.0)
        return [s.end_seconds for s in ServiceModel(shape, seed=5).run(_poisson(rate=0.8, num=300, seconds=2.0))]

    assert ends() == ends()
