"""The buttons under a message of several takes. Their identifiers carry take and revision, so they outlive a restart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.ui.desk import desk_of
from bot.ui.seals import SealedItem
from bot.ui.take_actions import TAKE_ACTIONS

_ROWS = {"pick": 0, "vary": 1, "anew": 2, "again": 3, "vote": 3, "delete": 3}


class TakeButton(
    SealedItem[discord.ui.Button[Any]],
    template=rf"tutti:(?P<action>{'|'.join(TAKE_ACTIONS)}):(?P<number>[1-4])of(?P<total>[1-4]):(?P<revision_id>[0-9]{{1,19}})",
):
    """A button about one of several takes, or about all of them (then it bears the first)."""

    def __init__(self, action: str, revision_id: int, *, number: int, total: int) -> None:
        shown = TAKE_ACTIONS[action]
        label = f"{shown.label} {number}" if shown.is_about_one else shown.label
        custom_id = f"tutti:{action}:{number}of{total}:{revision_id}"
        super().__init__(
            discord.ui.Button(label=label, style=shown.style, custom_id=custom_id, row=_ROWS[action]), row=_ROWS[action]
        )
        self._action = action
        self._revision_id = revision_id
        self._total = total

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["revision_id"]), number=int(match["number"]), total=int(match["total"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the desk."""
        desk = desk_of(interaction)
        handler = TAKE_ACTIONS[self._action].handler
        await desk.guarded(
            interaction,
            lambda: handler(desk, interaction, self._revision_id, self._total),
            custom_id=self.custom_id,
        )


def takes_view(revision_ids: Sequence[int], *, is_in_song: bool = False) -> discord.ui.View:
    """Return the rows under several takes: pick one, vary one, ask for one again, and what is about all of them.

    ``is_in_song``: people make the song together, so they may vote.
    """
    view = discord.ui.View(timeout=None)
    total = len(revision_ids)
    for action, shown in TAKE_ACTIONS.items():
        if shown.is_for_songs and not is_in_song:
            continue
        about = list(enumerate(revision_ids, start=1))
        for number, revision_id in about if shown.is_about_one else about[:1]:
            view.add_item(TakeButton(action, revision_id, number=number, total=total))
    return view
