"""What the bot says while it talks: that it heard, what it understood, and what it can be told."""

from __future__ import annotations

import discord

from bot.plain_text import clip, make_plain
from bot.services.words.intents import Intent
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, GREY

_LINE_LIMIT = 300

EXAMPLES = (
    "**sad jazz waltz in D minor, piano and upright bass, 16 bars** writes a new piece",
    "**darker in bars 5-8**, **swap the piano for strings**, **half tempo**, **up a third** change a result",
    "**continue 8 bars**, **add drums**, **harmonize it**, **remix bars 1-4**, **rewrite bars 3-4** go on with one",
    "**again**, **undo**, **what key is this?** and **help** work, too",
)


def heard_embed(intent: Intent) -> discord.Embed:
    """Say at once what was understood, before any work begins."""
    understood = intent.understood
    lines = [f"· {make_plain(each.text, limit=_LINE_LIMIT)}" for each in understood.echoes]
    lines += [make_plain(remark) for remark in understood.remarks]
    if understood.not_understood:
        dark = ", ".join(understood.not_understood)
        lines.append(f"I did not understand: {make_plain(dark, limit=_LINE_LIMIT)}")
    return discord.Embed(title="I heard you", description=clip("\n".join(lines), DESCRIPTION_LIMIT), colour=BLUE)


def puzzled_embed(intent: Intent, *, text: str) -> discord.Embed:
    """Say that nothing was understood, and what would be."""
    words = ", ".join(intent.understood.not_understood) or text
    opening = f"I did not understand “{make_plain(words, limit=_LINE_LIMIT)}”." if words else "Hello!"
    return talk_embed(f"{opening} Tell me what to write, or reply to one of my results and say what to change:")


def note_embed(text: str) -> discord.Embed:
    """Say one thing."""
    return discord.Embed(description=text, colour=GREY)


def talk_embed(opening: str) -> discord.Embed:
    """Show what can be said, with examples."""
    lines = [opening, *(f"· {example}" for example in EXAMPLES), "The same works as `/generate prompt:`."]
    return discord.Embed(description="\n".join(lines), colour=GREY)
