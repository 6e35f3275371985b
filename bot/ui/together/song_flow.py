"""Songs made together, from commands and presses to the services: beginning one in a thread, joining, changing at once.

It knows threads, and nothing of how songs are kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.plain_text import make_plain, seen
from bot.services.model import Author, FromRevision, Place
from bot.services.operations.founding import FoundOptions
from bot.services.options import Options
from bot.services.together.model import DEFAULT_LICENCE, Role, SharedSongView, SongChange
from bot.ui.answers import author_of, place_of
from bot.ui.courier import NO_PINGS, send_again
from bot.ui.desk import Desk
from bot.ui.embeds.style import BLUE
from bot.ui.together.song_embeds import begun_embed, change_embed, layers_embed, left_embed, membership_embed
from core.errors import InputError, PermissionDeniedError

_MAX_THREAD_NAME = 100


async def begin_song(
    desk: Desk,
    interaction: discord.Interaction[Any],
    options: FoundOptions,
    *,
    licence: str = DEFAULT_LICENCE,
    revision_id: int | None = None,
    link: str | None = None,
) -> None:
    """Begin a song in a thread of its own, or in the thread where this is asked if no song lives there yet."""
    songs, author, here = desk.services.together.songs, author_of(interaction), place_of(interaction)
    title = seen(options.title).strip()[:_MAX_THREAD_NAME] or f"{seen(author.name)[:60]}'s song"
    is_thread = isinstance(interaction.channel, discord.Thread)

    async def look() -> int | None:
        found = await revision_at(desk, interaction, link=link) if link else revision_id
        if is_thread and await songs.lives_in(here):
            raise InputError("A song lives in this thread already. Begin another in the channel outside of it.")
        return found

    _, revision_id = await desk.acknowledge_after(interaction, look)
    place = here if is_thread else await _open_thread(interaction, title)
    options = FoundOptions(title=title, num_bars=options.num_bars, metre=options.metre, tempo_bpm=options.tempo_bpm)
    song = await songs.found(author, place, options, licence=licence, from_revision_id=revision_id)
    await answer(interaction, begun_embed(song))


async def press_make_song(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Begin a song with the music of the result whose button was pressed."""
    revision = await desk.services.songs.revision(revision_id)
    title = make_plain(revision.title)[:60] or f"Song from #{revision_id}"
    await begin_song(desk, interaction, FoundOptions(title=title), revision_id=revision_id)


async def change_song(desk: Desk, interaction: discord.Interaction[Any], options: Options) -> None:
    """Change the song that lives here at once, and say so in the thread."""
    ticket = await desk.acknowledge(interaction)
    songs = desk.services.together.songs
    change = await songs.change(ticket.author, ticket.place, options)
    await show_change(desk, interaction, change)


async def show_change(desk: Desk, interaction: discord.Interaction[Any], change: SongChange) -> None:
    """Answer an interaction with a change, and remember which message shows it, so that it can be pointed at."""
    message = await answer(interaction, change_embed(change))
    await desk.services.together.songs.note_message(change.revision.revision_id, message.id)


async def show_song(
    desk: Desk,
    interaction: discord.Interaction[Any],
    show: Callable[[SharedSongView], Awaitable[discord.Embed]],
) -> None:
    """Show something of the song that lives here to whoever asks."""

    async def look() -> discord.Embed:
        return await show(await desk.services.together.songs.here(place_of(interaction), author=author_of(interaction)))

    _, embed = await desk.acknowledge_after(interaction, look)
    await answer(interaction, embed)


async def join_song(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Let somebody into the song that lives here."""
    await desk.acknowledge(interaction)
    step = await desk.services.together.members.join(author_of(interaction), place_of(interaction))
    await answer(interaction, membership_embed(step))


async def leave_song(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Let somebody go."""
    await desk.acknowledge(interaction)
    step = await desk.services.together.members.leave(author_of(interaction), place_of(interaction))
    await answer(interaction, left_embed(step))


async def set_role(desk: Desk, interaction: discord.Interaction[Any], *, of: Author, role: Role) -> None:
    """Give somebody a role in the song that lives here."""
    await desk.acknowledge(interaction)
    members = desk.services.together.members
    step = await members.set_role(author_of(interaction), place_of(interaction), of=of, role=role)
    await answer(interaction, membership_embed(step))


async def set_open(desk: Desk, interaction: discord.Interaction[Any], *, is_open: bool) -> None:
    """Close the song that lives here, or open it again."""
    await desk.acknowledge(interaction)
    members = desk.services.together.members
    song = await members.set_open(author_of(interaction), place_of(interaction), is_open=is_open)
    words = "is open again." if is_open else "is closed. All of it stays; /song open goes on with it."
    await answer(interaction, discord.Embed(description=f"“{make_plain(song.title)}” {words}", colour=BLUE))


async def tag_state(desk: Desk, interaction: discord.Interaction[Any], *, name: str, link: str | None) -> None:
    """Give a state of the song that lives here a name."""
    _, revision_id = await desk.acknowledge_after(interaction, lambda: revision_at(desk, interaction, link=link))
    await desk.services.together.songs.tag(author_of(interaction), place_of(interaction), revision_id, name=name)
    words = f"#{revision_id} is called **{make_plain(name)}** now."
    await answer(interaction, discord.Embed(description=words, colour=BLUE))


async def revision_at(desk: Desk, interaction: discord.Interaction[Any], *, link: str | None) -> int:
    """Return the revision that a linked message shows; without a link the newest of the person's branch.

    Raises:
        InputError: when the message shows none of our results.
    """
    source = await desk.finder.find(interaction, file=None, link=link)
    if not isinstance(source, FromRevision):
        raise InputError("That message shows none of my results. Link one of mine, or leave it out to take the newest.")
    return source.revision_id


async def show_layers(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """List the layers of the song that lives here."""
    songs = desk.services.together.songs

    async def show(song: SharedSongView) -> discord.Embed:
        state = await songs.state_of(song.branch.head_id)
        return layers_embed(song, state, await songs.names_of({layer.owner_id for layer in state.layers}))

    await show_song(desk, interaction, show)


async def answer(
    interaction: discord.Interaction[Any], embed: discord.Embed, *, view: discord.ui.View | None = None
) -> discord.InteractionMessage:
    """Turn the acknowledgement of an interaction into its answer."""
    return await send_again(
        lambda: interaction.edit_original_response(embed=embed, view=view, allowed_mentions=NO_PINGS)
    )


async def _open_thread(interaction: discord.Interaction[Any], title: str) -> Place:
    """Start a public thread beside the command.

    Raises:
        InputError: where there are no threads.
        PermissionDeniedError: when the bot may not start one or write in it.
    """
    channel = interaction.channel
    if not isinstance(channel, discord.TextChannel):
        raise InputError("Songs live in threads of a server's text channels. Go to one, and ask there.")
    rights = interaction.app_permissions
    missing = [
        name
        for name, is_held in (
            ("Create Public Threads", rights.create_public_threads),
            ("Send Messages in Threads", rights.send_messages_in_threads),
        )
        if not is_held
    ]
    if missing:
        raise PermissionDeniedError(
            f"I need the right {' and '.join(f'“{name}”' for name in missing)} in this channel for a song of its own. "
            "Ask somebody who manages the server."
        )
    thread = await send_again(
        lambda: channel.create_thread(
            name=title,
            type=discord.ChannelType.public_thread,
            auto_archive_duration=10080,  # a week without a word
        )
    )
    return Place(guild_id=interaction.guild_id, channel_id=thread.id)
