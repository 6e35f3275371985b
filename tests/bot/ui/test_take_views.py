"""The rows under several takes, and their identifiers, which outlive the bot."""

from __future__ import annotations

import re

import pytest

from bot.ui.take_actions import TAKE_ACTIONS
from bot.ui.take_views import TakeButton, takes_view
from bot.ui.views import RevisionButton


@pytest.mark.parametrize("num_takes", [2, 3, 4])
async def test_each_take_can_be_picked_and_varied(num_takes: int):
    """One row for each kind; what is about all of them comes last."""
    rows = takes_view(list(range(40, 40 + num_takes))).to_components()
    labels = [[button["label"] for button in row["components"]] for row in rows]
    numbers = range(1, num_takes + 1)

    assert labels == [
        [f"Pick {n}" for n in numbers],
        [f"Vary {n}" for n in numbers],
        [f"Again {n}" for n in numbers],
        ["Again", "Delete all"],
    ]
    assert rows[1]["components"][1]["custom_id"] == f"tutti:vary:2of{num_takes}:41"


@pytest.mark.parametrize("action", TAKE_ACTIONS)
async def test_a_button_is_made_anew_from_its_identifier(action: str):
    """As after a restart; it is not mistaken for the button of a single result."""
    match = re.fullmatch(TakeButton.__discord_ui_compiled_template__, f"tutti:{action}:3of4:77")
    assert match is not None
    button = await TakeButton.from_custom_id(None, None, match)

    assert button.custom_id == f"tutti:{action}:3of4:77"
    assert re.fullmatch(RevisionButton.__discord_ui_compiled_template__, button.custom_id) is None
