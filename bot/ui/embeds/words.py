"""What a reply says of a wish in plain words: what was understood of it, and what was not."""

from __future__ import annotations

import discord

from bot.plain_text import clip, make_plain
from bot.services.options import GenerateOptions, Options, PromptWords
from bot.ui.embeds.style import FIELD_LIMIT

_QUOTE_LIMIT = 300


def prompt_of(options: Options | None) -> PromptWords:
    """Return the plain words that options come from; empty where there were none."""
    return PromptWords() if options is None else options.prompt


def add_prompt_fields(embed: discord.Embed, options: Options | None) -> None:
    """Say what was understood, and what was not, where somebody asked in plain words."""
    prompt = prompt_of(options)
    if not prompt.text:
        return
    heard = "\n".join(f"· {make_plain(line)}" for line in prompt.understood) or "nothing; the network chose"
    words = make_plain(prompt.text, limit=_QUOTE_LIMIT)
    embed.add_field(name="I understood", value=clip(f"“{words}”\n{heard}", FIELD_LIMIT), inline=False)
    if prompt.not_understood:
        dark = make_plain(", ".join(prompt.not_understood), limit=_QUOTE_LIMIT)
        embed.add_field(name="I did not understand", value=clip(dark, FIELD_LIMIT), inline=False)


def is_editable(options: Options | None) -> bool:
    """Tell whether options came from plain words and can be corrected line by line."""
    return isinstance(options, GenerateOptions) and bool(options.prompt.text)
