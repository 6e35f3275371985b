"""A hundred commands a minute from one user, with a clock that stands where it is told."""

from __future__ import annotations

import pytest

from bot.services.house import pace
from bot.services.house.pace import Pace
from core.errors import LimitError


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(limit: Pace, user_id: int) -> LimitError:
    with pytest.raises(LimitError) as caught:
        limit.admit(user_id)
    return caught.value


def test_of_a_hundred_commands_at_once_as_many_pass_as_are_allowed():
    """The others are told how long to wait."""
    limit = Pace(max_requests=30, clock=Clock())
    for _ in range(30):
        limit.admit(1)

    assert all("Wait 60 seconds" in refused(limit, 1).reason for _ in range(70))


def test_waiting_as_long_as_the_sentence_says_is_enough():
    """What was refused meanwhile does not count."""
    clock = Clock()
    limit = Pace(max_requests=2, clock=clock)
    limit.admit(1)
    clock.now += 10.5
    limit.admit(1)
    error = refused(limit, 1)
    assert error.retry_after_seconds == 49.5
    assert "Wait 50 seconds" in error.reason
    for _ in range(10):
        refused(limit, 1)
    clock.now += error.retry_after_seconds

    limit.admit(1)


def test_one_person_does_not_slow_another():
    """The limit is each person's own."""
    limit = Pace(max_requests=1, clock=Clock())
    limit.admit(1)

    limit.admit(2)


def test_a_limit_of_nought_is_none():
    """An operator may switch it off."""
    limit = Pace(max_requests=0, clock=Clock())

    for _ in range(1000):
        limit.admit(1)


def test_the_last_second_is_called_a_second():
    """Sentences are sentences."""
    clock = Clock()
    limit = Pace(max_requests=1, clock=clock)
    limit.admit(1)
    clock.now += 59.9

    assert "Wait 1 second," in refused(limit, 1).reason


def test_people_who_have_gone_quiet_are_forgotten(monkeypatch):
    """Memory does not grow with everybody who ever came."""
    monkeypatch.setattr(pace, "_MAX_PEOPLE", 5)
    clock = Clock()
    limit = Pace(max_requests=3, clock=clock)
    for user_id in range(100):
        limit.admit(user_id)
        clock.now += 30

    assert len(limit._taken_at) <= 5
