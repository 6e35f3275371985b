"""/delete: a linked result at once, or one's own newest ones after a second press. It knows nothing of what deleting does."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Self

import discord

from bot.plain_text import clip
from bot.services.model import RevisionView
from bot.ui.answers import author_of, place_of, show_privately
from bot.ui.courier import NO_PINGS, send_again
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.style import DESCRIPTION_LIMIT, RED, link_to
from bot.ui.seals import SealedItem
from core.errors import InputError, NotFoundError, TuttiError

MAX_NEWEST = 20


async def delete_linked(desk: Desk, interaction: discord.Interaction[Any], link: str) -> None:
    """Delete what a linked message shows, and the message: for its author or a moderator."""
    await desk.think_privately(interaction)
    channel_id, message_id = desk.finder.read_link(interaction, link.strip())
    await desk.services.songs.delete_all_of_message(
        message_id, by=await desk.moderator_of(interaction), place=place_of(interaction)
    )
    await _remove(interaction, channel_id=channel_id, message_id=message_id)
    await show_privately(interaction, text="Deleted, music and message.")


async def offer_deletion(desk: Desk, interaction: discord.Interaction[Any], *, num_newest: int) -> None:
    """Show one's own newest results of this channel, with a button that deletes just these.

    Raises:
        InputError: when there are none.
    """
    mine = await _newest_of(desk, interaction, limit=num_newest)
    if not mine:
        raise InputError("You have no results in this channel. /history mine:True shows yours from everywhere.")
    lines = clip("\n".join(f"- {link_to(revision)}" for revision in mine), DESCRIPTION_LIMIT - 200)
    embed = discord.Embed(
        title=f"Delete your {len(mine)} newest results here?",
        description=f"{lines}\n\nTheir music and messages go for good; the tree keeps an empty step.",
        colour=RED,
    )
    view = discord.ui.View(timeout=None)
    view.add_item(DeleteNewestButton(oldest_id=mine[-1].revision_id, newest_id=mine[0].revision_id))

    async def respond() -> None:
        if not interaction.response.is_done():
            await interaction.response.send_message(embed=embed, view=view, ephemeral=True, allowed_mentions=NO_PINGS)

    await send_again(respond)


class DeleteNewestButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:delete:mine:(?P<oldest_id>[0-9]{1,19})-(?P<newest_id>[0-9]{1,19})",
):
    """Deletes one's own results of this channel from one number to another."""

    def __init__(self, *, oldest_id: int, newest_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label="Delete them for good",
                style=discord.ButtonStyle.danger,
                custom_id=f"tutti:delete:mine:{oldest_id}-{newest_id}",
            )
        )
        self._oldest_id, self._newest_id = oldest_id, newest_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(oldest_id=int(match["oldest_id"]), newest_id=int(match["newest_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Delete, and say how many went."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: self._delete(desk, interaction), custom_id=self.custom_id)

    async def _delete(self, desk: Desk, interaction: discord.Interaction[Any]) -> None:
        await desk.think_privately(interaction)
        mine = await _newest_of(desk, interaction, limit=100)
        named = [each for each in mine if self._oldest_id <= each.revision_id <= self._newest_id]
        for revision in named:
            with contextlib.suppress(NotFoundError):  # deleted meanwhile, by its own button
                await desk.services.songs.delete(revision.revision_id, by=author_of(interaction))
        messages = {(each.place.channel_id, each.message_id) for each in named if each.message_id is not None}
        for channel_id, message_id in messages:
            with contextlib.suppress(NotFoundError):
                await desk.services.songs.revision_of_message(message_id, place=place_of(interaction))
                continue  # it shows somebody else's take, too
            await _remove(interaction, channel_id=channel_id, message_id=message_id)
        text = f"Deleted {len(named)} results, music and messages." if named else "They were deleted already."
        await show_privately(interaction, text=text)


async def _newest_of(desk: Desk, interaction: discord.Interaction[Any], *, limit: int) -> list[RevisionView]:
    here = place_of(interaction).channel_id
    mine = await desk.services.songs.history(author_of(interaction), limit=100)
    return [revision for revision in mine if revision.place.channel_id == here][:limit]


async def _remove(interaction: discord.Interaction[Any], *, channel_id: int, message_id: int) -> None:
    """Remove a message of ours; one that is gone, or out of reach, is no trouble: its music is deleted."""
    message = interaction.client.get_partial_messageable(channel_id).get_partial_message(message_id)
    with contextlib.suppress(TuttiError):
        await send_again(message.delete)
