"""The buttons and menus under messages. Their identifiers carry the revision or job, so they outlive a restart of the bot.

A press is translated to one call of the desk; what happens then is not known here.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.ui.actions import ACTIONS
from bot.ui.desk import desk_of
from bot.ui.seals import SealedItem


class RevisionButton(
    SealedItem[discord.ui.Button[Any]],
    template=rf"tutti:(?P<action>{'|'.join(ACTIONS)}):(?P<revision_id>[0-9]{{1,19}})",
):
    """A button that does something with one revision."""

    def __init__(self, action: str, revision_id: int) -> None:
        shown = ACTIONS[action]
        super().__init__(
            discord.ui.Button(label=shown.label, style=shown.style, custom_id=f"tutti:{action}:{revision_id}"),
        )
        self._action = action
        self._revision_id = revision_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["revision_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the desk."""
        desk = desk_of(interaction)
        handler = ACTIONS[self._action].handler
        await desk.guarded(interaction, lambda: handler(desk, interaction, self._revision_id), custom_id=self.custom_id)


class MoreMenu(
    SealedItem[discord.ui.Select[Any]],
    template=r"tutti:more:(?P<revision_id>[0-9]{1,19})",
):
    """A menu of everything else that can be done with one revision."""

    def __init__(self, revision_id: int) -> None:
        options = [
            discord.SelectOption(label=action.label, value=name, description=action.description or None)
            for name, action in ACTIONS.items()
            if not action.is_primary
        ]
        super().__init__(
            discord.ui.Select(custom_id=f"tutti:more:{revision_id}", placeholder="More…", options=options),
        )
        self._revision_id = revision_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the menu anew from its identifier."""
        return cls(int(match["revision_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the choice to the desk."""
        chosen = [name for name in self.item.values if name in ACTIONS]
        if not chosen:  # an entry of a later version of ours
            return
        desk = desk_of(interaction)
        handler = ACTIONS[chosen[0]].handler
        custom_id = f"{self.custom_id}:{chosen[0]}"
        await desk.guarded(interaction, lambda: handler(desk, interaction, self._revision_id), custom_id=custom_id)


class CancelButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:cancel:(?P<job_id>[0-9]{1,19})",
):
    """Stops a running job."""

    def __init__(self, job_id: int) -> None:
        super().__init__(
            discord.ui.Button(label="Cancel", style=discord.ButtonStyle.secondary, custom_id=f"tutti:cancel:{job_id}"),
        )
        self._job_id = job_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(int(match["job_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the desk."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: desk.press_cancel(interaction, self._job_id), custom_id=self.custom_id)


def result_view(revision_id: int, *, with_edit: bool = False) -> discord.ui.View:
    """Return what stands under a finished result: one row of buttons, and a menu of the rest.

    ``with_edit``: the wish came in plain words, so correcting what was understood is a button of its own.
    """
    view = discord.ui.View(timeout=None)
    for name, action in ACTIONS.items():
        if action.is_primary:
            view.add_item(RevisionButton(name, revision_id))
    if with_edit:
        view.add_item(RevisionButton("edit", revision_id))
    view.add_item(MoreMenu(revision_id))
    return view


def running_view(job_id: int) -> discord.ui.View:
    """Return the row of buttons under a running job."""
    view = discord.ui.View(timeout=None)
    view.add_item(CancelButton(job_id))
    return view
