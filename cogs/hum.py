"""/hum: a short clip of one voice becomes notes, to be checked before anything is made of them."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.hearing import HIGHEST_BPM, LOWEST_BPM, HumOptions
from bot.ui.options import suggest_instruments


class Hum(commands.Cog):
    """Listens to melodies."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="hum", description="A clip of one voice (hummed, sung, played) as notes, to check and go on from"
    )
    @app_commands.describe(
        file="A sound file of at most a minute: Ogg, MP3, FLAC or WAV; voice messages, too",
        tempo="Beats a minute, if you know it; left out, I guess",
        metre="For instance 3/4 (4/4 when left out)",
        instrument="Who plays it to you (flute when left out)",
    )
    @app_commands.autocomplete(instrument=suggest_instruments)
    async def hum(
        self,
        interaction: discord.Interaction[TuttiBot],
        file: discord.Attachment,
        tempo: app_commands.Range[float, LOWEST_BPM, HIGHEST_BPM] | None = None,
        metre: str = "4/4",
        instrument: str = "flute",
    ) -> None:
        """Write down an attached clip."""
        options = HumOptions(tempo_bpm=tempo, metre=metre, instrument=instrument)
        await self.bot.desk.order_from(interaction, options, file=file)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Hum(bot))
