"""/history: what has been made here, or by me, by whom and from what."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.answers import show_privately


class History(commands.Cog):
    """Shows what there is."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="history", description="The newest music of this channel, or yours, with links")
    @app_commands.describe(mine="Only yours, from every channel", limit="How many (10 when left out)")
    async def history(
        self,
        interaction: discord.Interaction[TuttiBot],
        mine: bool = False,  # noqa: FBT001, FBT002 - Discord passes options by name
        limit: app_commands.Range[int, 1, 25] = 10,
    ) -> None:
        """List results, newest first."""
        embed = await self.bot.desk.history(interaction, is_mine=mine, limit=limit)
        await show_privately(interaction, embed=embed)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(History(bot))
