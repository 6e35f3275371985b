"""What help looks like: the commands, where to begin, and which genres were hardly learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.plain_text import clip
from bot.services.genres import FEWEST_PIECES, GenreCounts
from bot.ui.embeds.style import BLUE, FIELD_LIMIT
from music.vocabulary import GENRES


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """One command or menu entry for ``help_embed``."""

    name: str
    description: str


def help_embed(
    commands: Sequence[HelpEntry], menus: Sequence[HelpEntry], *, genres: GenreCounts | None = None
) -> discord.Embed:
    """Say what there is, where to begin, and which genres the network hardly knows."""
    embed = discord.Embed(
        title="Tutti writes, harmonizes and remixes music with you",
        description=(
            "Start with **/generate**, for instance `/generate genre:rock bars:8`. Every result has buttons: "
            "**Again** writes another one, **Remix** changes it, **Harmonize** adds four voices, "
            "**Continue** goes on from its end, **Delete** removes your own. You can also attach a MIDI or MusicXML "
            "file, or link one of my messages. The same seed and settings give the same notes."
        ),
        colour=BLUE,
    )
    embed.add_field(
        name="Commands",
        value=clip("\n".join(f"**/{one.name}**: {one.description}" for one in commands), FIELD_LIMIT),
        inline=False,
    )
    embed.add_field(
        name="In a message's Apps menu",
        value=clip("\n".join(f"**{one.name}**: {one.description}" for one in menus), FIELD_LIMIT),
        inline=False,
    )
    embed.add_field(name="Genres", value=clip(_genre_line(genres or GenreCounts()), FIELD_LIMIT), inline=False)
    return embed


def _genre_line(genres: GenreCounts) -> str:
    """Name every genre; those that hardly any music was learned for are marked and the mark explained."""
    weak = [genre for genre in GENRES if genres.is_weak(genre)]
    names = ", ".join(f"{genre} (weak)" if genre in weak else genre for genre in GENRES)
    if not weak:
        return names
    return (
        f"{names}.\nWeak: I learned from fewer than {FEWEST_PIECES} pieces of that genre, so it is a hint, not a style."
    )
