"""/infill: write some bars of some tracks anew, with both sides seen."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.infilling import InfillOptions
from bot.services.options import PRESETS
from bot.ui.options import parse_bars, split_names

_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Infill(commands.Cog):
    """Fills gaps."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="infill", description="Write some bars of some tracks anew; both sides are heard, all else stays"
    )
    @app_commands.describe(
        bars="The bars to write, for instance 5-8; left out, the first silent ones",
        tracks="Who plays them: numbers, names, instruments or all; left out, those who are silent there",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many different versions to write",
    )
    @app_commands.choices(preset=_PRESETS)
    async def infill(
        self,
        interaction: discord.Interaction[TuttiBot],
        bars: str | None = None,
        tracks: str | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        takes: app_commands.Range[int, 1, 4] = 1,
    ) -> None:
        """Fill bars of an attached file, a linked result, or the newest one in the channel."""
        options = InfillOptions(bars=parse_bars(bars), tracks=split_names(tracks), preset=preset, seed=seed)
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Infill(bot))
