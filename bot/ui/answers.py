"""Answers an interaction directly: the acknowledgement, short notes, and errors as one sentence for one person.

It knows nothing of jobs: what takes longer than a moment is shown by ``presenter.py``.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bot.error_messages import explain
from bot.services.model import Author, Place
from bot.ui.courier import NO_PINGS, ReplyAddress, send_again
from bot.ui.gate import visitor_of
from core.errors import NotFoundError, PermissionDeniedError

_log = structlog.stdlib.get_logger(__name__)

TAKEN_BACK = "tutti.taken_back"
"""Among an interaction's extras: its “thinking…” is gone, and nothing in Discord tells whether its answer came."""

THINKS_ALONE = "tutti.thinks_alone"
"""Among an interaction's extras: its “thinking…” is seen by the person alone, so that the answer can take its place."""

ALREADY_ACKNOWLEDGED = 40060
"""Discord's answer to a second acknowledgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An acknowledged request: who asks, where, and where the answer goes."""

    author: Author
    place: Place
    reply_token: str
    size_limit_bytes: int


async def acknowledge(interaction: discord.Interaction[Any]) -> Ticket:
    """Say "thinking…" within Discord's three seconds; everything later edits that message.

    Raises:
        PermissionDeniedError: when the bot lacks a right that the reply will need.
        NotFoundError: when Discord does not wait for an answer any more.
    """
    _require_rights(interaction)
    message_id = await send_again(lambda: _defer(interaction))
    place = place_of(interaction)
    address = ReplyAddress(
        application_id=interaction.application_id,
        interaction_token=interaction.token,
        channel_id=place.channel_id,
        message_id=message_id,
        acknowledged_at=time.time(),
    )
    return Ticket(
        author=author_of(interaction),
        place=place,
        reply_token=address.encode(),
        size_limit_bytes=interaction.filesize_limit,
    )


def author_of(interaction: discord.Interaction[Any]) -> Author:
    """Return who acts."""
    return Author(
        user_id=interaction.user.id,
        name=interaction.user.display_name,
        is_moderator=interaction.permissions.manage_messages,
        role_ids=visitor_of(interaction).role_ids,
    )


def place_of(interaction: discord.Interaction[Any]) -> Place:
    """Return where it happens."""
    assert interaction.channel_id is not None, "commands and buttons always live in a channel"
    return Place(guild_id=interaction.guild_id, channel_id=interaction.channel_id)


async def show_privately(
    interaction: discord.Interaction[Any],
    *,
    embed: discord.Embed | None = None,
    text: str | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """Show something to the person alone, whatever has been answered so far.

    Public "thinking…" is taken back first, so that nobody else sees a note that does not concern them. A private one is edited,
    which may arrive twice and is still one answer; a new message may not, as Discord knows no nonce here.
    """
    if interaction.extras.pop(THINKS_ALONE, False):
        with contextlib.suppress(NotFoundError):  # dismissed meanwhile: then it comes anew
            await send_again(lambda: _fill(interaction, embed, text, view))
            return
    if not interaction.response.is_done():
        try:
            await send_again(lambda: _respond(interaction, embed, text, view))
        except discord.InteractionResponded:
            _log.info("acknowledged_twice", interaction_id=interaction.id)
            if await _is_told(interaction):
                return
        else:
            return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        interaction.extras[TAKEN_BACK] = True
        with contextlib.suppress(NotFoundError):
            await send_again(interaction.delete_original_response)
    await send_again(lambda: _follow_up(interaction, embed, text, view))


async def report_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Say what went wrong in one sentence, to the person alone; our own faults go to the log with a reference."""
    explanation = explain(error)
    name = type(getattr(error, "original", error)).__name__
    if explanation.reference:
        _log.error("request_failed", error=name, reference=explanation.reference, exc_info=error)
    else:
        _log.info("request_refused", error=name)
    try:
        await show_privately(interaction, text=explanation.text)
    except Exception:  # noqa: BLE001 - the last resort: there is nobody left to tell but the log
        _log.warning("error_not_shown", error=name, exc_info=True)


async def _defer(interaction: discord.Interaction[Any]) -> int:
    """Acknowledge and return the message's id; harmless when repeated."""
    if not interaction.response.is_done():
        try:
            response = await interaction.response.defer(thinking=True)
        except discord.HTTPException as error:
            # The first attempt arrived although its connection broke: that is an acknowledgement.
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
        else:
            if response is not None and response.message_id is not None:
                return response.message_id
    return (await interaction.original_response()).id


async def _respond(
    interaction: discord.Interaction[Any], embed: discord.Embed | None, text: str | None, view: discord.ui.View | None
) -> None:
    embeds = [] if embed is None else [embed]
    shown: Any = discord.utils.MISSING if view is None else view
    try:
        await interaction.response.send_message(
            text, embeds=embeds, view=shown, ephemeral=True, allowed_mentions=NO_PINGS
        )
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        raise discord.InteractionResponded(interaction) from error


async def _is_told(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the answer is there already: its receipt was lost on the way, or Discord sent the interaction twice."""
    try:
        original = await interaction.original_response()
    except discord.HTTPException:
        return False
    is_pressed_message = interaction.message is not None and original.id == interaction.message.id
    return not original.flags.loading and not is_pressed_message


async def _fill(
    interaction: discord.Interaction[Any], embed: discord.Embed | None, text: str | None, view: discord.ui.View | None
) -> None:
    embeds = [] if embed is None else [embed]
    await interaction.edit_original_response(content=text, embeds=embeds, view=view, allowed_mentions=NO_PINGS)


async def _follow_up(
    interaction: discord.Interaction[Any], embed: discord.Embed | None, text: str | None, view: discord.ui.View | None
) -> None:
    embeds = [] if embed is None else [embed]
    shown: Any = discord.utils.MISSING if view is None else view
    await interaction.followup.send(text or "", embeds=embeds, view=shown, ephemeral=True, allowed_mentions=NO_PINGS)


def _require_rights(interaction: discord.Interaction[Any]) -> None:
    """Find out before any work whether the reply could be shown here."""
    if interaction.guild_id is None:
        return
    rights = interaction.app_permissions
    needed = {
        "View Channel": rights.view_channel,
        "Embed Links": rights.embed_links,
        "Attach Files": rights.attach_files,
    }
    missing = [name for name, is_given in needed.items() if not is_given]
    if missing:
        names = " and ".join(f"“{name}”" for name in missing)
        raise PermissionDeniedError(
            f"I lack the permission {names} in this channel. Ask someone who manages this server to give it to me."
        )
