"""Presses in a hurry."""

from __future__ import annotations

import pytest

from bot.ui.desk import PressGuard
from core.errors import LimitError


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_second_press_of_the_same_button_is_refused_for_a_moment():
    """Later, the same button works again."""
    clock = Clock()
    guard = PressGuard(window_seconds=3.0, clock=clock)
    guard.admit(1, "tutti:again:7")
    clock.now = 2.9
    with pytest.raises(LimitError, match="twice"):
        guard.admit(1, "tutti:again:7")
    clock.now = 3.1

    guard.admit(1, "tutti:again:7")


def test_other_people_and_other_buttons_are_not_affected():
    """The guard is about one person and one button."""
    guard = PressGuard(clock=Clock())
    guard.admit(1, "tutti:again:7")

    guard.admit(2, "tutti:again:7")
    guard.admit(1, "tutti:remix:7")


def test_old_presses_are_forgotten():
    """Memory does not grow with every press."""
    clock = Clock()
    guard = PressGuard(window_seconds=1.0, clock=clock)
    for number in range(1000):
        clock.now = float(number)
        guard.admit(1, f"tutti:again:{number}")

    assert len(guard._taken_at) <= 2
