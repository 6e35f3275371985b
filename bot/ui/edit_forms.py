"""The forms behind “Remix…”, “Add layer…”, “Fill bars…” and “Arrange…”: a few lines to type, and the order that they mean.

A form's identifier carries the revision's id, and it is read by that alone: one that was opened before a restart of the bot is
read after it. It knows nothing of how orders are carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.arranging_words import parse_feel, parse_swaps, parse_tempo, parse_transposition
from bot.services.operations.infilling import InfillOptions
from bot.services.options import Options, RemixOptions
from bot.services.replies.takes import MAX_TAKES
from bot.ui.carried import FORM_IDS
from bot.ui.desk import Desk
from bot.ui.form import SealedForm
from bot.ui.options import parse_bars, split_names
from bot.ui.seals import plain_id_of
from core.errors import InputError
from core.whole_numbers import read_whole_number

_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a form: the name it is read by, its label (at most 45 letters), an example, and what stands there at first."""

    name: str
    label: str
    example: str
    value: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: its title, at most five lines, and how they are read."""

    title: str
    lines: tuple[Line, ...]
    read: Callable[[Mapping[str, str]], Options]


def open_form(name: str) -> Callable[[Desk, discord.Interaction[Any], int], Any]:
    """Return the handler of a button that opens a form."""

    async def press(_desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
        form = FORMS[name]
        modal = SealedForm(title=form.title, custom_id=f"tutti:form:{name}:{revision_id}")
        for line in form.lines:
            modal.add_item(
                discord.ui.TextInput(
                    label=line.label,
                    custom_id=line.name,
                    placeholder=line.example,
                    default=line.value or None,
                    required=line.is_required,
                    max_length=_LONGEST_TEXT,
                )
            )
        await interaction.response.send_modal(modal)

    return press


async def submit_form(desk: Desk, interaction: discord.Interaction[Any], forms: Mapping[str, Form]) -> None:
    """Order what a form says; forms of others are left alone."""
    data: Any = interaction.data or {}
    match = FORM_IDS["form"].fullmatch(plain_id_of(interaction))
    if match is None or match["form"] not in forms:
        return
    form, revision_id = forms[match["form"]], int(match["revision_id"])
    typed = typed_in(data.get("components", ()))

    async def order() -> None:
        options, num_takes = form.read(typed), read_takes(typed.get("takes", ""))
        await desk.order_from_revision(interaction, options, revision_id, num_takes=num_takes)

    said = "|".join(typed[name] for name in sorted(typed))  # the same form twice in a hurry is one order
    await desk.guarded(interaction, order, custom_id=f"tutti:{match['form']}:{revision_id}:{said}")


def typed_in(components: Any) -> dict[str, str]:
    """Return what stands in the lines of a form, in whatever rows or labels Discord wraps them."""
    found: dict[str, str] = {}
    for component in components:
        if "value" in component and "custom_id" in component:
            found[str(component["custom_id"])] = str(component["value"] or "")
        found |= typed_in(component.get("components", ()))
        if isinstance(component.get("component"), dict):
            found |= typed_in((component["component"],))
    return found


def read_takes(text: str) -> int:
    """Return how many takes a line asks for; an empty one asks for one.

    Raises:
        InputError: for what is no number.
    """
    if not text.strip():
        return 1
    number = read_whole_number(text.strip())
    if number is None:
        raise InputError(f"“{text}” is no number of takes. Write 1 to {MAX_TAKES}.")
    return number


def _read_remix(typed: Mapping[str, str]) -> RemixOptions:
    share = typed.get("share", "").strip().removesuffix("%").strip() or "50"
    percent = read_whole_number(share)
    if percent is None:
        raise InputError(f"“{share}” is no share. Write a number from 1 to 100, the percent of the notes to change.")
    return RemixOptions(
        share=percent / 100,
        change=typed.get("change", "").strip() or "pitch",
        bars=parse_bars(typed.get("bars")),
        tracks=split_names(typed.get("tracks")),
    )


def _read_add(typed: Mapping[str, str]) -> AddOptions:
    return AddOptions(
        instruments=split_names(typed.get("instrument")),
        bars=parse_bars(typed.get("bars")),
        density=typed.get("density", "").strip() or None,
    )


def _read_infill(typed: Mapping[str, str]) -> InfillOptions:
    return InfillOptions(bars=parse_bars(typed.get("bars")), tracks=split_names(typed.get("tracks")))


def _read_arrange(typed: Mapping[str, str]) -> ArrangeOptions:
    semitones, key = parse_transposition(typed.get("transpose"))
    tempo_bpm, tempo_percent = parse_tempo(typed.get("tempo"))
    mood, dynamics = parse_feel(typed.get("feel"))
    return ArrangeOptions(
        swaps=parse_swaps(typed.get("swap")),
        transpose_semitones=semitones,
        to_key=key,
        tempo_bpm=tempo_bpm,
        tempo_percent=tempo_percent,
        mood=mood,
        dynamics=dynamics,
        bars=parse_bars(typed.get("bars")),
    )


_BARS = Line(name="bars", label="Bars (empty: all)", example="5-8")
FORMS: Mapping[str, Form] = {
    "remix": Form(
        title="Remix",
        lines=(
            Line(name="change", label="What to change", example="pitch, rhythm, velocity, instrument", value="pitch"),
            Line(name="share", label="How many of the notes, in percent", example="50", value="50"),
            _BARS,
            Line(name="tracks", label="Tracks (empty: all)", example="1, bass, drums"),
            Line(name="takes", label=f"Takes to choose from, 1 to {MAX_TAKES}", example="1", value="1"),
        ),
        read=_read_remix,
    ),
    "add": Form(
        title="Add a layer",
        lines=(
            Line(name="instrument", label="Instruments", example="drums, bass, strings", is_required=True),
            _BARS,
            Line(name="density", label="How much it plays", example="sparse, light, medium, busy or dense"),
        ),
        read=_read_add,
    ),
    "infill": Form(
        title="Fill bars",
        lines=(
            Line(name="bars", label="Bars to write anew", example="5-8", is_required=True),
            Line(name="tracks", label="Who plays there (empty: those silent there)", example="bass, drums, or all"),
        ),
        read=_read_infill,
    ),
    "arrange": Form(
        title="Arrange",
        lines=(
            Line(name="swap", label="Swap instruments", example="piano to strings, 2 to flute"),
            Line(name="transpose", label="Transpose", example="up a third, -2, or D minor"),
            Line(name="tempo", label="Tempo", example="90, 80%, half or double"),
            Line(name="feel", label="Mood or loudness", example="darker, quiet ending, crescendo"),
            _BARS,
        ),
        read=_read_arrange,
    ),
}
"""Every form, by the word in its identifier."""
