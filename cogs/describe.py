"""/describe and "Describe this": what a piece is like: genre, key, tempo, metre, tracks, chords."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot


class Describe(commands.Cog):
    """Says what pieces are like."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot
        self._menu = app_commands.ContextMenu(name="Describe this", callback=self.describe_this)

    async def cog_load(self) -> None:
        """Add the entry of the Apps menu, which a cog does not add by itself."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="describe", description="What a piece is like: genre, key, tempo, metre, tracks, chords")
    @app_commands.describe(
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
    )
    async def describe(
        self,
        interaction: discord.Interaction[TuttiBot],
        file: discord.Attachment | None = None,
        message: str | None = None,
    ) -> None:
        """Describe an attached file, a linked result, or the newest one in the channel."""
        await self.bot.desk.describe_from(interaction, file=file, link=message)

    async def describe_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Describe the music of a message."""
        await self.bot.desk.describe_message(interaction, message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Describe(bot))
