"""/compose: a whole song, from one line or from a melody; first its plan, then all at once or stage by stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.composing import PlanView
from bot.services.model import JobOrder, Source
from bot.services.operations.composition_options import ComposeOptions, parse_length
from bot.services.options import PRESETS, GenerateOptions
from bot.services.words.prompt_options import generate_options, words_of
from bot.services.words.prompts import understand
from bot.services.words.understanding import Understood
from bot.ui.answers import author_of, place_of
from bot.ui.compose_card import PlanButton, StageButton, heed_form, show_card
from bot.ui.options import split_names, suggest_genres, suggest_instruments, suggest_keys
from music.constraints import METRES
from music.forms.planning import DEFAULT_GENRE
from music.forms.table import GENRE_FORMS
from music.names import instrument_name, parse_instruments

_METRES = [app_commands.Choice(name=f"{top}/{bottom}", value=f"{top}/{bottom}") for top, bottom in METRES]
_PRESETS = [app_commands.Choice(name=preset, value=preset) for preset in PRESETS]


class Compose(commands.Cog):
    """Composes songs."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Let the buttons of plans and stages work, those of earlier runs too."""
        self.bot.add_dynamic_items(PlanButton, StageButton)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Hear what people typed into the form of a plan."""
        await heed_form(self.bot.desk, interaction)

    @app_commands.command(
        name="compose", description="Write a whole song: a plan first, then all of it or stage by stage"
    )
    @app_commands.describe(
        genre="The style, for instance pop or jazz",
        length="For instance 2 minutes, 90 s, 1:45 or 48 bars",
        prompt="All of it in plain words; options that you set here win over them",
        form="For instance AABA, ABABCB, 12-bar blues, or intro 4, verse 8, chorus 8, verse 8, chorus 8, outro 4",
        key="For instance C minor or Bb major",
        tempo="Quarter notes per minute",
        metre="Beats in a bar",
        instruments="The band, the lead first, for instance flute, piano, bass, drums",
        chords="By section: verse: Am | F | C | G; chorus: F | G | Am | C",
        file="A MIDI or MusicXML file whose melody becomes the song's",
        message="A link to one of my messages whose melody becomes the song's; “newest” takes my newest here",
        preset="safe stays close to what is usual, wild does not",
        seed="The same seed and wishes give the same song",
        plan_first="No: write it at once, without showing the plan",
    )
    @app_commands.autocomplete(genre=suggest_genres, key=suggest_keys, instruments=suggest_instruments)
    @app_commands.choices(metre=_METRES, preset=_PRESETS)
    async def compose(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        genre: str | None = None,
        length: app_commands.Range[str, 1, 40] | None = None,
        prompt: app_commands.Range[str, 1, 1000] | None = None,
        form: app_commands.Range[str, 1, 600] | None = None,
        key: str | None = None,
        tempo: app_commands.Range[float, 20, 300] | None = None,
        metre: str | None = None,
        instruments: str | None = None,
        chords: app_commands.Range[str, 1, 2000] | None = None,
        file: discord.Attachment | None = None,
        message: str | None = None,
        preset: str = "balanced",
        seed: app_commands.Range[int, 0, 2**31 - 1] | None = None,
        plan_first: bool = True,  # noqa: FBT001, FBT002 - Discord passes options by name
    ) -> None:
        """Plan a song, or write it at once."""
        seconds, num_bars = (None, None) if length is None else parse_length(length)
        options = ComposeOptions(
            genre=genre,
            key=key,
            tempo_bpm=tempo,
            metre=metre,
            seconds=seconds,
            num_bars=num_bars,
            form=form or "",
            instruments=split_names(instruments),
            chords=chords or "",
            preset=preset,
            seed=seed,
        )
        if prompt:
            options = _heed_words(options, prompt)
        desk = self.bot.desk
        author, place = author_of(interaction), place_of(interaction)
        composing = desk.services.keeping.composing

        async def begin() -> PlanView:
            source = await self._source(interaction, file, message)
            wish = await desk.services.keeping.rules.with_genre(options, place=place)
            return await composing.begin(wish, source=source, author=author, place=place)

        async def order() -> JobOrder:
            view = await begin()
            return await composing.order(view.draft_id, stage="whole", author=author, place=place)

        if plan_first:
            _, view = await desk.acknowledge_after(interaction, begin)
            await show_card(desk, interaction, view)
        else:
            await desk.submit_after(interaction, order)

    async def _source(
        self, interaction: discord.Interaction[TuttiBot], file: discord.Attachment | None, message: str | None
    ) -> Source | None:
        if file is None and not message:
            return None
        link = None if message and message.strip().casefold() == "newest" else message
        return await self.bot.desk.finder.find(interaction, file=file, link=link)


def _heed_words(given: ComposeOptions, prompt: str) -> ComposeOptions:
    """Return options that follow a wish in plain words where ``given`` leaves them free."""
    said = understand(prompt)
    by_hand = GenerateOptions(
        genre=given.genre,
        key=given.key,
        tempo_bpm=given.tempo_bpm,
        metre=given.metre,
        instruments=given.instruments,
        preset=given.preset,
        seed=given.seed,
    )
    heard = generate_options(replace(said, seconds=None, num_bars=None), given=by_hand)
    has_length = given.seconds is not None or given.num_bars is not None
    return replace(
        given,
        genre=heard.genre,
        key=heard.key,
        tempo_bpm=heard.tempo_bpm,
        metre=heard.metre,
        seconds=given.seconds if has_length else said.seconds,
        num_bars=given.num_bars if has_length else said.num_bars,
        instruments=given.instruments or _without(said),
        preset=heard.preset,
        seed=heard.seed,
        prompt=words_of(said),
    )


def _without(said: Understood) -> tuple[str, ...]:
    """Return the instruments that were named; those of the genre's band without the ones that nobody wants."""
    if said.instruments or not said.exclude_instruments:
        return said.instruments
    unwanted = set(parse_instruments(",".join(said.exclude_instruments)))
    band = GENRE_FORMS[said.genre or DEFAULT_GENRE].band
    return tuple(instrument_name(program) for program in band if program not in unwanted)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Compose(bot))
