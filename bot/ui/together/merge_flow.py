"""Merges from commands and presses to the services: begun, asked about conflict by conflict in one message, and carried out.

The buttons' identifiers carry the merge and the conflict, so they work after a restart. When all is decided the message that asked
becomes the reply of the job.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import discord

from bot.services.together.merging.plans import conflict_token
from bot.services.together.merging.service import MergeOrder, MergeQuestion, MergeStep
from bot.ui.answers import Ticket, author_of, place_of
from bot.ui.courier import NO_PINGS, ReplyAddress, send_again
from bot.ui.desk import Desk, desk_of
from bot.ui.seals import SealedItem
from bot.ui.sending import answer_with_files, outgoing
from bot.ui.together.branch_flow import defer_quietly, name_of_state
from bot.ui.together.merge_embeds import dropped_embed, question_embed
from bot.ui.together.song_flow import revision_at
from core.errors import InputError, TuttiError
from music.versions.conflicts import Resolution

_LABELS: Mapping[Resolution, str] = {
    Resolution.OURS: "Keep ours",
    Resolution.THEIRS: "Keep theirs",
    Resolution.BOTH: "Both",
    Resolution.BRIDGE: "Ask the bot to bridge",
}
_REST_LABELS: Mapping[str, str] = {"ours": "The rest: ours", "theirs": "The rest: theirs", "all": "Give up"}


# --- beginning -----------------------------------------------------------------------------------------------------


async def merge_branches(desk: Desk, interaction: discord.Interaction[Any], *, source: str, into: str) -> None:
    """Merge a branch, or another state that somebody names or links, into a branch."""
    ticket, name = await desk.acknowledge_after(interaction, lambda: name_of_state(desk, interaction, source))
    step = await desk.services.together.merging.merge(ticket.author, ticket.place, source=name, into=into)
    await _go_on(desk, interaction, ticket, step)


async def rebase_linked(desk: Desk, interaction: discord.Interaction[Any], *, link: str) -> None:
    """Bring a change that came late onto the newest state."""
    ticket, revision_id = await desk.acknowledge_after(interaction, lambda: revision_at(desk, interaction, link=link))
    step = await desk.services.together.merging.rebase(ticket.author, ticket.place, revision_id)
    await _go_on(desk, interaction, ticket, step)


async def press_rebase(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Bring the late change whose button was pressed onto the newest state."""
    ticket = await desk.acknowledge(interaction)
    step = await desk.services.together.merging.rebase(ticket.author, ticket.place, revision_id)
    await _go_on(desk, interaction, ticket, step)


async def revert_linked(desk: Desk, interaction: discord.Interaction[Any], *, link: str) -> None:
    """Take back the change that a linked message shows; what came later stays."""
    ticket, revision_id = await desk.acknowledge_after(interaction, lambda: revision_at(desk, interaction, link=link))
    step = await desk.services.together.merging.revert(ticket.author, ticket.place, revision_id)
    await _go_on(desk, interaction, ticket, step)


