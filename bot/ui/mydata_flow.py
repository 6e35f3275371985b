"""/mydata: the export as private files, and erasing behind a button that only the person can press. It knows nothing of what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self

import discord

from bot.services.model import File
from bot.services.people.mydata import Belongings
from bot.ui.answers import show_privately
from bot.ui.courier import NO_PINGS, send_again, to_discord
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.style import BLUE, RED
from bot.ui.seals import SealedItem
from bot.ui.sending import Fitting, outgoing, send_fitting
from core.errors import NotFoundError, PermissionDeniedError

_NOTHING = "I keep nothing about you. There is nothing to take away or to erase."


async def export_mydata(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Send somebody everything that is kept about them, for their eyes only."""
    await desk.think_privately(interaction)
    keeping = desk.services.keeping
    export = await keeping.mydata.export(interaction.user.id, size_limit_bytes=interaction.filesize_limit)
    text = f"Everything that I keep about you, with the MIDI files of {export.num_pieces} pieces. Only you see this."
    if export.num_left_out:
        text += (
            f" {export.num_left_out} of the oldest pieces do not fit into {len(export.parts)} messages; their settings "
            "are in data.json. Ask whoever runs me for the rest."
        )
    first, *others = export.parts
    await _send_part(interaction, first, text=text)
    for part in others:
        await _send_part(interaction, part, text=None)


async def offer_erasure(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Say what would go, with a button that does it."""
    belongings = await desk.services.keeping.mydata.belongings(interaction.user.id)
    if belongings == Belongings():
        await show_privately(interaction, text=_NOTHING)
        return
    view = discord.ui.View(timeout=None)
    view.add_item(EraseButton(interaction.user.id))

    async def respond() -> None:
        if not interaction.response.is_done():
            await interaction.response.send_message(
                embed=_warning(belongings), view=view, ephemeral=True, allowed_mentions=NO_PINGS
            )

    await send_again(respond)


class EraseButton(SealedItem[discord.ui.Button[Any]], template=r"tutti:mydata:erase:(?P<user_id>[0-9]{1,20})"):
    """Erases the person who asked for it."""

    def __init__(self, user_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label="Erase me for good", style=discord.ButtonStyle.danger, custom_id=f"tutti:mydata:erase:{user_id}"
            )
        )
        self._user_id = user_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(int(match["user_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Erase, and say what went."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: self._erase(desk, interaction), custom_id=self.custom_id)

    async def _erase(self, desk: Desk, interaction: discord.Interaction[Any]) -> None:
        if interaction.user.id != self._user_id:
            raise PermissionDeniedError("This button is for somebody else. Use /mydata erase for yourself.")
        try:
            counts = await desk.do_quietly(
                interaction, lambda: desk.services.keeping.privacy.erase(self._user_id, needs_rest=True)
            )
        except NotFoundError:
            await show_privately(interaction, text=_NOTHING)
            return
        text = (
            f"Done. Your name and number are gone, with {counts['jobs']} jobs, {counts['uploads']} files, "
            f"{counts['revisions']} results made from them, {counts['favourites']} stars, and in {counts['songs']} songs made together "
            f"{counts['comments']} comments and {counts['ballots']} ballots. Messages that are still in "
            "Discord stay there: they are not mine to know any more, but you can ask a moderator to delete them."
        )
        await send_again(_replacing(interaction, discord.Embed(description=text, colour=BLUE)))


def _warning(belongings: Belongings) -> discord.Embed:
    embed = discord.Embed(title="Erase everything about you?", colour=RED)
    embed.description = (
        f"I keep {belongings.num_results} results of yours, {belongings.num_uploads} files that you sent, "
        f"{belongings.num_jobs} jobs and {belongings.num_favourites} stars. You are or were in {belongings.num_songs} songs made "
        f"together, with {belongings.num_comments} comments.\n\n"
        "**Goes at once:** your number and name, your jobs, stars and drafts, the words you typed, names of your files, and the "
        "music of your files with everything made from it, unless somebody else built on it; in songs made together your comments, "
        "ballots, claims and turns. Your locks open, and if you are host, the editor who joined first takes over.\n"
        "**Stays without your name:** your layers of songs made together, that music of yours that somebody else built on, and results "
        "that you made without a file. "
        "Delete those before, with /delete or the Delete entry under them, if you want them gone.\n\n"
        "This cannot be undone. /mydata export gives you a copy first."
    )
    return embed


async def _send_part(interaction: discord.Interaction[Any], part: File, *, text: str | None) -> None:
    """Send an archive: with a text as the answer itself, without one after it."""

    async def send(fitting: Fitting) -> None:
        words = " ".join(said for said in (text, fitting.words) if said)

        async def fill() -> None:
            await interaction.edit_original_response(
                content=words, attachments=to_discord(fitting.files), allowed_mentions=NO_PINGS
            )

        async def follow() -> None:
            await interaction.followup.send(
                words, files=to_discord(fitting.files), ephemeral=True, allowed_mentions=NO_PINGS
            )

        await send_again(follow if text is None else fill)

    await send_fitting(outgoing((part,)), send, size_limit_bytes=interaction.filesize_limit)


def _replacing(interaction: discord.Interaction[Any], embed: discord.Embed) -> Callable[[], Any]:
    async def edit() -> None:
        await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=NO_PINGS)

    return edit
