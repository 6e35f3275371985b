"""What lists of results look like. It knows nothing of where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

import discord

from bot.plain_text import clip
from bot.services.model import RevisionView
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, GREY, link_to
from bot.ui.wording.registry import describe_options


def history_embed(
    revisions: Sequence[RevisionView], *, title: str, parents: Mapping[int, RevisionView]
) -> discord.Embed:
    """List results, newest first: what, by whom, made from what, with links."""
    if not revisions:
        return discord.Embed(
            title=title, description="Nothing yet. Start with /generate, or attach a file to /harmonize.", colour=GREY
        )
    lines: list[str] = []
    length = 0
    for revision in revisions:
        line = _history_line(revision, parents)
        length += len(line) + 1
        if length > DESCRIPTION_LIMIT:
            break
        lines.append(line)
    return discord.Embed(title=title, description="\n".join(lines), colour=BLUE)


def _history_line(revision: RevisionView, parents: Mapping[int, RevisionView]) -> str:
    made = int(revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC).timestamp())
    sources = [link_to(parents[parent]) if parent in parents else f"#{parent}" for parent in revision.parent_ids]
    origin = f", from {' and '.join(sources)}" if sources else ""
    asked = clip(describe_options(revision.options), 120)
    return f"- {link_to(revision)}{origin}: {asked} · <t:{made}:R>"
