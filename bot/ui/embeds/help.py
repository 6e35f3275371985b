"""What help looks like: the commands, where to begin, and which genres were hardly learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Make music": ("generate", "compose", "continue", "hum", "tutorial"),
    "Change music": ("remix", "harmonize", "add", "infill", "arrange"),
    "Make it together": ("song", "layer", "branch", "turn", "vote", "comment"),
    "Look and listen": ("describe", "explain", "score", "export"),
    "Find it again": ("history", "undo", "redo", "favourites"),
    "Yours": ("delete", "mydata", "settings", "help"),
}
_REST = "More"


def help_embed(
    commands: Sequence[HelpEntry], menus: Sequence[HelpEntry], *, genres: GenreCounts | None = None
) -> discord.Embed:
    """Say what there is by groups, where to begin, and which genres the network hardly knows."""
    embed = discord.Embed(
        title="Tutti writes, harmonizes and remixes music with you",
        description=(
            "**/tutorial** shows you round. Or say what you want: `/generate prompt:sad jazz waltz in D minor, piano and bass, "
            "16 bars`. Mention me with the same words, or reply to a result: “darker in bars 5-8”, “swap the piano for strings”. "
            "Every result has buttons and a More… menu. Most commands take an attached MIDI, MusicXML or ABC file, a link to one of my "
            "messages, or else the newest result in the channel. The same seed and settings give the same notes."
        ),
        colour=BLUE,
    )
    for title, entries in _grouped(commands):
        lines = "\n".join(f"**/{one.name}** {one.description}" for one in entries)
        embed.add_field(name=title, value=clip(lines, FIELD_LIMIT), inline=False)
    names = ", ".join(f"**{one.name}**" for one in menus)
    embed.add_field(
        name="In a message's Apps menu", value=clip(f"{names}, with the usual settings", FIELD_LIMIT), inline=False
    )
    embed.add_field(name="Genres", value=clip(_genre_line(genres or GenreCounts()), FIELD_LIMIT), inline=False)
    return embed


def _grouped(commands: Sequence[HelpEntry]) -> Iterator[tuple[str, list[HelpEntry]]]:
    """Yield the commands by what they are for; what belongs to no group comes last."""
    by_name = {one.name: one for one in commands}
    for title, names in _GROUPS.items():
        found = [by_name.pop(name) for name in names if name in by_name]
        if found:
            yield title, found
    if by_name:
        yield _REST, list(by_name.values())


def _genre_line(genres: GenreCounts) -> str:
    """Name every genre; those that hardly any music was learned for are marked and the mark explained."""
    weak = [genre for genre in GENRES if genres.is_weak(genre)]
    names = ", ".join(f"{genre} (weak)" if genre in weak else genre for genre in GENRES)
    if not weak:
        return names
    return (
        f"{names}.\nWeak: I learned from fewer than {FEWEST_PIECES} pieces of that genre, so it is a hint, not a style."
    )
