"""Makes text that somebody typed harmless to show: one line, no formatting, no mention, not endless. Knows no message."""

from __future__ import annotations

_JOINER = "\N{ZERO WIDTH SPACE}"


def make_plain(text: str, *, limit: int = 1000) -> str:
    """Return ``text`` so that Discord shows it as it was typed, clipped to about ``limit`` characters."""
    import discord  # here, because the command line reads words of ours without ever talking to Discord

    line = clip(" ".join(text.split()), limit)
    escaped = discord.utils.escape_mentions(discord.utils.escape_markdown(line))
    for opening in ("<@", "<#", "<t:", "</", "<:", "<a:"):
        escaped = escaped.replace(opening, opening[0] + _JOINER + opening[1:])
    return escaped


def clip(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
