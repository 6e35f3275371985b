"""Answers an interaction directly: the acknowledgement, short notes, and errors as one sentence for one person.

It knows nothing of jobs: what takes longer than a moment is shown by ``presenter.py``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bot.error_messages import explain
from bot.services.model import Author, Place
from bot.ui.courier import NO_PINGS, DeadTokenError, ReplyAddress, send_again
from bot.ui.gate import visitor_of
from core.errors import NotFoundError, PermissionDeniedError

_log = structlog.stdlib.get_logger(__name__)

THINKS = "tutti.thinks"
"""Among an interaction's extras: it shows “thinking…”, to all or to the person alone, so that an answer can take its place."""

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
    interaction.extras[THINKS] = True
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
    """Show something to the person alone; where “thinking…” stands already, it takes its place, for whoever sees that.

    Both ways may arrive twice and are still one answer: Discord takes a first response once, and an edit twice is one edit. A new
    message has no such way, as Discord knows no nonce here: only presses that changed their message are left to it.

    Raises:
        NotFoundError: when somebody removed the “thinking…” meanwhile.
        DiscordTroubleError: when Discord does not answer.
    """
    if interaction.extras.get(THINKS, False):
        await send_again(lambda: _fill(interaction, embed, text, view))
        return
    if not interaction.response.is_done():
        try:
            await send_again(lambda: _respond(interaction, embed, text, view))
        except discord.InteractionResponded:
            _log.info("acknowledged_twice", interaction_id=interaction.id)
            original = await _original(interaction)
            if original is not None and original.flags.loading:
                await send_again(lambda: _fill(interaction, embed, text, view))
            if original is not None:
                return
        else:
            return
    await send_again(lambda: _follow_up(interaction, embed, text, view))


async def report_error(interaction: discord.Interaction[Any], error: Exception) -> bool:
    """Say what went wrong in one sentence, to the person alone if nobody was told to wait; our own faults go to the log, too.

    Returns:
        Whether there is nobody left to tell: it was shown, or there is nothing any more where it could be.
    """
    explanation = explain(error)
    name = type(getattr(error, "original", error)).__name__
    if explanation.reference:
        _log.error("request_failed", error=name, reference=explanation.reference, exc_info=error)
    else:
        _log.info("request_refused", error=name)
    try:
        await show_privately(interaction, text=explanation.text)
    except (NotFoundError, DeadTokenError):  # removed by somebody, or fifteen minutes old
        _log.info("error_not_wanted", error=name)
    except Exception:  # noqa: BLE001 - the last resort: whoever was told to wait is found by the apologies
        _log.warning("error_not_shown", error=name, exc_info=True)
        return False
    return True


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


async def _original(interaction: discord.Interaction[Any]) -> discord.InteractionMessage | None:
    """Return our first answer, where its receipt was lost on the way or Discord sent the interaction twice; None where there is none."""
    try:
        original = await send_again(interaction.original_response)
    except (NotFoundError, DeadTokenError):
        return None
    is_pressed_message = interaction.message is not None and original.id == interaction.message.id
    return None if is_pressed_message else original


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
