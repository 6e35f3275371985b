"""The rows under messages, as Discord takes them, and their identifiers, which outlive the bot."""

from __future__ import annotations

import re

import discord
import pytest

from bot.ui.actions import ACTIONS
from bot.ui.views import MoreMenu, RevisionButton, result_view

_ROWS, _PER_ROW, _MENU_ENTRIES = 5, 5, 25


async def test_a_result_has_one_row_of_buttons_and_a_menu_of_all_the_rest():
    """One row fits a phone; nothing that can be done is missing, nothing is there twice."""
    row, more = result_view(12).to_components()
    shown = [button["custom_id"].split(":")[1] for button in row["components"]]
    (menu,) = more["components"]
    offered = [entry["value"] for entry in menu["options"]]

    assert len(shown) <= _PER_ROW
    assert menu["custom_id"] == "tutti:more:12"
    assert sorted(shown + offered) == sorted(ACTIONS)


def test_the_menu_has_room_for_every_action():
    """Discord takes 25 entries, labels and descriptions of at most 100 characters."""
    entries = [action for action in ACTIONS.values() if not action.is_primary]

    assert len(entries) <= _MENU_ENTRIES
    assert all(len(action.label) <= 100 and len(action.description) <= 100 for action in ACTIONS.values())


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_found_by_its_identifier(name: str):
    """Those that were buttons in old messages, too."""
    match = re.fullmatch(RevisionButton.__discord_ui_compiled_template__, f"tutti:{name}:7")

    assert match is not None
    assert (match["action"], match["revision_id"]) == (name, "7")


async def test_a_menu_is_made_anew_from_its_identifier():
    """As after a restart."""
    match = re.fullmatch(MoreMenu.__discord_ui_compiled_template__, "tutti:more:7")
    assert match is not None
    menu = await MoreMenu.from_custom_id(None, None, match)

    assert isinstance(menu.item, discord.ui.Select)
    assert menu.custom_id == "tutti:more:7"
