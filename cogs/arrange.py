"""/arrange: change a piece by rule, without a network: instruments, key, tempo, lengths, feel, loudness, tracks."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.arranging_words import parse_swaps, parse_tempo, parse_transposition
from bot.ui.options import parse_bars, split_names
from music.arranging.dynamics import DYNAMICS, MOODS

_DYNAMICS = [app_commands.Choice(name=name, value=name) for name in DYNAMICS]
_MOODS = [
    app_commands.Choice(name=f"{MOODS[0]} (to minor, lower, softer)", value=MOODS[0]),
    app_commands.Choice(name=f"{MOODS[1]} (to major, higher, louder)", value=MOODS[1]),
]
_LENGTHS = [
    app_commands.Choice(name="twice as long (augmentation)", value="2"),
    app_commands.Choice(name="half as long (diminution)", value="0.5"),
]


class Arrange(commands.Cog):
    """Changes pieces by rule."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="arrange", description="Swap instruments, transpose, change tempo, feel or loudness; no network, at once"
    )
    @app_commands.describe(
        swap="Who plays instead, for instance piano to strings, 2 to flute",
        transpose="For instance up a third, -2, or a key such as D minor",
        tempo="Beats a minute, or 80%, half, double",
        lengths="Make every note longer or shorter; the tempo stays",
        mood="Darker or brighter",
        dynamics="Loudness over the piece, or over the bars",
        humanize="How far notes stray from the grid, in percent",
        swing="How late off-beat eighths are, in percent; 100 plays triplets",
        tracks="Only these tracks: numbers, names or instruments",
        drop="Tracks to leave out, for instance drums",
        keep="The only tracks to keep",
        bars="Only these bars, for instance 5-8",
        file="A MIDI or MusicXML file; left out, my newest result in this channel",
        message="A link to one of my messages",
        seed="For humanizing: the same seed gives the same strays",
    )
    @app_commands.choices(mood=_MOODS, dynamics=_DYNAMICS, lengths=_LENGTHS)
    async def arrange(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        swap: app_commands.Range[str, 1, 500] | None = None,
        transpose: app_commands.Range[str, 1, 60] | None = None,
        tempo: app_commands.Range[str, 1, 30] | None = None,
        lengths: str | None = None,
        mood: str | None = None,
        dynamics: str | None = None,
        humanize: app_commands.Range[int, 0, 100] = 0,
        swing: app_commands.Range[int, 0, 100] = 0,
        tracks: str | None = None,
        drop: str | None = None,
        keep: str | None = None,
        bars: str | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
    ) -> None:
        """Arrange an attached file, a linked result, or the newest one in the channel."""
        semitones, key = parse_transposition(transpose)
        tempo_bpm, tempo_percent = parse_tempo(tempo)
        options = ArrangeOptions(
            swaps=parse_swaps(swap),
            transpose_semitones=semitones,
            to_key=key,
            tempo_bpm=tempo_bpm,
            tempo_percent=tempo_percent,
            stretch=None if lengths is None else float(lengths),
            humanize_percent=humanize,
            swing_percent=swing,
            dynamics=dynamics,
            mood=mood,
            tracks=split_names(tracks),
            drop_tracks=split_names(drop),
            keep_tracks=split_names(keep),
            bars=parse_bars(bars),
            seed=seed,
        )
        await self.bot.desk.order_from(interaction, options, file=file, link=message)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Arrange(bot))
