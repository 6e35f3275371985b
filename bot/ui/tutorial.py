"""The tutorial: one private message that leads through generating, harmonizing and remixing, each step a button or a menu.

The results are ordinary ones, posted in the channel. Its identifiers carry all they need, so they outlive a restart of the bot.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from bot.services.reading.examples import EXAMPLES, load_example
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.style import BLUE
from bot.ui.explaining import explain_from
from bot.ui.seals import SealedItem

_FIRST_WISH = GenerateOptions(
    genre="pop", key="C major", tempo_bpm=110.0, num_bars=8, instruments=("piano", "bass", "drums")
)
_STEPS = {
    "generate": "1 · Write 8 bars of pop",
    "remix": "3 · Remix the newest result",
    "explain": "4 · Explain its harmony",
}


def tutorial_embed() -> discord.Embed:
    """Say what the steps do and what to look at."""
    embed = discord.Embed(
        title="A first tour",
        description="Three networks write here, each a different way. Press the steps in turn; the results appear in this channel.",
        colour=BLUE,
    )
    for name, value in (
        (
            "1 · Generate",
            (
                "Writes something new. By yourself: `/generate prompt:sad jazz waltz in D minor, piano and bass, 16 bars`, or choose "
                "genre, key, tempo and players one by one."
            ),
        ),
        (
            "2 · Harmonize",
            (
                "Gives a melody what it lacks, here a piano, and keeps it note for note. By yourself: attach a MIDI, MusicXML or ABC "
                "file to `/harmonize`; styles are four voices, chords, piano, band, one more track, a melody, a hole of bars."
            ),
        ),
        (
            "3 · Remix",
            (
                "Changes a share of the notes and leaves the rest. The picture shows what changed; listen to before and after. By "
                "yourself: `/remix share:30 bars:5-8`, or Remix under any result."
            ),
        ),
        (
            "4 · And then",
            (
                "Every result has buttons and a More… menu: vary it, go on, show the score, export everything, explain it. `/history` "
                "keeps every version; `/undo` goes back. `/compose` writes a whole song. `/help` names all commands."
            ),
        ),
    ):
        embed.add_field(name=name, value=value, inline=False)
    return embed


def tutorial_view() -> discord.ui.View:
    """Return the steps as buttons, and the tunes as a menu between them."""
    view = discord.ui.View(timeout=None)
    view.add_item(TutorialButton("generate"))
    view.add_item(TuneMenu())
    view.add_item(TutorialButton("remix"))
    view.add_item(TutorialButton("explain"))
    return view


class TutorialButton(SealedItem[discord.ui.Button[Any]], template=rf"tutti:tutorial:(?P<step>{'|'.join(_STEPS)})"):
    """One step of the tour."""

    def __init__(self, step: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=_STEPS[step],
                style=discord.ButtonStyle.primary,
                custom_id=f"tutti:tutorial:{step}",
                row=0 if step == "generate" else 2,
            )
        )
        self._step = step

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["step"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the step says."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: _take(desk, interaction, self._step), custom_id=self.custom_id)


class TuneMenu(SealedItem[discord.ui.Select[Any]], template=r"tutti:tutorial:tune"):
    """Tunes in the public domain, to be harmonized."""

    def __init__(self) -> None:
        options = [
            discord.SelectOption(label=each.title, value=each.name, description=each.origin) for each in EXAMPLES
        ]
        super().__init__(
            discord.ui.Select(
                custom_id="tutti:tutorial:tune", placeholder="2 · Harmonize an old tune…", options=options, row=1
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Make the menu anew."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Harmonize the chosen tune."""
        desk, chosen = desk_of(interaction), self.item.values[0]
        custom_id = f"{self.custom_id}:{chosen}"
        await desk.guarded(interaction, lambda: _harmonize(desk, interaction, chosen), custom_id=custom_id)


async def _take(desk: Desk, interaction: discord.Interaction[Any], step: str) -> None:
    if step == "generate":
        await desk.order_new(interaction, _FIRST_WISH, file=None)
    elif step == "remix":
        await desk.order_from(interaction, RemixOptions(share=0.4))
    else:
        await explain_from(desk, interaction, file=None, link=None)


async def _harmonize(desk: Desk, interaction: discord.Interaction[Any], name: str) -> None:
    await desk.order_on(interaction, HarmonizeOptions(style="piano"), load_example(name))
