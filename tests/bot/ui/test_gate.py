"""What stands at the gate: names of commands and of buttons."""

from __future__ import annotations

import pytest

from bot.services.house.permissions import group_of
from bot.ui.gate import Repeats, doing_of_press


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
