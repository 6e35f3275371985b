"""The plan card of a song, the buttons on it and under each stage, and the form in which plans are edited.

Identifiers carry the draft or the revision, so all of it works after a restart; also a form that was open meanwhile, because its
answer is read from its own identifier (``heed_form``). What happens then is not known here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import discord

from bot.plain_text import clip, make_plain
from bot.services.composing import NEXT_STAGE, PlanEdit, PlanView, fields_of
from bot.services.model import RevisionView
from bot.services.operations.composition_options import ComposeOptions
from bot.ui.answers import author_of, place_of
from bot.ui.carried import FORM_IDS
from bot.ui.courier import OutgoingFile, send_again
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, FIELD_LIMIT, GREY
from bot.ui.embeds.words import add_prompt_fields
from bot.ui.form import SealedForm
from bot.ui.seals import SealedItem, plain_id_of
from bot.ui.sending import answer_with_files
from bot.ui.wording.composition import clock
from media.protocol import Picture
from music.forms.plan import FormPlan, SectionPlan
from music.names import instrument_name

_GAUGE_CELLS = 24
_ALREADY_ACKNOWLEDGED = 40060
_NEXT_LABELS = {"themes": "Next: harmony and arrangement", "arrangement": "Next: variations and form"}


# --- the card ------------------------------------------------------------------------------------------------------


def plan_embed(view: PlanView) -> discord.Embed:
    """Show a plan: what it is, each section as a row, and the whole as a strip of letters."""
    plan = view.plan
    around = f" around {make_plain(view.melody_name, limit=80)}" if view.melody_name else ""
    style = make_plain((plan.genre or "any style").capitalize())
    metre = f"{plan.metre[0]}/{plan.metre[1]}, {plan.tempo_bpm:g} bpm"
    length = f"**{clock(plan.duration_seconds)}**, {plan.num_bars} bars"
    lines = [
        f"**{style}** in **{plan.key}**{around}, {metre}: {length}.",
        "```",
        *_rows(plan),
        "```",
        f"`{_strip(plan)}`",
    ]
    embed = discord.Embed(title="Plan of a song", description=clip("\n".join(lines), DESCRIPTION_LIMIT), colour=BLUE)
    band = ", ".join(instrument_name(program) for program in plan.instruments)
    embed.add_field(name="Band", value=clip(make_plain(band), FIELD_LIMIT), inline=False)
    charts = "\n".join(f"{theme.letter}: {' '.join(theme.chords.split())}" for theme in plan.themes if theme.chords)
    if charts:  # a chart that was read has no sign that could leave its block
        charts = clip(charts.replace("`", "'"), FIELD_LIMIT - 10)
        embed.add_field(name="Chords to follow", value=f"```\n{charts}\n```", inline=False)
    add_prompt_fields(embed, view.options)
    embed.set_footer(text=f"plan {view.draft_id} · seed {view.options.seed} · for {clip(view.author.name, 80)}")
    return embed


def _rows(plan: FormPlan) -> list[str]:
    """Return the form as a table: bars, section, letter, key, who plays, seconds."""
    rows = [f"{'bars':>9}  {'section':<11} {'':1} {'key':<9} {'players':<8} time"]
    for section, first in zip(plan.sections, plan.first_bars(), strict=True):
        bars = f"{first + 1}-{first + section.num_bars}"
        letter = section.letter if section.role == "section" else " "
        seconds = clock(section.num_bars * plan.bar_seconds)
        rows.append(f"{bars:>9}  {section.name:<11} {letter} {section.key:<9} {_players(section, plan):<8} {seconds}")
    return rows


def _players(section: SectionPlan, plan: FormPlan) -> str:
    missing = [program for program in plan.instruments if program not in section.instruments]
    return "all" if not missing else f"{len(section.instruments)} of {len(plan.instruments)}"


def _strip(plan: FormPlan) -> str:
    """Return the song as a strip in which each section is as long as it lasts: ``..AAAABBBB``."""
    total = max(plan.num_bars, 1)
    strip = "".join(
        (section.letter if section.role == "section" else "·") * max(1, round(_GAUGE_CELLS * section.num_bars / total))
        for section in plan.sections
    )
    return clip(strip, 2 * _GAUGE_CELLS)


# --- buttons of the card -------------------------------------------------------------------------------------------

PlanHandler = Callable[[Desk, discord.Interaction[Any], int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _PlanAction:
    label: str
    handler: PlanHandler
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


async def _write(desk: Desk, interaction: discord.Interaction[Any], draft_id: int) -> None:
    author, place = author_of(interaction), place_of(interaction)
    composing = desk.services.keeping.composing
    await desk.submit_after(interaction, lambda: composing.order(draft_id, stage="whole", author=author, place=place))


async def _stages(desk: Desk, interaction: discord.Interaction[Any], draft_id: int) -> None:
    author, place = author_of(interaction), place_of(interaction)
    composing = desk.services.keeping.composing
    await desk.submit_after(interaction, lambda: composing.order(draft_id, stage="themes", author=author, place=place))


async def _edit(desk: Desk, interaction: discord.Interaction[Any], draft_id: int) -> None:
    view = await desk.services.keeping.composing.view(draft_id)
    await interaction.response.send_modal(PlanForm(f"draft:{draft_id}", fields_of(view.options)))


async def _new(desk: Desk, interaction: discord.Interaction[Any], draft_id: int) -> None:
    await send_again(lambda: _defer(interaction))
    view = await desk.services.keeping.composing.again(draft_id, by=author_of(interaction))
    await show_card(desk, interaction, view)


async def _cancel(desk: Desk, interaction: discord.Interaction[Any], draft_id: int) -> None:
    await send_again(lambda: _defer(interaction))
    await desk.services.keeping.composing.drop(draft_id, by=author_of(interaction))
    embed = discord.Embed(description="This plan was taken back. Begin another one with /compose.", colour=GREY)
    await _edit_card(interaction, embed, discord.ui.View(timeout=None))


PLAN_ACTIONS: Mapping[str, _PlanAction] = {
    "write": _PlanAction("Write it all", _write, discord.ButtonStyle.primary),
    "stages": _PlanAction("Stage by stage", _stages),
    "edit": _PlanAction("Edit form", _edit),
    "new": _PlanAction("New plan", _new),
    "cancel": _PlanAction("Cancel plan", _cancel, discord.ButtonStyle.danger),
}
"""The names live in messages for ever, so they never change their meaning."""


class PlanButton(
    SealedItem[discord.ui.Button[Any]],
    template=rf"tutti:compose:(?P<action>{'|'.join(PLAN_ACTIONS)}):(?P<draft_id>[0-9]{{1,19}})",
):
    """A button on a plan card."""

    def __init__(self, action: str, draft_id: int) -> None:
        shown = PLAN_ACTIONS[action]
        super().__init__(
            discord.ui.Button(label=shown.label, style=shown.style, custom_id=f"tutti:compose:{action}:{draft_id}")
        )
        self._action = action
        self._draft_id = draft_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["draft_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Carry out the press."""
        desk = desk_of(interaction)
        handler = PLAN_ACTIONS[self._action].handler
        await desk.guarded(interaction, lambda: handler(desk, interaction, self._draft_id), custom_id=self.custom_id)


