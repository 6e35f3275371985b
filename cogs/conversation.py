"""Messages to the bot in plain words: a mention, a reply to one of its results, a direct message; and the form to correct what was understood."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.client import TuttiBot
from bot.ui.conversation import Conversation
from bot.ui.courier import Courier
from bot.ui.message_answers import words_to
from bot.ui.modals import submit_edit


class Talk(commands.Cog):
    """Listens to what is said to the bot, and to nothing else."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot
        self._conversation = Conversation(bot.desk, Courier(bot))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Do what a message to the bot asks for."""
        assert self.bot.user is not None, "messages arrive after the login"
        words = words_to(message, self.bot.user)
        if words is not None:
            await self._conversation.heed(message, words)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Take the form behind “Edit”."""
        if interaction.type is discord.InteractionType.modal_submit:
            await submit_edit(self.bot.desk, interaction)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Talk(bot))
