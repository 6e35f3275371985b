"""Explanations of harmony, from commands and presses to the person who asked. It knows nothing of how they are found."""

from __future__ import annotations

from typing import Any

import discord

from bot.services.model import FromRevision, Source
from bot.ui.answers import show_privately
from bot.ui.desk import Desk
from bot.ui.embeds.explanation import explanation_embed


async def explain_from(
    desk: Desk, interaction: discord.Interaction[Any], *, file: discord.Attachment | None, link: str | None
) -> None:
    """Explain an attached file, a linked result, or the newest result in the channel."""
    await desk.think_privately(interaction)
    await _show(desk, interaction, await desk.finder.find(interaction, file=file, link=link))


async def press_explain(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Explain the result whose entry was chosen."""
    await desk.think_privately(interaction)
    await _show(desk, interaction, FromRevision(revision_id=revision_id))


async def _show(desk: Desk, interaction: discord.Interaction[Any], source: Source) -> None:
    report = await desk.services.descriptions.explain(source)
    await show_privately(interaction, embed=explanation_embed(report))
