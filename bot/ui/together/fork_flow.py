"""/song fork: a song goes on in a thread of its own, here or in another channel that the person names. It knows threads only."""

from __future__ import annotations

from typing import Any

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Place
from bot.services.together.branches.forking import Inspiration
from bot.services.together.model import LICENCES, SharedSongView
from bot.ui.answers import author_of, place_of
from bot.ui.courier import send_again
from bot.ui.desk import Desk
from bot.ui.embeds.style import FIELD_LIMIT, GREEN, jump_url
from bot.ui.together.branch_flow import name_of_state
from bot.ui.together.song_flow import answer
from core.errors import InputError, PermissionDeniedError

_A_WEEK_MINUTES = 10_080
_NEEDED = ("view_channel", "create_public_threads", "send_messages_in_threads")


async def fork_song(
    desk: Desk,
    interaction: discord.Interaction[Any],
    *,
    channel: discord.TextChannel | None,
    title: str,
    at: str,
) -> None:
    """Begin a song in a new thread with a state of the song that lives here, and say where it is."""
    await desk.acknowledge(interaction)
    forking, author = desk.services.together.forking, author_of(interaction)
    state = await name_of_state(desk, interaction, at) if at else ""
    plan = await forking.plan(author, place_of(interaction), at=state, title=title)
    place = await _open_thread(interaction, channel, plan.title)
    song = await forking.fork(author, plan, place)
    await answer(interaction, forked_embed(song, plan.inspiration))


def forked_embed(song: SharedSongView, origin: Inspiration) -> discord.Embed:
    """Say where a fork lives, what it comes from, and what both share."""
    where = (
        f"[#{origin.revision_id}]({jump_url(origin.place, origin.message_id)})"
        if origin.message_id
        else f"#{origin.revision_id}"
    )
    embed = discord.Embed(
        title="Fork",
        description=(
            f"**{make_plain(song.title)}** lives in <#{song.place.channel_id}>, {make_plain(origin.words, limit=300)}, from {where}. "
            "Every note keeps its author, and /branch merge with a link can bring it back."
        ),
        colour=GREEN,
    )
    embed.add_field(name="Host", value=make_plain(song.host.name, limit=80), inline=True)
    embed.add_field(name=f"Licence: {song.licence}", value=clip(LICENCES[song.licence], FIELD_LIMIT), inline=False)
    return embed


async def _open_thread(interaction: discord.Interaction[Any], chosen: discord.TextChannel | None, title: str) -> Place:
    """Start a public thread in the chosen channel, else in the one that this thread is in.

    Raises:
        InputError: where there are no threads.
        PermissionDeniedError: when the bot or the person may not start one there.
    """
    here = interaction.channel
    channel: object = chosen if chosen is not None else here.parent if isinstance(here, discord.Thread) else here
    if not isinstance(channel, discord.TextChannel):
        raise InputError(
            "A fork lives in a thread of a text channel of this server that I can see. Name such a channel."
        )
    if isinstance(interaction.user, discord.Member):
        rights = channel.permissions_for(interaction.user)
        if not all(getattr(rights, name) for name in _NEEDED):
            raise PermissionDeniedError(f"You may not start threads in #{channel.name}. Name a channel where you may.")
    rights = channel.permissions_for(channel.guild.me)
    missing = [name.replace("_", " ").title() for name in _NEEDED if not getattr(rights, name)]
    if missing:
        raise PermissionDeniedError(
            f"I need the right {' and '.join(f'“{name}”' for name in missing)} in #{channel.name}. Ask somebody who manages the "
            "server, or name another channel."
        )
    thread = await send_again(
        lambda: channel.create_thread(
            name=title, type=discord.ChannelType.public_thread, auto_archive_duration=_A_WEEK_MINUTES
        )
    )
    return Place(guild_id=interaction.guild_id, channel_id=thread.id)
