"""Finds the music that a person points at: an attached file, a link to a message, a message, or the newest result.

It knows nothing of what happens to that music, and does not read the files.
"""

from __future__ import annotations

import re
from typing import Any

import discord

from bot.services.model import FromRevision, Place, Source, Upload
from bot.services.songs.service import SongService
from bot.services.together.service import SharedSongs
from bot.ui.answers import author_of, place_of
from bot.ui.courier import send_again
from bot.ui.fetching import fetch
from core.errors import InputError, NoMusicError, NotFoundError, PermissionDeniedError, UploadTooLargeError

MUSIC_SUFFIXES = (".mid", ".midi", ".kar", ".musicxml", ".mxl", ".xml", ".abc")

_LINK = re.compile(
    r"<?https://(?:ptb\.|canary\.)?discord(?:app)?\.com/channels/(?P<guild>@me|[0-9]{1,20})/"
    r"(?P<channel>[0-9]{1,20})/(?P<message>[0-9]{1,20})/?>?"
)
_BARE_ID = re.compile(r"[0-9]{15,20}")


class SourceFinder:
    """Turns what a person points at into a ``Source``."""

    def __init__(
        self, client: discord.Client, songs: SongService, shared: SharedSongs, *, max_upload_bytes: int
    ) -> None:
        self._client = client
        self._songs = songs
        self._shared = shared
        self._max_upload_bytes = max_upload_bytes

    async def find(
        self, interaction: discord.Interaction[Any], *, file: discord.Attachment | None, link: str | None
    ) -> Source:
        """Return the attached file, else the linked message's result, else the newest result in the channel.

        In the thread of a shared song the newest is the head of the branch that the person works on.

        Raises:
            InputError: when both are given, or a link that is none, or the file cannot be fetched.
            NoMusicError: when the channel or message has no music.
            NotFoundError: when the message was deleted.
            PermissionDeniedError: when the person may not see the message.
        """
        if file is not None and link:
            raise InputError("Give a file or a message, not both.")
        if file is not None:
            return await self.download(file)
        if link:
            return await self._follow(interaction, link)
        head_id = await self._shared.head_here(place_of(interaction), author=author_of(interaction))
        if head_id is not None:
            return FromRevision(revision_id=head_id)
        try:
            newest = await self._songs.newest_in_channel(place_of(interaction))
        except NotFoundError as error:
            raise NoMusicError(
                "There is no music of mine in this channel yet. Attach a MIDI or MusicXML file, or start with /generate."
            ) from error
        return FromRevision(revision_id=newest.revision_id)

    async def find_in(self, message: discord.Message, *, place: Place) -> Source:
        """Return the result that a message shows, else the first music file attached to it; ``place``: where somebody asks.

        Raises:
            NoMusicError: when there is neither.
        """
        try:
            revision = await self._songs.revision_of_message(message.id, place=place)
        except NotFoundError as error:
            for attachment in message.attachments:
                if attachment.filename.lower().endswith(MUSIC_SUFFIXES):
                    return await self.download(attachment)
            raise NoMusicError(
                "That message has no music. Choose one of my results, or a message with a MIDI or MusicXML file."
            ) from error
        return FromRevision(revision_id=revision.revision_id)

    async def download(self, attachment: discord.Attachment) -> Upload:
        """Fetch an attached file.

        Raises:
            UploadTooLargeError: before fetching, by the size that Discord states; or while more arrives than that.
            InputError: when Discord does not give it.
        """
        if attachment.size > self._max_upload_bytes:
            raise UploadTooLargeError(what="bytes", limit=self._max_upload_bytes, actual=attachment.size)
        data = await fetch(attachment.url, http=self._client.http, max_bytes=self._max_upload_bytes)
        return Upload(filename=attachment.filename, data=data)

    async def _follow(self, interaction: discord.Interaction[Any], link: str) -> Source:
        channel_id, message_id = self.read_link(interaction, link.strip())
        channel = self._client.get_partial_messageable(channel_id)
        message = await send_again(lambda: channel.fetch_message(message_id))
        return await self.find_in(message, place=place_of(interaction))

    def read_link(self, interaction: discord.Interaction[Any], link: str) -> tuple[int, int]:
        """Return channel and message of a link, when this person may read there.

        Raises:
            InputError: for a link that is none.
            PermissionDeniedError: when the person may not see the message.
        """
        here = place_of(interaction)
        if _BARE_ID.fullmatch(link):
            return here.channel_id, int(link)
        match = _LINK.fullmatch(link)
        if match is None:
            raise InputError("That is no link to a message. Use “Copy Message Link” in the menu of one of my results.")
        channel_id = int(match["channel"])
        if channel_id != here.channel_id and not (
            match["guild"] == str(interaction.guild_id) and may_read(interaction, channel_id)
        ):
            raise PermissionDeniedError(
                "That message is in a channel that I cannot show you. Link a message that you can see in this server."
            )
        return channel_id, int(match["message"])


def may_read(interaction: discord.Interaction[Any], channel_id: int) -> bool:
    """Tell whether the person sees a channel of this server, so that links and trees give nothing away."""
    if interaction.guild is None:
        return False
    channel = interaction.guild.get_channel_or_thread(channel_id)
    if channel is None or not isinstance(interaction.user, discord.Member):
        return False
    rights = channel.permissions_for(interaction.user)
    return rights.view_channel and rights.read_message_history