def plan_view(draft_id: int) -> discord.ui.View:
    """Return the row of buttons on a plan card."""
    view = discord.ui.View(timeout=None)
    for action in PLAN_ACTIONS:
        view.add_item(PlanButton(action, draft_id))
    return view


async def show_card(desk: Desk, interaction: discord.Interaction[Any], view: PlanView) -> None:
    """Show a plan: as the answer to a command, or in place of the plan whose button was pressed."""
    picture = await desk.services.keeping.composing.picture_of(view)
    await _edit_card(interaction, plan_embed(view), plan_view(view.draft_id), picture)


async def _edit_card(
    interaction: discord.Interaction[Any],
    embed: discord.Embed,
    view: discord.ui.View,
    picture: Picture | None = None,
) -> None:
    files: list[OutgoingFile] = []
    if picture is not None:
        name = f"plan-{uuid.uuid4().hex[:8]}.png"  # another name, so that no client shows the plan before
        files.append(OutgoingFile(filename=name, data=picture.png, alt_text=clip(picture.alt_text, 1024)))
    await answer_with_files(interaction, files, embed=embed, view=view)


async def _defer(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge a press or a form without showing anything; harmless when repeated."""
    if interaction.response.is_done():
        return
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        if error.code != _ALREADY_ACKNOWLEDGED:
            raise


# --- buttons under stages ------------------------------------------------------------------------------------------


class StageButton(
    SealedItem[discord.ui.Button[Any]],
    template=r"tutti:stage:(?P<action>next|redo|edit):(?P<revision_id>[0-9]{1,19})",
):
    """A button under a stage of a song: on to the next, the same once more, or with another form."""

    def __init__(self, action: str, revision_id: int, *, label: str = "") -> None:
        style = discord.ButtonStyle.primary if action == "next" else discord.ButtonStyle.secondary
        usual = {"next": "Next stage", "redo": "Redo this stage", "edit": "Edit form and chords"}[action]
        super().__init__(
            discord.ui.Button(label=label or usual, style=style, custom_id=f"tutti:stage:{action}:{revision_id}")
        )
        self._action = action
        self._revision_id = revision_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["action"], int(match["revision_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Carry out the press."""
        desk = desk_of(interaction)
        await desk.guarded(interaction, lambda: self._press(desk, interaction), custom_id=self.custom_id)

    async def _press(self, desk: Desk, interaction: discord.Interaction[Any]) -> None:
        composing = desk.services.keeping.composing
        revision_id = self._revision_id
        if self._action == "edit":
            options, _ = await composing.stage_of(revision_id)
            await interaction.response.send_modal(PlanForm(f"stage:{revision_id}", fields_of(options)))
        elif self._action == "redo":
            await desk.press_again(interaction, revision_id)
        else:
            author, place = author_of(interaction), place_of(interaction)
            await desk.submit_after(interaction, lambda: composing.order_next(revision_id, author=author, place=place))


def with_stage_buttons(view: discord.ui.View, revision: RevisionView) -> discord.ui.View:
    """Return what stands under a result, and for a stage of a song also the ways on from it."""
    options, number = revision.options, revision.revision_id
    if isinstance(options, ComposeOptions) and options.stage in NEXT_STAGE:
        view.add_item(StageButton("next", number, label=_NEXT_LABELS[options.stage]))
        view.add_item(StageButton("redo", number))
        view.add_item(StageButton("edit", number))
    return view


# --- the form ------------------------------------------------------------------------------------------------------


class PlanForm(SealedForm):
    """A plan as text to change. Its answer is read by ``heed_form``, so that it also arrives after a restart."""

    def __init__(self, about: str, fields: PlanEdit) -> None:
        super().__init__(title="Edit the plan", custom_id=f"tutti:compose-form:{about}")
        self.add_item(
            discord.ui.TextInput(
                label="Form and bars",
                custom_id="form",
                style=discord.TextStyle.paragraph,
                default=fields.form,
                max_length=600,
                placeholder="intro 4, verse 8, chorus 8, verse 8, chorus 8, outro 4",
            )
        )
        self._add("Key", "key", fields.key, 30, "C minor")
        self._add("Tempo (quarter notes a minute)", "tempo", fields.tempo, 10, "96")
        self._add("Instruments, the lead first", "instruments", fields.instruments, 400, "flute, piano, bass, drums")
        self.add_item(
            discord.ui.TextInput(
                label="Chords by section",
                custom_id="chords",
                style=discord.TextStyle.paragraph,
                default=fields.chords,
                required=False,
                max_length=1900,
                placeholder="verse: Am | F | C | G\nchorus: F | G | Am | C",
            )
        )

    def _add(self, label: str, name: str, value: str, max_length: int, example: str) -> None:
        self.add_item(
            discord.ui.TextInput(
                label=label, custom_id=name, default=value, required=False, max_length=max_length, placeholder=example
            )
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Do nothing: ``heed_form`` hears every answer, this one too."""


async def heed_form(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Carry out what somebody typed into a ``PlanForm``; other interactions are none of its business."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data = cast("dict[str, Any]", interaction.data or {})
    custom_id = plain_id_of(interaction)
    match = FORM_IDS["compose-form"].fullmatch(custom_id)
    if match is None:
        return
    number = int(match["draft_id"] or match["revision_id"])
    handler = _edit_draft if match["draft_id"] else _edit_stage
    await desk.guarded(interaction, lambda: handler(desk, interaction, number, read_form(data)), custom_id=custom_id)


async def _edit_draft(desk: Desk, interaction: discord.Interaction[Any], draft_id: int, edit: PlanEdit) -> None:
    await send_again(lambda: _defer(interaction))
    view = await desk.services.keeping.composing.edit(draft_id, edit, by=author_of(interaction))
    await show_card(desk, interaction, view)


async def _edit_stage(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, edit: PlanEdit) -> None:
    author, place = author_of(interaction), place_of(interaction)
    composing = desk.services.keeping.composing
    await desk.submit_after(interaction, lambda: composing.order_edited(revision_id, edit, author=author, place=place))


def read_form(data: Mapping[str, Any]) -> PlanEdit:
    """Return what was typed; inputs lie in rows, or in labels of newer forms."""
    typed: dict[str, str] = {}
    waiting: list[Any] = list(data.get("components", []))
    while waiting:
        item = waiting.pop()
        waiting += item.get("components", [])
        if isinstance(item.get("component"), dict):
            waiting.append(item["component"])
        if "custom_id" in item and "value" in item:
            typed[item["custom_id"]] = str(item["value"] or "")
    names = ("form", "key", "tempo", "instruments", "chords")
    return PlanEdit(**{name: typed.get(name, "") for name in names})
