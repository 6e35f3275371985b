"""/score and "Show score": a piece as sheet music: a picture, all pages as PDF, or MusicXML."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.exporting import ScoreOptions

_FORMATS = [
    app_commands.Choice(name="picture of the first page", value="png"),
    app_commands.Choice(name="all pages as PDF", value="pdf"),
    app_commands.Choice(name="MusicXML, for score editors", value="musicxml"),
]


class Score(commands.Cog):
    """Writes pieces down."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot
        self._menu = app_commands.ContextMenu(name="Show score", callback=self.show_score)

    async def cog_load(self) -> None:
        """Add the entry of the Apps menu, which a cog does not add by itself."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="score", description="Show a piece as sheet music")
    @app_commands.describe(
        format="What to make (a picture when left out)",
        part="Only one part: its number, its name, or its instrument",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
    )
    @app_commands.choices(format=_FORMATS)
    async def score(
        self,
        interaction: discord.Interaction[TuttiBot],
        format: str = "png",  # noqa: A002 - what people type
        part: app_commands.Range[str, 1, 64] | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
    ) -> None:
        """Write down an attached file, a linked result, or the newest one in the channel."""
        options = ScoreOptions(format=format, part=part)
        await self.bot.desk.order_from(interaction, options, file=file, link=message)

    async def show_score(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Write down the music of a message."""
        await self.bot.desk.order_from_message(interaction, ScoreOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Score(bot))
