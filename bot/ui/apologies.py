"""Apologises in Discord for acknowledgements that a killed process left behind. It knows nothing of jobs or music.

What somebody sees is asked of Discord each time: “thinking…” carries a flag until its first edit, and a reply to a message was never
edited. So an answer that did arrive is left alone, and an apology that arrived just before another kill is not given twice.
"""

from __future__ import annotations

from typing import Any, cast

import discord

from bot.services.clock import utc_now
from bot.services.jobs.acknowledgements import Waiting
from bot.services.jobs.apologies import Sight
from bot.ui.courier import (
    NO_PINGS,
    TOKEN_LIFETIME_SECONDS,
    Courier,
    DeadTokenError,
    ReplyAddress,
    send_again,
)
from bot.ui.embeds.progress import error_embed
from core.errors import NotFoundError, PermissionDeniedError

_MAX_MESSAGES_SEARCHED = 100


class DiscordApologist:
    """Looks at acknowledgements in Discord, and edits them."""

    def __init__(self, client: discord.Client, courier: Courier) -> None:
        self._client = client
        self._courier = courier

    async def look(self, waiting: Waiting) -> Sight | None:
        """Return what somebody sees; None where they can see nothing of ours, or we cannot reach it."""
        try:
            message = await self._find(waiting)
        except (NotFoundError, PermissionDeniedError):
            return None
        if message is None:
            # An interaction that nobody acknowledged is told so by Discord; a message would stay without a word.
            return None if waiting.application_id else Sight(message_id=None, is_waiting=True)
        asked = message.interaction_metadata
        return Sight(
            message_id=message.id,
            is_waiting=message.flags.loading if waiting.application_id else _only_heard(message),
            user_id=None if asked is None else asked.user.id,
        )

    async def apologise(self, waiting: Waiting, sight: Sight, text: str) -> None:
        """Let a sentence take the place of what they see; who sees nothing yet gets it as the reply."""
        if sight.message_id is None:
            await send_again(lambda: self._reply(waiting, text))
            return
        address = ReplyAddress(
            application_id=waiting.application_id,
            interaction_token=waiting.token,
            channel_id=waiting.channel_id,
            message_id=sight.message_id,
            acknowledged_at=waiting.created_at.timestamp(),
        )
        await self._courier.edit(address, embed=error_embed(text))

    def message_of(self, reply_token: str) -> int | None:
        """Return the message in which a job will answer; None for jobs from elsewhere."""
        try:
            return ReplyAddress.decode(reply_token).message_id
        except NotFoundError:
            return None

    async def _find(self, waiting: Waiting) -> discord.Message | None:
        is_young = (utc_now() - waiting.created_at).total_seconds() < TOKEN_LIFETIME_SECONDS
        if waiting.token and is_young:
            try:
                return await send_again(lambda: self._fetch_by_token(waiting))
            except DeadTokenError:
                pass  # it died, or Discord never heard of an acknowledgement
        channel = self._client.get_partial_messageable(waiting.channel_id)
        message_id = waiting.message_id
        if message_id is not None:
            return await send_again(lambda: channel.fetch_message(message_id))
        return await send_again(lambda: self._search(channel, waiting.number))

    async def _fetch_by_token(self, waiting: Waiting) -> discord.Message:
        return await self._webhook(waiting).fetch_message(cast("Any", "@original"))

    def _webhook(self, waiting: Waiting) -> discord.Webhook:
        webhook = discord.Webhook.partial(waiting.application_id, waiting.token, client=self._client)
        webhook.proxy = self._client.http.proxy  # a partial webhook forgets the client's proxy
        return webhook

    async def _search(self, channel: discord.PartialMessageable, number: int) -> discord.Message | None:
        """Return the message with which we answered an interaction or a message, by what Discord says of it."""
        async for message in channel.history(
            limit=_MAX_MESSAGES_SEARCHED, after=discord.Object(number), oldest_first=True
        ):
            asked, replied = message.interaction_metadata, message.reference
            if self._client.user is None or message.author.id != self._client.user.id:
                continue
            if (asked is not None and asked.id == number) or (replied is not None and replied.message_id == number):
                return message
        return None

    async def _reply(self, waiting: Waiting, text: str) -> None:
        """Answer a message; with the nonce of its acknowledgement, so that one that did arrive is not followed by another."""
        channel = self._client.get_partial_messageable(waiting.channel_id)
        reference = discord.MessageReference(
            message_id=waiting.number, channel_id=waiting.channel_id, fail_if_not_exists=False
        )
        embed = error_embed(text)
        sent = await channel.send(
            embed=embed,
            nonce=f"{waiting.number}e",
            reference=reference,
            mention_author=False,
            allowed_mentions=NO_PINGS,
        )
        if not any(shown.description == text for shown in sent.embeds):
            await sent.edit(embed=embed, allowed_mentions=NO_PINGS)


def _only_heard(message: discord.Message) -> bool:
    """Whether a reply to a message still says only that we heard it: what it becomes is an edit, and a refusal is plain words."""
    return message.edited_at is None and not message.content
