"""The buttons under a change that came late: rebase it, begin a branch with it, or leave it. They outlive a restart of the bot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

import discord

from bot.services.model import SongLine
from bot.ui.desk import desk_of
from bot.ui.seals import SealedItem
from bot.ui.together.branch_flow import press_branch, press_leave
from bot.ui.together.merge_flow import press_rebase

_LATE_LABELS: Mapping[str, str] = {"rebase": "Rebase", "branch": "New branch", "leave": "Leave it"}


class LateButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:late:(?P<action>rebase|branch|leave):(?P<revision_id>[0-9]{1,19})",
):
    """What can be done with a change that came late: the branch had moved on when it was done."""

    def __init__(self, action: str, revision_id: int) -> None:
        style = discord.ButtonStyle.primary if action == "rebase" else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(label=_LATE_LABELS[action], style=style, custom_id=f"tutti:late:{action}:{revision_id}")
        )
        self._action, self._revision_id = action, revision_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["revision_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Carry out the press."""
        desk = desk_of(interaction)
        handler = {
            "rebase": press_rebase,
            "branch": press_branch,
            "leave": press_leave,
        }[self._action]
        await desk.guarded(interaction, lambda: handler(desk, interaction, self._revision_id), custom_id=self.custom_id)


def with_late_buttons(view: discord.ui.View, revision_id: int, line: SongLine | None) -> discord.ui.View:
    """Return what stands under a result, and for a change that came late also what can become of it."""
    if line is not None and line.branch is None and not line.is_take:
        for action in _LATE_LABELS:
            view.add_item(LateButton(action, revision_id))
    return view
