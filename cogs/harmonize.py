"""/harmonize and "Harmonize this": chords or four voices for a melody."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.model import PRESETS, HarmonizeOptions

_STYLES = [
    app_commands.Choice(name="four-part chorale", value="chorale"),
    app_commands.Choice(name="chords", value="chords"),
]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Harmonize(commands.Cog):
    """Adds harmony to melodies."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot
        self._menu = app_commands.ContextMenu(name="Harmonize this", callback=self.harmonize_this)

    async def cog_load(self) -> None:
        """Add the entry of the Apps menu, which a cog does not add by itself."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="harmonize", description="Add chords or four voices to a melody, which stays as it is")
    @app_commands.describe(
        style="Four voices as in a chorale, or chords",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
    )
    @app_commands.choices(style=_STYLES, preset=_PRESETS)
    async def harmonize(
        self,
        interaction: discord.Interaction[TuttiBot],
        style: str = "chorale",
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
    ) -> None:
        """Harmonize an attached file, a linked result, or the newest one in the channel."""
        options = HarmonizeOptions(style=style, preset=preset, seed=seed)
        await self.bot.desk.order_from(interaction, options, file=file, link=message)

    async def harmonize_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Harmonize the music of a message."""
        await self.bot.desk.order_from_message(interaction, HarmonizeOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Harmonize(bot))
