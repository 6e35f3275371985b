"""/continue: more bars after a piece, or after some of its bars."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.continuing import choose_beginning
from bot.services.options import DENSITIES, PRESETS, GenerateOptions, SamplingWishes
from bot.ui.options import parse_bars, split_names, suggest_genres, suggest_instruments, suggest_keys
from music.constraints import METRES

_DENSITIES = [app_commands.Choice(name=name, value=name) for name in DENSITIES]
_METRES = [app_commands.Choice(name=f"{top}/{bottom}", value=f"{top}/{bottom}") for top, bottom in METRES]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Continue(commands.Cog):
    """Goes on from pieces."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="continue", description="Write more bars after a piece; its tempo, metre and instruments go on"
    )
    @app_commands.describe(
        bars="How many bars to write (16 when left out)",
        beginning="Use only these bars as the beginning, for instance 1-8",
        from_bar="The bar to go on at: all before it is kept, the rest is left out",
        instruments="Who plays on, for instance piano, bass; left out, those who play already",
        exclude="Who stops playing, for instance drums",
        density="How many notes there are; left out, as before",
        key="For instance C minor; left out, the piece's own",
        tempo="Quarter notes per minute from there on; left out, the piece's own",
        metre="Beats in a bar from there on; left out, the piece's own",
        genre="A style to lean to",
        temperature="How bold, from 0 to 3; overrides the preset's (balanced is near 1)",
        takes="How many different versions to write",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
    )
    @app_commands.choices(density=_DENSITIES, metre=_METRES, preset=_PRESETS)
    @app_commands.autocomplete(
        instruments=suggest_instruments, exclude=suggest_instruments, key=suggest_keys, genre=suggest_genres
    )
    async def go_on(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        bars: app_commands.Range[int, 1, 256] | None = None,
        beginning: str | None = None,
        from_bar: app_commands.Range[int, 2, 100_000] | None = None,
        instruments: str | None = None,
        exclude: str | None = None,
        density: str | None = None,
        key: str | None = None,
        tempo: app_commands.Range[float, 20, 300] | None = None,
        metre: str | None = None,
        genre: str | None = None,
        temperature: app_commands.Range[float, 0.0, 3.0] | None = None,
        takes: app_commands.Range[int, 1, 4] = 1,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
    ) -> None:
        """Go on from an attached file, a linked result, or the newest one in the channel."""
        options = GenerateOptions(
            genre=genre,
            key=key,
            tempo_bpm=tempo,
            metre=metre,
            num_bars=bars,
            instruments=split_names(instruments),
            exclude_instruments=split_names(exclude),
            density=density,
            beginning_bars=choose_beginning(parse_bars(beginning), from_bar),
            preset=preset,
            sampling=SamplingWishes(temperature=temperature),
            seed=seed,
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Continue(bot))
