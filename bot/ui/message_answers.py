"""Answers an ordinary message that somebody wrote to the bot: with a reply that becomes the progress and the result.

It is to messages what ``answers.py`` is to interactions, and knows as little of jobs.
"""

from __future__ import annotations

import re
import time
from typing import Any

import discord
import structlog

from bot.error_messages import explain
from bot.services.model import DEFAULT_SIZE_LIMIT_BYTES, Author, Place
from bot.ui.answers import Ticket
from bot.ui.courier import NO_PINGS, ReplyAddress, send_again
from bot.ui.gate import visitor_of_message
from core.errors import NotFoundError, PermissionDeniedError, TuttiError

_log = structlog.stdlib.get_logger(__name__)

_NEEDED_RIGHTS = {"embed_links": "Embed Links", "attach_files": "Attach Files"}


def words_to(message: discord.Message, bot_user: discord.ClientUser) -> str | None:
    """Return what a message says to the bot, without the mention; None when it is not for the bot.

    Discord gives the content only of messages that mention the bot and of direct messages.
    """
    if message.author.bot or message.webhook_id is not None or message.is_system():
        return None
    is_direct = message.guild is None
    if not is_direct and all(user.id != bot_user.id for user in message.mentions):
        return None
    return " ".join(re.sub(rf"<@!?{bot_user.id}>", " ", message.content).split())


def author_of_message(message: discord.Message) -> Author:
    """Return who wrote it."""
    return Author(
        user_id=message.author.id,
        name=message.author.display_name,
        is_moderator=_rights(message).manage_messages,
        role_ids=visitor_of_message(message).role_ids,
    )


def place_of_message(message: discord.Message) -> Place:
    """Return where it stands."""
    return Place(guild_id=None if message.guild is None else message.guild.id, channel_id=message.channel.id)


async def acknowledge_message(message: discord.Message, embed: discord.Embed) -> Ticket:
    """Reply at once with ``embed``; everything later edits that reply.

    Raises:
        PermissionDeniedError: when the bot lacks a right that the result will need.
        NotFoundError: when the channel is gone.
    """
    _require_rights(message)
    sent = await _reply(message, embed=embed)
    place = place_of_message(message)
    address = ReplyAddress(channel_id=place.channel_id, message_id=sent.id, acknowledged_at=time.time())
    return Ticket(
        author=author_of_message(message),
        place=place,
        reply_token=address.encode(),
        size_limit_bytes=DEFAULT_SIZE_LIMIT_BYTES if message.guild is None else message.guild.filesize_limit,
    )


async def answer_message(
    message: discord.Message, *, embed: discord.Embed | None = None, text: str | None = None
) -> discord.Message:
    """Reply with something that is final."""
    return await _reply(message, embed=embed, text=text)


async def report_to_message(message: discord.Message, error: Exception) -> bool:
    """Say in one sentence what went wrong; our own faults go to the log with a reference.

    Returns:
        Whether there is nobody left to tell: it was shown, or it may not or cannot be shown there.
    """
    explanation = explain(error)
    if explanation.reference:
        _log.error("message_failed", error=type(error).__name__, reference=explanation.reference, exc_info=error)
    else:
        _log.info("message_refused", error=type(error).__name__)
    try:
        await _reply(message, text=explanation.text)
    except (NotFoundError, PermissionDeniedError) as refusal:
        _log.info("error_not_wanted", error=type(refusal).__name__)
    except Exception:  # noqa: BLE001 - the last resort: who was told to wait is found by the apologies
        _log.warning("error_not_shown", error=type(error).__name__, exc_info=True)
        return False
    return True


async def refuse_privately(message: discord.Message, error: TuttiError) -> None:
    """Say in a direct message why something is not done here: this channel may be one where we are to be silent."""
    text = explain(error).text
    _log.info("message_refused", error=type(error).__name__)
    if message.guild is None:
        await _reply(message, text=text)
        return
    try:
        own_channel = await send_again(message.author.create_dm)
        await send_again(
            lambda: own_channel.send(text, nonce=str(message.id), allowed_mentions=NO_PINGS, suppress_embeds=True)
        )
    except TuttiError as trouble:  # many people take no direct messages from servers; then silence is what is left
        _log.info("refusal_not_shown", error=type(trouble).__name__)


async def _reply(
    message: discord.Message, *, embed: discord.Embed | None = None, text: str | None = None
) -> discord.Message:
    """Send a reply; the nonce keeps a repeated request from doubling it, a deleted question does not hinder it."""
    pointing: dict[str, Any] = {}
    if _may_refer(message):
        pointing = {"reference": message.to_reference(fail_if_not_exists=False), "mention_author": False}

    async def send() -> discord.Message:
        return await message.channel.send(
            text,
            embeds=[] if embed is None else [embed],
            nonce=f"{message.id}{'e' if embed is None else ''}",
            allowed_mentions=NO_PINGS,
            **pointing,
        )

    return await send_again(send)


def _may_refer(message: discord.Message) -> bool:
    """Tell whether we may answer with a link to the message: that takes the right to read what was said before."""
    channel = message.channel
    if message.guild is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return True
    return channel.permissions_for(message.guild.me).read_message_history


def _rights(message: discord.Message) -> discord.Permissions:
    channel = message.channel
    if isinstance(message.author, discord.Member) and isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return channel.permissions_for(message.author)
    return discord.Permissions.none()


def _require_rights(message: discord.Message) -> None:
    """Find out before any work whether the result could be shown here."""
    channel = message.channel
    if message.guild is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return
    rights = channel.permissions_for(message.guild.me)
    missing = [name for right, name in _NEEDED_RIGHTS.items() if not getattr(rights, right)]
    if missing:
        names = " and ".join(f"“{name}”" for name in missing)
        raise PermissionDeniedError(
            f"I lack the permission {names} in this channel. Ask someone who manages this server to give it to me."
        )
