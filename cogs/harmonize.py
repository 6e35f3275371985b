"""/harmonize and "Harmonize this": what a piece lacks: voices, chords, an accompaniment, a track, a melody, bars."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.options import PRESETS, HarmonizeOptions
from bot.services.takes import MAX_TAKES
from bot.ui.options import parse_bars, split_names, suggest_instruments

_STYLES = [
    app_commands.Choice(name="four-part chorale", value="chorale"),
    app_commands.Choice(name="chords", value="chords"),
    app_commands.Choice(name="piano for a melody", value="piano"),
    app_commands.Choice(name="band for a melody", value="band"),
    app_commands.Choice(name="one more track", value="track"),
    app_commands.Choice(name="melody for chords", value="melody"),
    app_commands.Choice(name="fill a hole of bars", value="fill"),
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

    @app_commands.command(
        name="harmonize", description="Add what a piece lacks: voices, chords, piano, band, a track, a melody, bars"
    )
    @app_commands.describe(
        style="What to add; all that is there stays as it is",
        instrument="Who plays it: needed for one more track, for instance bass or drums",
        chords="Chords to follow exactly, for instance Dm7 | G7 | Cmaj7 A7",
        bars="The bars of a hole to fill, for instance 5-6",
        track="Number of the track with the hole, or with the melody",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many results to choose from, 1 to 4; each has its own seed",
    )
    @app_commands.choices(style=_STYLES, preset=_PRESETS)
    @app_commands.autocomplete(instrument=suggest_instruments)
    async def harmonize(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        style: str = "chorale",
        instrument: str | None = None,
        chords: app_commands.Range[str, 1, 2000] | None = None,
        bars: str | None = None,
        track: app_commands.Range[int, 1, 999] | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        takes: app_commands.Range[int, 1, MAX_TAKES] = 1,
    ) -> None:
        """Harmonize an attached file, a linked result, or the newest one in the channel."""
        options = HarmonizeOptions(
            style=style,
            instruments=split_names(instrument),
            chords=chords or "",
            bars=parse_bars(bars),
            track=track,
            preset=preset,
            seed=seed,
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)

    async def harmonize_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Harmonize the music of a message."""
        await self.bot.desk.order_from_message(interaction, HarmonizeOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Harmonize(bot))
