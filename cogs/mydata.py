"""/mydata: take away, or erase, everything that is kept about you."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.mydata_flow import export_mydata, offer_erasure


class MyData(commands.GroupCog, group_name="mydata", group_description="What I keep about you, and erasing it"):
    """Shows people what is kept about them, and erases it."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="export", description="Get everything I keep about you as files that only you see")
    async def export(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Send the export."""
        await export_mydata(self.bot.desk, interaction)

    @app_commands.command(name="erase", description="Erase everything about you; I say first what goes and ask again")
    async def erase(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Ask again, then erase."""
        await offer_erasure(self.bot.desk, interaction)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(MyData(bot))
