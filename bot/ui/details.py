"""“Details”: everything that is known of how a result came to be, for whoever presses it alone."""

from __future__ import annotations

import contextlib
from typing import Any

import discord

from bot.services.model import RevisionView
from bot.ui.answers import show_privately
from bot.ui.desk import Desk
from bot.ui.embeds.details import details_embed
from core.errors import NotFoundError


async def press_details(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Show a result's recipe."""
    songs = desk.services.songs
    revision = await songs.revision(revision_id)
    parents: list[RevisionView] = []
    for parent_id in revision.parent_ids:
        with contextlib.suppress(NotFoundError):  # deleted since: its number is all that is left
            parents.append(await songs.revision(parent_id))
    await show_privately(interaction, embed=details_embed(revision, parents))
