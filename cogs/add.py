"""/add: a layer of drums, bass, piano, strings or any other instrument for what is there."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.adding import AddOptions
from bot.services.options import DENSITIES, PRESETS
from bot.ui.edit_forms import FORMS, submit_form
from bot.ui.options import parse_bars, split_names, suggest_instruments

_DENSITIES = [app_commands.Choice(name=name, value=name) for name in DENSITIES]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Add(commands.Cog):
    """Adds layers, and takes in the forms that buttons under results open."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="add", description="Add drums, bass, piano, strings or another layer; what is there stays note for note"
    )
    @app_commands.describe(
        instrument="Who plays it, for instance drums, or bass and strings",
        bars="Only in these bars, for instance 5-8",
        density="How much it plays, for such an instrument",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same notes",
        takes="How many different versions to write",
    )
    @app_commands.choices(density=_DENSITIES, preset=_PRESETS)
    @app_commands.autocomplete(instrument=suggest_instruments)
    async def add(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        instrument: str,
        bars: str | None = None,
        density: str | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        takes: app_commands.Range[int, 1, 4] = 1,
    ) -> None:
        """Add to an attached file, a linked result, or the newest one in the channel."""
        options = AddOptions(
            instruments=split_names(instrument), bars=parse_bars(bars), density=density, preset=preset, seed=seed
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message, num_takes=takes)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Take in forms by their identifiers, so that one opened before a restart is read after it."""
        if interaction.type is discord.InteractionType.modal_submit:
            await submit_form(self.bot.desk, interaction, FORMS)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Add(bot))
