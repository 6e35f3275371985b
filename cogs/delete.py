"""/delete: a result by its link, or one's own newest ones in this channel."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.deleting import MAX_NEWEST, delete_linked, offer_deletion


class Delete(commands.Cog):
    """Removes results for good."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="delete", description="Delete a result of yours, or your newest ones in this channel")
    @app_commands.describe(
        message="A link to one of my messages; moderators may delete anybody's",
        newest="Or how many of your newest results here; I show them and ask again",
    )
    async def delete(
        self,
        interaction: discord.Interaction[TuttiBot],
        message: str | None = None,
        newest: app_commands.Range[int, 1, MAX_NEWEST] = 1,
    ) -> None:
        """Delete a linked result at once, or offer to delete the newest."""
        if message is not None:
            await delete_linked(self.bot.desk, interaction, message)
        else:
            await offer_deletion(self.bot.desk, interaction, num_newest=newest)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Delete(bot))
