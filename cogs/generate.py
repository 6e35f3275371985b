"""/generate: a new piece from wishes, or the continuation of an attached one."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.options import DENSITIES, GRIDS, PRESETS, SYNCOPATIONS, GenerateOptions, SamplingWishes
from bot.services.replies.takes import MAX_TAKES
from bot.services.sampling import parse_advanced
from bot.ui.conversation import heed_words
from bot.ui.options import split_names, suggest_genres, suggest_instruments, suggest_keys
from music.constraints import METRES

_METRES = [app_commands.Choice(name=f"{top}/{bottom}", value=f"{top}/{bottom}") for top, bottom in METRES]
_DENSITIES = [app_commands.Choice(name=name, value=name) for name in DENSITIES]
_SYNCOPATIONS = [app_commands.Choice(name=name, value=name) for name in SYNCOPATIONS]
_GRIDS = [app_commands.Choice(name=name, value=name) for name in GRIDS]
_KEY_LOCKS = [
    app_commands.Choice(name="every tone in the key", value="locked"),
    app_commands.Choice(name="near the key", value="near"),
]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Generate(commands.Cog):
    """Writes music."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="generate", description="Write a new piece, or continue an attached one")
    @app_commands.describe(
        genre="The style, for instance rock or jazz; left out, the network chooses",
        blend="A second style to mix in",
        density="How many notes there are",
        temperature="How bold, from 0 to 3; overrides the preset's (balanced is near 1)",
        repetition="Above 1 repeats less, below 1 more, from 0.1 to 10",
        key="For instance C minor or Bb major",
        tempo="Quarter notes per minute",
        metre="Beats in a bar",
        bars="How many bars to write (16 when left out)",
        instruments="For instance piano, bass, drums",
        seed="The same seed and wishes give the same notes",
        takes="How many results to choose from, 1 to 4; each has its own seed",
        preset="safe stays close to what is usual, wild does not",
        file="A MIDI or MusicXML file to continue",
        exclude="Who must not play, for instance drums or strings",
        ranges="Lowest and highest note, for instance C3-C5, or piano C3-C5, bass E1-G3",
        polyphony="How many notes may sound at once, for instance 4, or piano 3, strings 2",
        syncopation="How much is played off the beat",
        grid="Where notes may begin; left out, anywhere down to 32nds and triplets",
        key_lock="Whether every tone lies in the key (as when left out) or may stray",
        sections="What differs in some bars, for instance 1-4 sparse, 5-8 busy strong C4-C6",
        advanced="top_k 30, top_p 0.9, min_p 0.05, memory 256, temperature_notes 1.1, temperature_rhythm 0.9",
        prompt="All of it in plain words; options that you set here win over them",
    )
    @app_commands.rename(ranges="range")
    @app_commands.autocomplete(
        genre=suggest_genres,
        blend=suggest_genres,
        key=suggest_keys,
        instruments=suggest_instruments,
        exclude=suggest_instruments,
    )
    @app_commands.choices(
        metre=_METRES, preset=_PRESETS, density=_DENSITIES, syncopation=_SYNCOPATIONS, grid=_GRIDS, key_lock=_KEY_LOCKS
    )
    async def generate(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        genre: str | None = None,
        key: str | None = None,
        tempo: app_commands.Range[float, 20, 300] | None = None,
        metre: str | None = None,
        bars: app_commands.Range[int, 1, 256] | None = None,
        instruments: str | None = None,
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        preset: str = "balanced",
        file: discord.Attachment | None = None,
        blend: str | None = None,
        density: str | None = None,
        temperature: app_commands.Range[float, 0.0, 3.0] | None = None,
        repetition: app_commands.Range[float, 0.1, 10.0] | None = None,
        exclude: app_commands.Range[str, 1, 300] | None = None,
        ranges: app_commands.Range[str, 1, 300] | None = None,
        polyphony: app_commands.Range[str, 1, 200] | None = None,
        syncopation: str | None = None,
        grid: str | None = None,
        key_lock: str = "locked",
        sections: app_commands.Range[str, 1, 500] | None = None,
        advanced: app_commands.Range[str, 1, 200] | None = None,
        prompt: app_commands.Range[str, 1, 1000] | None = None,
        takes: app_commands.Range[int, 1, MAX_TAKES] = 1,
    ) -> None:
        """Write a new piece, or continue an attached one."""
        options = GenerateOptions(
            genre=genre,
            second_genre=blend,
            key=key,
            tempo_bpm=tempo,
            metre=metre,
            num_bars=bars,
            instruments=split_names(instruments),
            density=density,
            preset=preset,
            sampling=parse_advanced(advanced, SamplingWishes(temperature=temperature, repetition=repetition)),
            seed=seed,
            exclude_instruments=split_names(exclude),
            ranges=ranges or "",
            polyphony=polyphony or "",
            syncopation=syncopation,
            grid=grid,
            key_lock=key_lock == "locked",
            sections=sections or "",
            firm_density=density is not None,
        )
        if prompt:
            options, takes = await heed_words(self.bot.desk, interaction, prompt, given=options, num_takes=takes)
        await self.bot.desk.order_new(interaction, options, file=file, num_takes=takes)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Generate(bot))
