"""What a description of a piece looks like: names and values."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import clip, make_plain
from bot.ui.embeds.style import BLUE, FIELD_LIMIT, TITLE_LIMIT

_LONGEST_INLINE = 36


def description_embed(title: str, facts: Sequence[tuple[str, str]]) -> discord.Embed:
    """Show what a piece is like, as names and values."""
    embed = discord.Embed(title=clip(make_plain(title), TITLE_LIMIT) or "What it is like", colour=BLUE)
    for name, value in facts:
        embed.add_field(name=name, value=clip(make_plain(value), FIELD_LIMIT), inline=len(value) < _LONGEST_INLINE)
    return embed
