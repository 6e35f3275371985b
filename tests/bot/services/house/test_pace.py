"""A hundred commands a minute of one person, in one channel, on one server, with a clock that stands where it is told."""

from __future__ import annotations

import tracemalloc

import pytest

from bot.services.house.pace import ORDER_COST, QUICK_COST, Asker, Pace, PaceDecision, PaceLimits

SECOND = 1_000_000_000


class Clock:
    """Time that passes when told to, in nanoseconds."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND

    def __call__(self) -> int:
        return self.now


def asker(user_id: int = 1, *, channel_id: int = 55, guild_id: int | None = 9) -> Asker:
    return Asker(user_id=user_id, channel_id=channel_id, guild_id=guild_id)


def paces(clock: Clock | None = None, **options) -> Pace:
    return Pace(clock_nanoseconds=clock or Clock(), **options)


def admitted(pace: Pace, who: Asker, limits: PaceLimits, *, times: int = 1, cost: int = ORDER_COST) -> int:
    """How many of some orders at once were let in."""
    return sum(pace.decide(who, limits, cost=cost).is_admitted for _ in range(times))


def refused(pace: Pace, who: Asker, limits: PaceLimits) -> PaceDecision:
    decision = pace.decide(who, limits)
    assert not decision.is_admitted
    return decision


def test_of_a_hundred_commands_at_once_as_many_pass_as_are_allowed():
    """The others are told how long to wait."""
    pace, limits = paces(), PaceLimits(person=30)
    assert admitted(pace, asker(), limits, times=30) == 30

    assert all("Wait 60 seconds" in refused(pace, asker(), limits).sentence for _ in range(70))


def test_waiting_as_long_as_the_sentence_says_is_enough():
    """What was refused meanwhile does not count."""
    clock = Clock()
    pace, limits = paces(clock), PaceLimits(person=2)
    pace.decide(asker(), limits)
    clock.now += 10 * SECOND + SECOND // 2
    pace.decide(asker(), limits)
    decision = refused(pace, asker(), limits)
    assert decision.wait_seconds == 49.5
    assert "Wait 50 seconds" in decision.sentence
    for _ in range(10):
        refused(pace, asker(), limits)

    clock.now += decision.wait_nanoseconds - 1
    assert refused(pace, asker(), limits).wait_nanoseconds == 1
    clock.now += 1
    assert pace.decide(asker(), limits).is_admitted


def test_one_person_does_not_slow_another():
    """Their limit is their own."""
    pace, limits = paces(), PaceLimits(person=1)
    pace.decide(asker(1), limits)

    assert pace.decide(asker(2), limits).is_admitted


@pytest.mark.parametrize(
    ("limit", "words"),
    [("channel", "from this channel"), ("server", "from this server"), ("person_here", "lets each person send me 3")],
)
def test_each_limit_has_its_name_and_its_words(limit, words):
    """Whoever is refused knows whose limit it is."""
    pace, limits = paces(), PaceLimits(person=30, **{limit: 3})
    admitted(pace, asker(), limits, times=3)

    decision = refused(pace, asker(), limits)
    assert decision.limit == limit
    assert words in decision.sentence


def test_many_accounts_together_meet_the_limit_of_their_channel_and_of_their_server():
    """A hundred people with one command each: the channel takes forty, another one still works until the server is full."""
    pace, limits = paces(), PaceLimits(person=5, channel=40, server=60)

    assert sum(admitted(pace, asker(each), limits) for each in range(100)) == 40
    assert sum(admitted(pace, asker(each, channel_id=56), limits) for each in range(100)) == 20
    assert refused(pace, asker(7, channel_id=57), limits).limit == "server"


def test_what_a_full_server_refuses_uses_up_nothing_of_the_persons():
    """All windows take an order, or none does."""
    pace, limits = paces(), PaceLimits(person=3, channel=10, server=5)
    for user_id in range(2, 7):
        pace.decide(asker(user_id), limits)
    for _ in range(50):
        assert refused(pace, asker(1), limits).limit == "server"

    assert admitted(pace, asker(1, guild_id=10, channel_id=80), limits, times=9) == 3


def test_of_two_full_limits_the_longer_wait_is_told():
    """So that the order passes after it."""
    clock = Clock()
    pace, limits = paces(clock), PaceLimits(person=1, server=2)
    pace.decide(asker(2), limits)
    clock.now += 20 * SECOND
    pace.decide(asker(1), limits)
    decision = refused(pace, asker(1), limits)

    assert (decision.limit, decision.wait_seconds) == ("person", 60)
    clock.now += decision.wait_nanoseconds
    assert pace.decide(asker(1), limits).is_admitted


def test_a_direct_message_has_no_server():
    """Only the person's own limit, and their channel's."""
    pace, limits = paces(), PaceLimits(person=0, server=1, person_here=1)

    assert admitted(pace, asker(guild_id=None), limits, times=10) == 10


def test_quick_commands_count_half():
    """Twice as many pass; one more order does not fit when half a place is free."""
    pace, limits = paces(), PaceLimits(person=5)

    assert admitted(pace, asker(), limits, times=9, cost=QUICK_COST) == 9
    assert not pace.decide(asker(), limits).is_admitted
    assert admitted(pace, asker(), limits, times=5, cost=QUICK_COST) == 1


def test_a_limit_of_nought_is_none():
    """An operator may switch it off, and nothing is remembered."""
    pace = paces()

    assert admitted(pace, asker(), PaceLimits(), times=1000) == 1000
    assert pace.num_counters == 0


def test_a_lowered_limit_holds_at_once():
    """Also for those who have asked more often already."""
    clock = Clock()
    pace = paces(clock)
    for _ in range(10):
        pace.decide(asker(), PaceLimits(server=100))
        clock.now += SECOND

    decision = refused(pace, asker(), PaceLimits(server=4))
    clock.now += decision.wait_nanoseconds - 1
    assert not pace.decide(asker(), PaceLimits(server=4)).is_admitted
    clock.now += 1
    assert pace.decide(asker(), PaceLimits(server=4)).is_admitted


def test_the_last_second_is_called_a_second():
    """Sentences are sentences."""
    clock = Clock()
    pace, limits = paces(clock), PaceLimits(person=1)
    pace.decide(asker(), limits)
    clock.now += 59 * SECOND + SECOND // 2

    assert "Wait 1 second," in refused(pace, asker(), limits).sentence


def test_people_who_have_gone_quiet_are_forgotten():
    """Memory does not grow with everybody who ever came."""
    clock = Clock()
    pace = paces(clock)
    for user_id in range(100):
        pace.decide(asker(user_id, channel_id=user_id), PaceLimits(person=3, channel=9))
        clock.now += 30 * SECOND

    assert pace.num_counters <= 4


def test_a_million_people_in_a_minute_take_bounded_memory():
    """The quietest begin anew; whoever keeps asking stays counted."""
    pace, limits = paces(max_counters=5_000), PaceLimits(person=30)
    for user_id in range(990_000):
        pace.decide(asker(user_id), limits)
    tracemalloc.start()  # from here on every window is made anew
    try:
        for user_id in range(990_000, 1_000_000):
            pace.decide(asker(user_id), limits)
        used_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert pace.num_counters == 5_000
    assert used_bytes < 5_000 * 500
    assert admitted(pace, asker(999_999), limits, times=40) == 29
