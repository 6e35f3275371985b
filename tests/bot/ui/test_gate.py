"""What stands at the gate: names of commands and of buttons, and what comes twice."""

from __future__ import annotations

import pytest

from bot.services.house.permissions import group_of
from bot.ui.gate import PressGuard, Repeats, doing_of_press
from core.errors import LimitError


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("custom_id", "doing", "group"),
    [
        ("tutti:again:12", "again", "edit"),
        ("tutti:more:12:remix", "remix", "edit"),
        ("tutti:more:12:star", "star", None),
        ("tutti:delete:mine:1-2", "delete", None),
        ("tutti:settings:set:genre", "settings", "settings"),
        ("tutti:mydata:erase:5", "mydata", None),
        ("tutti:look:t-0.0:::::", "look", None),
        ("tutti:compose:accept:3", "compose", "generate"),
        ("nonsense", "nonsense", "edit"),
    ],
)
def test_a_button_says_what_it_does(custom_id, doing, group):
    """By its identifier, whichever file it comes from; what nobody knows counts as an edit."""
    assert doing_of_press(custom_id) == doing
    assert group_of(doing) == group


def test_what_discord_tells_twice_is_known_again():
    """The newest numbers are remembered, and no more of them than that."""
    repeats = Repeats(num_remembered=2)
    assert [repeats.is_repeat(number) for number in (1, 2, 1, 3, 2, 1)] == [False, False, True, False, True, False]


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