async def press_revert(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Take back what the result whose button was pressed changed; what came later stays."""
    ticket = await desk.acknowledge(interaction)
    step = await desk.services.together.merging.revert(ticket.author, ticket.place, revision_id)
    await _go_on(desk, interaction, ticket, step)


async def _go_on(desk: Desk, interaction: discord.Interaction[Any], ticket: Ticket, step: MergeStep) -> None:
    """Ask the next question in the ticket's message, or hand the merge on as a job that answers there."""
    if isinstance(step, MergeOrder):
        order = replace(step.order, reply_token=ticket.reply_token, size_limit_bytes=ticket.size_limit_bytes)
        try:
            await desk.services.jobs.submit(order)
        except TuttiError:
            if step.draft_id is not None:  # too many jobs at the moment: the last answer can be given again
                await desk.services.together.merging.not_begun(step.draft_id)
            raise
        return
    show = await desk.services.together.merge_pictures.show(
        step, guild_id=interaction.guild_id, size_limit_bytes=ticket.size_limit_bytes
    )
    files = outgoing((show.ours, show.theirs, show.picture), picture=show.picture, alt_text=show.alt_text)
    message = await answer_with_files(
        interaction, files, embed=question_embed(step, remarks=show.remarks), view=question_view(step)
    )
    await desk.services.together.merging.note_message(step.draft_id, message.id)


# --- deciding ------------------------------------------------------------------------------------------------------


async def press_answer(
    desk: Desk, interaction: discord.Interaction[Any], draft_id: int, *, what: str, how: str
) -> None:
    """Take an answer to a conflict, and show the next one or carry the merge out."""
    await send_again(lambda: defer_quietly(interaction))
    merging, author, place = desk.services.together.merging, author_of(interaction), place_of(interaction)
    if what == "drop":
        dropped = dropped_embed(await merging.give_up(author, draft_id), author)
        await send_again(
            lambda: interaction.edit_original_response(
                embed=dropped, attachments=[], view=None, allowed_mentions=NO_PINGS
            )
        )
        return
    resolution = Resolution(how)
    if what == "rest":
        step = await merging.decide_rest(author, place, draft_id, resolution=resolution)
    else:
        step = await merging.decide(author, place, draft_id, token=what, resolution=resolution)
    await _go_on(desk, interaction, _ticket_of_message(interaction), step)


def _ticket_of_message(interaction: discord.Interaction[Any]) -> Ticket:
    """Return a ticket whose answer takes the place of the message that a button is under."""
    if interaction.message is None:
        raise InputError(
            "That message is gone. Begin the merge again with /branch merge; what was decided is remembered."
        )
    place = place_of(interaction)
    address = ReplyAddress(
        application_id=interaction.application_id,
        interaction_token=interaction.token,
        channel_id=place.channel_id,
        message_id=interaction.message.id,
        acknowledged_at=time.time(),
    )
    return Ticket(
        author=author_of(interaction),
        place=place,
        reply_token=address.encode(),
        size_limit_bytes=interaction.filesize_limit,
    )


# --- buttons -------------------------------------------------------------------------------------------------------


class MergeButton(
    SealedItem[discord.ui.Button[Any]],
    template=(
        r"tutti:merge:(?P<draft_id>[0-9]{1,19}):(?P<what>[0-9a-f]{10}|rest|drop):(?P<how>ours|theirs|both|bridge|all)"
    ),
):
    """An answer to a conflict (``what`` is its token), to all open ones (``rest``), or to the whole merge (``drop``)."""

    def __init__(self, draft_id: int, what: str, how: str) -> None:
        label = _LABELS[Resolution(how)] if what not in {"rest", "drop"} else _REST_LABELS[how]
        style = discord.ButtonStyle.primary if what not in {"rest", "drop"} else discord.ButtonStyle.secondary
        style = discord.ButtonStyle.danger if what == "drop" else style
        super().__init__(discord.ui.Button(label=label, style=style, custom_id=f"tutti:merge:{draft_id}:{what}:{how}"))
        self._draft_id, self._what, self._how = draft_id, what, how

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(int(match["draft_id"]), match["what"], match["how"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Carry out the press."""
        desk = desk_of(interaction)
        await desk.guarded(
            interaction,
            lambda: press_answer(desk, interaction, self._draft_id, what=self._what, how=self._how),
            custom_id=self.custom_id,
        )


def question_view(question: MergeQuestion) -> discord.ui.View:
    """Return the answers to a conflict, and those to all that are open."""
    view = discord.ui.View(timeout=None)
    token = conflict_token(question.conflict.key)
    for resolution in question.conflict.offered:
        view.add_item(MergeButton(question.draft_id, token, resolution.value))
    rest = [MergeButton(question.draft_id, "drop", "all")]
    if len(question.plan.merge.open_conflicts) > 1:
        rest = [MergeButton(question.draft_id, "rest", how) for how in ("ours", "theirs")] + rest
    for button in rest:
        button.item.row = 1
        view.add_item(button)
    return view
