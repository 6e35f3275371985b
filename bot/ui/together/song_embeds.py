"""What is said of songs made together: begun, joined, changed, and who is in them. It sends nothing; user text is escaped."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Author
from bot.services.together.members import Membership
from bot.services.together.model import LICENCES, Role, SharedSongView, SongChange
from bot.ui.embeds.replies import line_words
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, FIELD_LIMIT, GREEN
from bot.ui.wording.registry import WORDINGS, describe_options
from music.versions.layered import Layer, LayeredPiece

_MAX_LISTED = 40


def begun_embed(song: SharedSongView) -> discord.Embed:
    """Say where a new song lives and how to play along."""
    embed = discord.Embed(
        title="A song to make together",
        description=(
            f"**{make_plain(song.title)}** lives in <#{song.place.channel_id}>. Its card is pinned there. Everything you ask me for in "
            "that thread works on the song: /generate begins it, /layer adds to it, /remix, /infill and /arrange change it, "
            "and nothing is ever lost."
        ),
        colour=GREEN,
    )
    embed.add_field(name="Host", value=make_plain(song.host.name, limit=80), inline=True)
    embed.add_field(name=f"Licence: {song.licence}", value=LICENCES[song.licence], inline=False)
    embed.set_footer(text="The host changes title, licence and rules with /song settings.")
    return embed


def membership_embed(step: Membership) -> discord.Embed:
    """Say what somebody is in a song now, under which licence, and who took over."""
    name, title = make_plain(step.member.name, limit=80), make_plain(step.song.title)
    words = {
        "host": f"{name} is the host of “{title}”.",
        "editor": f"{name} edits “{title}”.",
        "listener": f"{name} listens to “{title}”.",
    }
    embed = discord.Embed(description=words[step.role], colour=BLUE)
    embed.add_field(name=f"Licence: {step.song.licence}", value=LICENCES[step.song.licence], inline=False)
    return embed


def left_embed(step: Membership) -> discord.Embed:
    """Say that somebody left, that their layers stay, and who is host now."""
    name, title = make_plain(step.member.name, limit=80), make_plain(step.song.title)
    words = f"{name} left “{title}”. Their layers stay, with their name in the credits."
    if step.new_host is not None:
        words += f" {make_plain(step.new_host.name, limit=80)} has edited it longest and is the host now."
    return discord.Embed(description=words, colour=BLUE)


def members_embed(song: SharedSongView, members: Sequence[tuple[Author, Role]]) -> discord.Embed:
    """List who is in a song."""
    lines = [f"{make_plain(author.name, limit=80)}, {role}" for author, role in members[:_MAX_LISTED]]
    if len(members) > _MAX_LISTED:
        lines.append(f"and {len(members) - _MAX_LISTED} more")
    return discord.Embed(
        title=f"In “{clip(make_plain(song.title), 200)}”",
        description=clip("\n".join(lines), DESCRIPTION_LIMIT),
        colour=BLUE,
    )


def change_embed(change: SongChange) -> discord.Embed:
    """Say what a quick change did."""
    wording = WORDINGS[change.revision.operation]
    embed = discord.Embed(
        title=wording.title,
        description=clip(describe_options(change.revision.options), DESCRIPTION_LIMIT),
        colour=GREEN,
    )
    embed.add_field(name="Song", value=clip(line_words(change.line), FIELD_LIMIT), inline=False)
    embed.set_footer(text=f"#{change.revision.revision_id} · by {change.revision.author.name[:80]}")
    return embed


def layers_embed(song: SharedSongView, state: LayeredPiece, owners: dict[int, str]) -> discord.Embed:
    """List the layers of a song: number, name, owner, and how each is heard."""
    lines = [
        f"**{number}** {make_plain(layer.name)}, {make_plain(owners.get(layer.owner_id, 'somebody'), limit=80)}{layer_signs(layer)}"
        for number, layer in enumerate(state.layers, start=1)
    ]
    return discord.Embed(
        title=f"Layers of “{clip(make_plain(song.title), 200)}”",
        description=clip("\n".join(lines), DESCRIPTION_LIMIT) or "None yet. /generate or /layer add begins.",
        colour=BLUE,
    )


def layer_signs(layer: Layer) -> str:
    """Return how a layer stands, in words, after a comma; nothing where all is usual."""
    signs = [
        "locked" if layer.is_locked else "",
        "muted" if layer.is_muted else "",
        "solo" if layer.is_solo else "",
        f"{layer.level_db:+.1f} dB" if layer.level_db else "",
        f"pan {layer.pan:+d}" if layer.pan else "",
    ]
    return "".join(f", {sign}" for sign in signs if sign)
