"""/tutorial: a first tour, with buttons that do what it talks about."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.answers import show_privately
from bot.ui.tutorial import TuneMenu, TutorialButton, tutorial_embed, tutorial_view


class Tutorial(commands.Cog):
    """Leads newcomers through the first three things."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Let its buttons and its menu work in messages of earlier runs, too."""
        self.bot.add_dynamic_items(TutorialButton, TuneMenu)

    @app_commands.command(name="tutorial", description="A first tour: generate, harmonize an old tune, remix")
    async def tutorial(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Show the steps to the person alone."""
        await show_privately(interaction, embed=tutorial_embed(), view=tutorial_view())


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Tutorial(bot))
