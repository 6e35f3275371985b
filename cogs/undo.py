"""/undo and /redo: back to what a result was made from, and forward again. Nothing is lost: each is a new result."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.looking_back import step_from


class Undo(commands.Cog):
    """Steps back and forward."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="undo", description="Go back to what the newest result was made from; nothing is lost")
    @app_commands.describe(message="A link to one of my messages; left out, my newest result in this channel")
    async def undo(self, interaction: discord.Interaction[TuttiBot], message: str | None = None) -> None:
        """Take the last change back."""
        await step_from(self.bot.desk, interaction, "undo", link=message)

    @app_commands.command(name="redo", description="Bring back what the last undo took away")
    @app_commands.describe(message="A link to one of my messages; left out, my newest result in this channel")
    async def redo(self, interaction: discord.Interaction[TuttiBot], message: str | None = None) -> None:
        """Bring an undone change back."""
        await step_from(self.bot.desk, interaction, "redo", link=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Undo(bot))
