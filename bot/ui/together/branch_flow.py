"""Branches and comparisons from commands and presses to the services. It knows nothing of how songs are kept.

The form for a branch's name carries the revision in its identifier: one that was opened before a restart is read after it.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

import discord

from bot.services.model import Place
from bot.services.together.branches.branching import MAX_NAME_LENGTH, BranchStep
from bot.ui.answers import author_of, place_of, show_privately
from bot.ui.carried import FORM_IDS
from bot.ui.courier import NO_PINGS, send_again
from bot.ui.desk import Desk
from bot.ui.embeds.style import jump_url
from bot.ui.form import SealedForm
from bot.ui.modals import typed_in
from bot.ui.seals import plain_id_of
from bot.ui.sending import answer_with_files, outgoing
from bot.ui.together.merge_embeds import branches_embed, closed_embed, comparison_embed, step_embed
from bot.ui.together.song_flow import answer, revision_at
from core.errors import TuttiError

_LINK = re.compile(r"<?https?://\S+|[0-9]{15,20}")
_ALREADY_ACKNOWLEDGED = 40060
_MOST_CHOICES = 25  # Discord's own


# --- branches ------------------------------------------------------------------------------------------------------


async def begin_branch(desk: Desk, interaction: discord.Interaction[Any], *, name: str, at: str = "") -> None:
    """Begin a branch where the person stands, or at a state that they name or link."""
    await desk.acknowledge(interaction)
    state = await name_of_state(desk, interaction, at) if at else ""
    step = await desk.services.together.branching.begin(author_of(interaction), place_of(interaction), name, at=state)
    await answer(interaction, _step_embed(interaction, step))


async def switch_branch(desk: Desk, interaction: discord.Interaction[Any], *, name: str) -> None:
    """Put the person on another branch."""
    await desk.acknowledge(interaction)
    step = await desk.services.together.branching.switch(author_of(interaction), place_of(interaction), name)
    await answer(interaction, _step_embed(interaction, step))


async def close_branch(desk: Desk, interaction: discord.Interaction[Any], *, name: str) -> None:
    """End a branch."""
    await desk.acknowledge(interaction)
    step = await desk.services.together.branching.close(author_of(interaction), place_of(interaction), name)
    await answer(interaction, closed_embed(step))


async def list_branches(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """List the branches of the song that lives here."""
    await desk.acknowledge(interaction)
    author, place, together = author_of(interaction), place_of(interaction), desk.services.together
    song = await together.songs.here(place, author=author)
    lines = await together.branching.list_branches(author, place)
    links = [link_to_state(place, line.head_id, line.head_message_id) for line in lines]
    await answer(interaction, branches_embed(song.title, lines, links=links))


async def offer_names(
    desk: Desk, interaction: discord.Interaction[Any], typed: str, *, with_tags: bool
) -> list[discord.app_commands.Choice[str]]:
    """Offer the branches of the song that lives here, and its tags, while somebody types."""
    branching, place = desk.services.together.branching, place_of(interaction)
    names = await (branching.state_names(place) if with_tags else branching.names(place))
    wanted = typed.strip().casefold()
    found = [name for name in names if wanted in name.casefold()][:_MOST_CHOICES]
    return [discord.app_commands.Choice(name=name, value=name) for name in found]


async def press_branch(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Ask how a branch at the result whose button was pressed is to be called."""
    await desk.services.together.songs.here(place_of(interaction), author=author_of(interaction))
    await interaction.response.send_modal(branch_form(revision_id))


async def press_leave(_desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Leave a late change as it is: its buttons for that go, and nothing else happens."""
    await show_privately(
        interaction,
        text=(
            f"#{revision_id} stays as it is, beside the song. /song rebase brings it in later, and /branch new can begin "
            "with it."
        ),
    )
    message = interaction.message
    if message is None:
        return
    view = discord.ui.View.from_message(message, timeout=None)
    for item in list(view.children):
        if str(getattr(item, "custom_id", "")).startswith("tutti:late:"):
            view.remove_item(item)
    with contextlib.suppress(TuttiError):  # a courtesy: whoever presses them again reads the same
        await send_again(lambda: message.edit(view=view, allowed_mentions=NO_PINGS))


def branch_form(revision_id: int) -> discord.ui.Modal:
    """Return the form that asks how a branch at a revision is to be called."""
    modal = SealedForm(title="Branch here", custom_id=f"tutti:branch-form:{revision_id}")
    modal.add_item(
        discord.ui.TextInput(
            label="Name of the branch", custom_id="name", placeholder="quiet ending", max_length=MAX_NAME_LENGTH
        )
    )
    return modal


async def heed_branch_form(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Begin the branch that a form names; other interactions are none of its business."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data: Any = interaction.data or {}
    match = FORM_IDS["branch-form"].fullmatch(plain_id_of(interaction))
    if match is None:
        return
    name, at = typed_in(data.get("components", ())).get("name", ""), f"#{match['revision_id']}"
    await desk.guarded(
        interaction, lambda: begin_branch(desk, interaction, name=name, at=at), custom_id=f"tutti:branch:{at}:{name}"
    )


# --- comparisons ---------------------------------------------------------------------------------------------------


async def compare_states(desk: Desk, interaction: discord.Interaction[Any], *, before: str, after: str) -> None:
    """Show what lies between two states: words, picture, and sound before and after."""
    ticket = await desk.acknowledge(interaction)
    names = [await name_of_state(desk, interaction, each) for each in (before, after)]
    found = await desk.services.together.comparing.compare(
        ticket.place, before=names[0], after=names[1], size_limit_bytes=ticket.size_limit_bytes
    )
    files = outgoing(found.files, picture=found.picture, alt_text=found.alt_text)
    await answer_with_files(interaction, files, embed=comparison_embed(found))


# --- shared --------------------------------------------------------------------------------------------------------


async def name_of_state(desk: Desk, interaction: discord.Interaction[Any], text: str) -> str:
    """Return how the services call a state: a link to a message becomes the number of what it shows, all else stays.

    Raises:
        InputError: when the message shows none of our results.
    """
    text = text.strip()
    if _LINK.fullmatch(text) is None:
        return text
    return f"#{await revision_at(desk, interaction, link=text)}"


def link_to_state(place: Place, revision_id: int, message_id: int | None) -> str:
    """Name a revision, as a link where a message shows it."""
    name = f"#{revision_id}"
    return name if message_id is None else f"[{name}]({jump_url(place, message_id)})"


async def defer_quietly(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge a press without showing anything; harmless when repeated."""
    if interaction.response.is_done():
        return
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        if error.code != _ALREADY_ACKNOWLEDGED:
            raise


def _step_embed(interaction: discord.Interaction[Any], step: BranchStep) -> discord.Embed:
    link = link_to_state(place_of(interaction), step.head_id, step.head_message_id)
    return step_embed(step, author_of(interaction), link=link)
