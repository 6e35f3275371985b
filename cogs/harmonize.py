"""/harmonize and "Harmonize this": what a piece lacks: voices, chords, an accompaniment, a track, a melody, bars."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.options import CHORDS_PER_BAR, PRESETS, HarmonizeOptions, SamplingWishes
from bot.services.replies.takes import MAX_TAKES
from bot.services.sampling import parse_advanced
from bot.ui.options import parse_bars, split_names, suggest_instruments, suggest_keys

_STYLES = [
    app_commands.Choice(name="four-part chorale", value="chorale"),
    app_commands.Choice(name="chords", value="chords"),
    app_commands.Choice(name="piano for a melody", value="piano"),
    app_commands.Choice(name="band for a melody", value="band"),
    app_commands.Choice(name="one more track", value="track"),
    app_commands.Choice(name="melody for chords", value="melody"),
    app_commands.Choice(name="fill a hole of bars", value="fill"),
]
_SEVENTHS = [
    app_commands.Choice(name="none", value="none"),
    app_commands.Choice(name="as they come", value="some"),
    app_commands.Choice(name="many", value="many"),
]
_COMPLEXITIES = [
    app_commands.Choice(name="simple: major and minor", value="simple"),
    app_commands.Choice(name="usual", value="usual"),
    app_commands.Choice(name="rich", value="rich"),
]
_CADENCES = [
    app_commands.Choice(name="authentic (V I)", value="authentic"),
    app_commands.Choice(name="plagal (IV I)", value="plagal"),
    app_commands.Choice(name="half, open (V)", value="half"),
    app_commands.Choice(name="deceptive (V VI)", value="deceptive"),
]
_CHORDS_PER_BAR = [app_commands.Choice(name=str(count), value=count) for count in CHORDS_PER_BAR]
_DYNAMICS = [
    app_commands.Choice(name="level", value="level"),
    app_commands.Choice(name="follow the melody", value="follow"),
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
        chords_per_bar="How often chords change",
        sevenths="How many chords have a seventh",
        complexity="Which kinds of chords there are",
        cadence="How it ends",
        key="What is added lies in this key, for instance C minor",
        ranges="Lowest and highest note, for instance C3-C5; in a chorale also alto G3-C5, bass E2-C4",
        exclude="Who must not play in a band, for instance drums",
        dynamics="How loud new voices and chords are",
        temperature="How bold, from 0 to 3; overrides the preset's (balanced is near 1)",
        repetition="Above 1 repeats less, below 1 more, from 0.1 to 10",
        advanced="top_k 30, top_p 0.9, min_p 0.05, temperature_notes 1.1, temperature_rhythm 0.9",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many results to choose from, 1 to 4; each has its own seed",
    )
    @app_commands.rename(ranges="range")
    @app_commands.choices(
        style=_STYLES, preset=_PRESETS, sevenths=_SEVENTHS, complexity=_COMPLEXITIES,
        cadence=_CADENCES, dynamics=_DYNAMICS,
    )  # fmt: skip
    @app_commands.choices(chords_per_bar=_CHORDS_PER_BAR)
    @app_commands.autocomplete(instrument=suggest_instruments, exclude=suggest_instruments, key=suggest_keys)
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
        chords_per_bar: int | None = None,
        sevenths: str = "some",
        complexity: str = "usual",
        cadence: str | None = None,
        key: str | None = None,
        ranges: app_commands.Range[str, 1, 300] | None = None,
        exclude: app_commands.Range[str, 1, 300] | None = None,
        dynamics: str = "level",
        temperature: app_commands.Range[float, 0.0, 3.0] | None = None,
        repetition: app_commands.Range[float, 0.1, 10.0] | None = None,
        advanced: app_commands.Range[str, 1, 200] | None = None,
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
            chords_per_bar=chords_per_bar,
            sevenths=sevenths,
            complexity=complexity,
            cadence=cadence,
            key=key,
            ranges=ranges or "",
            exclude_instruments=split_names(exclude),
            dynamics=dynamics,
            sampling=parse_advanced(advanced, SamplingWishes(temperature=temperature, repetition=repetition)),
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)

    async def harmonize_this(self, interaction: discord.Interaction[TuttiBot], message: discord.Message) -> None:
        """Harmonize the music of a message."""
        await self.bot.desk.order_from_message(interaction, HarmonizeOptions(), message=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Harmonize(bot))
