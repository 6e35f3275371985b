"""What an explanation of harmony looks like: the paragraph, chords and numerals by bars, cadences, foreign tones, form."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import clip, make_plain
from bot.services.reading.explanation import HarmonyReport
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, FIELD_LIMIT, TITLE_LIMIT

_CODE_FENCE = 8  # the characters around a block of code


def explanation_embed(report: HarmonyReport) -> discord.Embed:
    """Show a piece's harmony; what is too long for a field ends with how many bars are left out."""
    title = clip(make_plain(report.title), TITLE_LIMIT - 20)
    embed = discord.Embed(
        title=f"Harmony of {title}" if title else "Harmony",
        description=clip(make_plain(report.text), DESCRIPTION_LIMIT),
        colour=BLUE,
    )
    embed.add_field(name="Key", value=clip(make_plain(report.keys), FIELD_LIMIT), inline=False)
    if report.reading.bars:
        chords, numerals = report.lines(with_numerals=False), report.lines(with_numerals=True)
        embed.add_field(name="Chords", value=_block(chords), inline=False)
        embed.add_field(name="Degrees", value=_block(numerals), inline=False)
    for name, text in (
        ("Cadences", report.cadences), ("Foreign tones of the melody", report.foreign_tones), ("Form", report.form)
    ):  # fmt: skip
        if text:
            embed.add_field(name=name, value=clip(make_plain(text), FIELD_LIMIT), inline=False)
    return embed


def _block(lines: Sequence[str]) -> str:
    """Return lines as a block of code, as many as fit."""
    kept: list[str] = []
    length = _CODE_FENCE
    for number, line in enumerate(lines):
        left = f"… and {len(lines) - number} more lines; the MIDI file and /score hold them all"
        if length + len(line) + len(left) + 2 > FIELD_LIMIT:
            kept.append(left)
            break
        kept.append(line)
        length += len(line) + 1
    return "```\n" + "\n".join(kept).replace("`", "'") + "\n```"
