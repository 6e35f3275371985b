"""/layer: the layers of a song that people make together: added, mixed, locked, named, handed over, joined, taken out."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.layer_building import CopyOptions, JoinOptions, LayerAddOptions
from bot.services.operations.layering import DropOptions, LockOptions, MixOptions, RenameOptions, VoiceOptions
from bot.ui.options import split_names, suggest_instruments
from bot.ui.together import layer_flow, song_flow

LayerName = app_commands.Range[str, 1, 60]


class Layers(
    commands.GroupCog, group_name="layer", group_description="The layers of the song that lives in this thread"
):
    """Changes one layer at a time."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="list", description="The layers with their owners and how each is heard")
    async def list(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """List the layers."""
        await song_flow.show_layers(self.bot.desk, interaction)

    @app_commands.command(name="add", description="Add layers from a file or from one of my messages")
    @app_commands.describe(
        file="A MIDI, MusicXML or ABC file",
        message="A link to one of my messages",
        tracks="Only these of its tracks, by number or name, with commas",
        bar="The bar of the song in which they begin",
    )
    async def add(
        self,
        interaction: discord.Interaction[TuttiBot],
        file: discord.Attachment | None = None,
        message: str | None = None,
        tracks: str = "",
        bar: app_commands.Range[int, 1, 10_000] = 1,
    ) -> None:
        """Order layers from elsewhere."""
        options = LayerAddOptions(tracks=split_names(tracks), at_bar=bar)
        await layer_flow.add_layer(self.bot.desk, interaction, options, file=file, link=message)

    @app_commands.command(name="copy", description="Double a layer as one of yours, an octave higher or as you say")
    @app_commands.describe(
        layer="Its number or name", semitones="Up, or down with a minus", name="What the new one is called"
    )
    async def copy(
        self,
        interaction: discord.Interaction[TuttiBot],
        layer: LayerName,
        semitones: app_commands.Range[int, -36, 36] = 12,
        name: app_commands.Range[str, 1, 40] | None = None,
    ) -> None:
        """Order a doubled layer."""
        options = CopyOptions(layer=layer, transpose_semitones=semitones, name=name or "")
        await layer_flow.build_layer(self.bot.desk, interaction, options)

    @app_commands.command(name="join", description="Make one layer of two; the first keeps name, owner and sound")
    @app_commands.describe(first="The layer that stays", second="The layer whose notes go into it")
    async def join(self, interaction: discord.Interaction[TuttiBot], first: LayerName, second: LayerName) -> None:
        """Order two layers as one."""
        await layer_flow.build_layer(self.bot.desk, interaction, JoinOptions(first=first, second=second))

    @app_commands.command(name="mix", description="Mute, solo, level and pan of a layer")
    @app_commands.describe(
        layer="Its number or name",
        mute="Silent, or heard again",
        solo="Only this one and others that are solo",
        level_db="Louder or softer, from -24 to +6 dB",
        pan="From -100 (left) to 100 (right)",
    )
    async def mix(
        self,
        interaction: discord.Interaction[TuttiBot],
        layer: LayerName,
        mute: bool | None = None,  # noqa: FBT001 - Discord passes options by name
        solo: bool | None = None,  # noqa: FBT001 - same
        level_db: app_commands.Range[float, -24.0, 6.0] | None = None,
        pan: app_commands.Range[int, -100, 100] | None = None,
    ) -> None:
        """Change how a layer is heard."""
        options = MixOptions(layer=layer, mute=mute, solo=solo, level_db=level_db, pan=pan)
        await song_flow.change_song(self.bot.desk, interaction, options)

    @app_commands.command(name="lock", description="Let nobody but you change a layer of yours, not even me for others")
    @app_commands.describe(layer="Its number or name", locked="False opens it again")
    async def lock(
        self,
        interaction: discord.Interaction[TuttiBot],
        layer: LayerName,
        locked: bool = True,  # noqa: FBT001, FBT002 - Discord passes options by name
    ) -> None:
        """Lock or unlock a layer."""
        await song_flow.change_song(self.bot.desk, interaction, LockOptions(layer=layer, is_locked=locked))

    @app_commands.command(name="rename", description="Give a layer another name")
    @app_commands.describe(layer="Its number or name", name="The new name")
    async def rename(
        self, interaction: discord.Interaction[TuttiBot], layer: LayerName, name: app_commands.Range[str, 1, 40]
    ) -> None:
        """Rename a layer."""
        await song_flow.change_song(self.bot.desk, interaction, RenameOptions(layer=layer, name=name))

    @app_commands.command(name="give", description="Hand a layer over to somebody")
    @app_commands.describe(layer="Its number or name", to="To whom")
    async def give(self, interaction: discord.Interaction[TuttiBot], layer: LayerName, to: discord.User) -> None:
        """Hand a layer over."""
        await layer_flow.give_layer(self.bot.desk, interaction, layer=layer, to=to)

    @app_commands.command(name="instrument", description="Let another instrument play a layer; the notes stay")
    @app_commands.describe(layer="Its number or name", instrument="Who plays it from now on")
    @app_commands.autocomplete(instrument=suggest_instruments)
    async def instrument(self, interaction: discord.Interaction[TuttiBot], layer: LayerName, instrument: str) -> None:
        """Change who plays a layer."""
        await song_flow.change_song(self.bot.desk, interaction, VoiceOptions(layer=layer, instrument=instrument))

    @app_commands.command(name="remove", description="Take a layer out of the song; earlier states keep it")
    @app_commands.describe(layer="Its number or name")
    async def remove(self, interaction: discord.Interaction[TuttiBot], layer: LayerName) -> None:
        """Take a layer out."""
        await song_flow.change_song(self.bot.desk, interaction, DropOptions(layer=layer))


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Layers(bot))
