"""/remix and "Remix this": other notes or another rhythm for a share of a piece."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.options import PRESETS, RemixOptions, SamplingWishes
from bot.services.replies.takes import MAX_TAKES
from bot.services.sampling import parse_advanced
from bot.ui.options import parse_bars, split_names, suggest_instruments, suggest_keys

_CHANGES = [
    app_commands.Choice(name="notes (the rhythm stays)", value="pitch"),
    app_commands.Choice(name="rhythm (the notes stay)", value="rhythm"),
    app_commands.Choice(name="loudness", value="velocity"),
    app_commands.Choice(name="instruments", value="instrument"),
    app_commands.Choice(name="notes and rhythm", value="pitch, rhythm"),
    app_commands.Choice(name="notes and loudness", value="pitch, velocity"),
    app_commands.Choice(name="notes, rhythm and loudness", value="pitch, rhythm, velocity"),
    app_commands.Choice(name="notes and instruments", value="pitch, instrument"),
    app_commands.Choice(name="rhythm and loudness", value="rhythm, velocity"),
    app_commands.Choice(name="rhythm and instruments", value="rhythm, instrument"),
    app_commands.Choice(name="loudness and instruments", value="velocity, instrument"),
    app_commands.Choice(name="notes, rhythm and instruments", value="pitch, rhythm, instrument"),
    app_commands.Choice(name="notes, loudness and instruments", value="pitch, velocity, instrument"),
    app_commands.Choice(name="rhythm, loudness and instruments", value="rhythm, velocity, instrument"),
    app_commands.Choice(name="everything", value="all"),
]
_VOICES = [
    app_commands.Choice(name="all notes", value="all"),
    app_commands.Choice(name="the top voice of each track", value="top"),
    app_commands.Choice(name="the inner voices", value="inner"),
    app_commands.Choice(name="the bottom voice", value="bottom"),
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
        tracks="Only these tracks: numbers, names or instruments, for instance 1, bass",
        voices="Of notes that sound together only these",
        pitches="Only notes between these two, for instance C3-C5",
        ranges="Where new notes may lie, for instance C3-C5, or piano C3-C5, bass E1-G3",
        key="New notes lie in this key, for instance C minor",
        instruments="Which instruments may come in, when instruments change",
        exclude="Which must not",
        temperature="How bold, from 0 to 3; overrides the preset's (balanced is near 1)",
        repetition="Above 1 stays further from what was there and elsewhere, below 1 nearer",
        advanced="top_k 30, top_p 0.9, min_p 0.05, temperature_notes 1.1, temperature_rhythm 0.9",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many results to choose from, 1 to 4; each has its own seed",
    )
    @app_commands.rename(ranges="range")
    @app_commands.choices(change=_CHANGES, preset=_PRESETS, voices=_VOICES)
    @app_commands.autocomplete(key=suggest_keys, instruments=suggest_instruments, exclude=suggest_instruments)
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
        tracks: app_commands.Range[str, 1, 200] | None = None,
        voices: str = "all",
        pitches: app_commands.Range[str, 1, 20] | None = None,
        ranges: app_commands.Range[str, 1, 300] | None = None,
        key: str | None = None,
        instruments: app_commands.Range[str, 1, 300] | None = None,
        exclude: app_commands.Range[str, 1, 300] | None = None,
        temperature: app_commands.Range[float, 0.0, 3.0] | None = None,
        repetition: app_commands.Range[float, 0.1, 10.0] | None = None,
        advanced: app_commands.Range[str, 1, 200] | None = None,
        takes: app_commands.Range[int, 1, MAX_TAKES] = 1,
    ) -> None:
        """Remix an attached file, a linked result, or the newest one in the channel."""
        options = RemixOptions(
            change=change,
            share=share / 100,
            bars=parse_bars(bars),
            preset=preset,
            seed=seed,
            tracks=split_names(tracks),
            voices=voices,
            pitches=pitches or "",
            ranges=ranges or "",
            key=key,
            instruments=split_names(instruments),
            exclude_instruments=split_names(exclude),
            sampling=parse_advanced(advanced, SamplingWishes(temperature=temperature, repetition=repetition)),
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)

    async def remix_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Remix the music of a message."""
        await self.bot.desk.order_from_message(interaction, RemixOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Remix(bot))
