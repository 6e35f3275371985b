"""/export: a piece as files to take away: MIDI, sound, stems, score, credits."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.exporting import ExportOptions

_CONTENTS = [
    app_commands.Choice(name="everything, in one zip", value="everything"),
    app_commands.Choice(name="MIDI", value="midi"),
    app_commands.Choice(name="WAV", value="wav"),
    app_commands.Choice(name="FLAC", value="flac"),
    app_commands.Choice(name="MP3", value="mp3"),
    app_commands.Choice(name="Ogg", value="ogg"),
    app_commands.Choice(name="stems: every track alone, MIDI and sound", value="stems"),
    app_commands.Choice(name="score: PDF, picture, MusicXML", value="score"),
    app_commands.Choice(name="credits: who and what made it", value="credits"),
]


class Export(commands.Cog):
    """Gives pieces away as files."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="export", description="Take a piece with you: MIDI, sound, stems, score, credits")
    @app_commands.describe(
        what="Which files (everything in one zip when left out)",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
    )
    @app_commands.choices(what=_CONTENTS)
    async def export(
        self,
        interaction: discord.Interaction[TuttiBot],
        what: str = "everything",
        file: discord.Attachment | None = None,
        message: str | None = None,
    ) -> None:
        """Pack an attached file, a linked result, or the newest one in the channel."""
        await self.bot.desk.order_from(interaction, ExportOptions(contents=what), file=file, link=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Export(bot))
