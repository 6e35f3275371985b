"""/help: what there is and where to begin."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.answers import show_privately
from bot.ui.embeds.help import HelpEntry, help_embed


class Help(commands.Cog):
    """Explains Tutti."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="help", description="What Tutti can do, and where to begin")
    async def help(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Show every command, taken from the tree itself."""
        slash = self.bot.tree.get_commands(type=discord.AppCommandType.chat_input)
        menus = self.bot.tree.get_commands(type=discord.AppCommandType.message)
        entries = [HelpEntry(command.name, command.description) for command in slash]
        embed = help_embed(
            entries,
            [HelpEntry(menu.name, "with the usual settings") for menu in menus],
            genres=self.bot.services.genres,
        )
        await show_privately(interaction, embed=embed)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Help(bot))
