"""The form behind “Edit”: what a piece was asked with, to be corrected and ordered again.

Every line is read as plain words, so "quarter = 90, waltz" is as good as "90, 3/4". Its identifier carries the revision's id:
one that was opened before a restart of the bot is read after it. It knows nothing of how orders are carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bot.services.model import JobOrder
from bot.services.options import DEFAULT_NUM_BARS, GenerateOptions
from bot.services.words.prompt_corrections import LINES, correct, lines_of
from bot.ui.answers import author_of, place_of
from bot.ui.carried import FORM_IDS
from bot.ui.desk import Desk
from bot.ui.form import SealedForm
from bot.ui.seals import plain_id_of
from core.errors import InputError

_LONGEST_TEXT = 300
_NOT_WRITTEN = (
    "Only a piece that was written from wishes can be edited this way. For this one use Arrange in the More menu."
)
_LABELS: Mapping[str, tuple[str, str]] = {
    "genre": ("Genre, or two to blend", "jazz, funk"),
    "key": ("Key", "D minor"),
    "time": ("Tempo and metre", "90 bpm, 3/4"),
    "length": (f"Length ({DEFAULT_NUM_BARS} bars when left out)", "16 bars, or 30 seconds"),
    "instruments": ("Instruments", "piano, upright bass, no drums"),
}


async def open_edit(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Open the form with what the piece was asked with."""
    options = await _options_of(desk, revision_id)
    modal = SealedForm(title="Edit and write again", custom_id=f"tutti:edit-form:{revision_id}")
    for name, value in lines_of(options).items():
        label, example = _LABELS[name]
        modal.add_item(
            discord.ui.TextInput(
                label=label,
                custom_id=name,
                placeholder=example,
                default=value[:_LONGEST_TEXT] or None,
                required=False,
                max_length=_LONGEST_TEXT,
            )
        )
    await interaction.response.send_modal(modal)


async def submit_edit(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Order what the form says; forms of others are left alone."""
    data: Any = interaction.data or {}
    match = FORM_IDS["edit-form"].fullmatch(plain_id_of(interaction))
    if match is None:
        return
    revision_id = int(match["revision_id"])
    typed = typed_in(data.get("components", ()))

    async def order() -> JobOrder:
        options = correct(await _options_of(desk, revision_id), typed)
        author, place = author_of(interaction), place_of(interaction)
        again = await desk.services.songs.order_again(revision_id, author=author, place=place, reply_token="")
        return replace(again, options=options)

    said = "|".join(typed.get(name, "") for name in LINES)  # the same form twice in a hurry is one order
    custom_id = f"tutti:edit:{revision_id}:{said}"
    await desk.guarded(interaction, lambda: desk.submit_after(interaction, order), custom_id=custom_id)


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


async def _options_of(desk: Desk, revision_id: int) -> GenerateOptions:
    """Return what a revision was asked with.

    Raises:
        InputError: when it was not written from wishes.
    """
    options = (await desk.services.songs.revision(revision_id)).options
    if not isinstance(options, GenerateOptions):
        raise InputError(_NOT_WRITTEN)
    return options
