"""The buttons under votes. Their identifiers carry the vote and the letter's place, so they work for ever.

A press is translated to one call; what happens then is not known here.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.services.together.votes.model import LETTERS, VoteView
from bot.ui.desk import desk_of
from bot.ui.seals import SealedItem
from bot.ui.together.late_buttons import LateButton
from bot.ui.together.vote_flow import press_ballot, press_merge_winner


class BallotButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:ballot:(?P<vote_id>[0-9]{1,19}):(?P<choice>[0-3])",
):
    """Casts a ballot."""

    def __init__(self, vote_id: int, choice: int, *, is_disabled: bool = False) -> None:
        shown = discord.ui.Button[Any](
            label=LETTERS[choice],
            style=discord.ButtonStyle.primary,
            custom_id=f"tutti:ballot:{vote_id}:{choice}",
            disabled=is_disabled,
        )
        super().__init__(shown)
        self._vote_id, self._choice = vote_id, choice

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(int(match["vote_id"]), int(match["choice"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press on."""
        desk = desk_of(interaction)
        await desk.guarded(
            interaction,
            lambda: press_ballot(desk, interaction, self._vote_id, self._choice),
            custom_id=self.custom_id,
        )


class MergeWinnerButton(SealedItem[discord.ui.Button[Any]], template=r"tutti:merge-winner:(?P<vote_id>[0-9]{1,19})"):
    """Brings the branch that won into main."""

    def __init__(self, vote_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label="Merge the winner", style=discord.ButtonStyle.primary, custom_id=f"tutti:merge-winner:{vote_id}"
            )
        )
        self._vote_id = vote_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(int(match["vote_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press on."""
        desk = desk_of(interaction)
        await desk.guarded(
            interaction, lambda: press_merge_winner(desk, interaction, self._vote_id), custom_id=self.custom_id
        )


def vote_view(vote: VoteView) -> discord.ui.View:
    """Return what stands under a vote: a letter for each option while it is open, and what is left to do when it is over."""
    view = discord.ui.View(timeout=None)
    if vote.outcome is None:
        for place, revision in enumerate(vote.revisions):
            view.add_item(BallotButton(vote.vote_id, place, is_disabled=revision is None))
    elif vote.outcome.taken == "merge":
        view.add_item(MergeWinnerButton(vote.vote_id))
    elif vote.outcome.taken == "late" and vote.outcome.revision_id is not None:
        for action in ("rebase", "branch"):
            view.add_item(LateButton(action, vote.outcome.revision_id))
    return view
