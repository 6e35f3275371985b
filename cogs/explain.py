"""/explain: the harmony of a piece, in chords, degrees and words."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.explaining import explain_from


class Explain(commands.Cog):
    """Explains harmony."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="explain", description="The harmony of a piece: chords, degrees, cadences, foreign tones, in words"
    )
    @app_commands.describe(
        file="A MIDI, MusicXML or ABC file; left out, my newest result in this channel",
        message="A link to one of my messages",
    )
    async def explain(
        self,
        interaction: discord.Interaction[TuttiBot],
        file: discord.Attachment | None = None,
        message: str | None = None,
    ) -> None:
        """Explain an attached file, a linked result, or the newest one in the channel."""
        await explain_from(self.bot.desk, interaction, file=file, link=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Explain(bot))
