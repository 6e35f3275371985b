"""/remix and "Remix this": other notes or another rhythm for a share of a piece."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.options import PRESETS, RemixOptions
from bot.services.takes import MAX_TAKES
from bot.ui.options import parse_bars

_CHANGES = [
    app_commands.Choice(name="notes (the rhythm stays)", value="pitch"),
    app_commands.Choice(name="rhythm (the notes stay)", value="rhythm"),
]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Remix(commands.Cog):
    """Changes parts of pieces."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot
        self._menu = app_commands.ContextMenu(name="Remix this", callback=self.remix_this)

    async def cog_load(self) -> None:
        """Add the entry of the Apps menu, which a cog does not add by itself."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(
        name="remix", description="Change the notes or the rhythm of a piece; the rest stays as it is"
    )
    @app_commands.describe(
        change="What to change",
        share="How many of the notes, in percent (50 when left out)",
        bars="Only these bars, for instance 5-8",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many results to choose from, 1 to 4; each has its own seed",
    )
    @app_commands.choices(change=_CHANGES, preset=_PRESETS)
    async def remix(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        change: str = "pitch",
        share: app_commands.Range[int, 1, 100] = 50,
        bars: str | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        takes: app_commands.Range[int, 1, MAX_TAKES] = 1,
    ) -> None:
        """Remix an attached file, a linked result, or the newest one in the channel."""
        options = RemixOptions(change=change, share=share / 100, bars=parse_bars(bars), preset=preset, seed=seed)
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)

    async def remix_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Remix the music of a message."""
        await self.bot.desk.order_from_message(interaction, RemixOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Remix(bot))
