"""Sends and edits Discord messages with care: again after passing trouble, and past a dead interaction token.

discord.py repeats some failed requests itself, but not a 503 on a channel route and not a dropped connection; both are
repeated here. Only requests that may safely arrive twice come through this file: an edit, or a message with a nonce.
Discord's refusals are translated to our errors here and nowhere else. It knows nothing of jobs or music.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from io import BytesIO
from typing import Any, TypeVar

import aiohttp
import discord
import msgspec
import structlog

from bot.services.together.card.model import CardPausedError
from core.errors import NotFoundError, PermissionDeniedError, RenderError, TuttiError

_T = TypeVar("_T")
_log = structlog.stdlib.get_logger(__name__)

NO_PINGS = discord.AllowedMentions.none()
TOKEN_LIFETIME_SECONDS = 14 * 60
"""Discord forgets an interaction token after 15 minutes; we stop to trust it a minute earlier."""

_PAUSES_SECONDS = (0.3, 1.0, 3.0)
_REQUEST_TIMEOUT_SECONDS = 60.0

_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE, _UNKNOWN_WEBHOOK = 10003, 10008, 10015
_REQUEST_TOO_LARGE, _INVALID_TOKEN, _THREAD_ARCHIVED = 40005, 50027, 50083


class MessageTooLargeError(RenderError):
    """Discord refused the files of a message for their size."""


class DiscordTroubleError(TuttiError):
    """Discord did not take a request for now, although it was repeated."""


class DeadTokenError(TuttiError):
    """An interaction token that Discord no longer knows."""


class ArchivedThreadError(CardPausedError):
    """A thread that sleeps: nothing in it can be edited."""


class ReplyAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where an acknowledgement is, and how to reach it again, in this process or the next.

    ``acknowledged_at`` is in seconds since 1970. It travels as JSON in the ``reply_token`` of a job. An answer to an
    ordinary message has no interaction: it is edited as what it is, a message of ours in a channel.
    """

    channel_id: int
    message_id: int
    acknowledged_at: float
    application_id: int = 0
    interaction_token: str = ""

    def encode(self) -> str:
        """Return the text form."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> ReplyAddress:
        """Read the text form back.

        Raises:
            NotFoundError: when the text is none of ours, as with jobs that were not ordered in Discord.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise NotFoundError(what="acknowledgement") from error


class OutgoingFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to attach; ``alt_text`` becomes the attachment's description."""

    filename: str
    data: bytes
    alt_text: str = ""


class Courier:
    """Edits acknowledgements and, where one is gone, posts into its channel."""

    def __init__(self, client: discord.Client, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    async def edit(
        self,
        address: ReplyAddress,
        *,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] | None = (),
        view: discord.ui.View | None = None,
    ) -> int:
        """Make the message at ``address`` show exactly this and return its id; ``files`` None keeps those it has.

        Raises:
            NotFoundError: when the message or its channel is gone.
            PermissionDeniedError: when the bot lacks a right.
            MessageTooLargeError: when Discord refuses the size of the files.
            DiscordTroubleError: when Discord does not answer.
        """
        is_young = self._clock() - address.acknowledged_at < TOKEN_LIFETIME_SECONDS
        if address.interaction_token and is_young:
            try:
                return await send_again(lambda: self._edit_by_token(address, embed, files, view))
            except DeadTokenError:
                _log.info("interaction_token_expired", message_id=address.message_id)
        return await send_again(lambda: self._edit_in_channel(address, embed, files, view))

    async def edit_plainly(self, address: ReplyAddress, text: str) -> None:
        """Make the message at ``address`` say only this, without embed and files, which may be forbidden in a channel.

        Raises: like ``edit``.
        """

        async def edit_in_channel() -> None:
            message = self._client.get_partial_messageable(address.channel_id).get_partial_message(address.message_id)
            await message.edit(content=text, embed=None, attachments=[], view=None, allowed_mentions=NO_PINGS)

        async def edit_by_token() -> None:
            await self._webhook(address).edit_message(
                address.message_id, content=text, embeds=[], attachments=[], view=None, allowed_mentions=NO_PINGS
            )

        if address.interaction_token and self._clock() - address.acknowledged_at < TOKEN_LIFETIME_SECONDS:
            try:
                await send_again(edit_by_token)
            except DeadTokenError:
                _log.info("interaction_token_expired", message_id=address.message_id)
            else:
                return
        await send_again(edit_in_channel)

    async def post(
        self,
        channel_id: int,
        *,
        nonce: str,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] = (),
        view: discord.ui.View | None = None,
    ) -> int:
        """Send a new message and return its id; ``nonce`` (at most 25 characters) keeps a repeat from doubling it.

        Raises: like ``edit``.
        """

        async def send() -> int:
            channel = self._client.get_partial_messageable(channel_id)
            attachments = to_discord(files)
            if view is None:
                sent = await channel.send(embed=embed, files=attachments, nonce=nonce, allowed_mentions=NO_PINGS)
            else:
                sent = await channel.send(
                    embed=embed, files=attachments, view=view, nonce=nonce, allowed_mentions=NO_PINGS
                )
            return sent.id

        return await send_again(send)

    async def edit_message(
        self, channel_id: int, message_id: int, *, embed: discord.Embed, files: Sequence[OutgoingFile] | None
    ) -> bool:
        """Make a message of ours in a channel show exactly this and return whether it is pinned; ``files`` None keeps them.

        Raises:
            ArchivedThreadError: when nothing can be edited there before somebody opens the thread again.
            TuttiError: like ``edit``.
        """

        async def edit() -> bool:
            message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
            edited = await message.edit(embed=embed, attachments=_attachments(files), allowed_mentions=NO_PINGS)
            return edited.pinned

        return await send_again(edit)

    async def pin(self, channel_id: int, message_id: int) -> None:
        """Pin a message.

        Raises: like ``edit_message``.
        """
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        await send_again(message.pin)

    def _webhook(self, address: ReplyAddress) -> discord.Webhook:
        webhook = discord.Webhook.partial(address.application_id, address.interaction_token, client=self._client)
        webhook.proxy = self._client.http.proxy  # a partial webhook forgets the client's proxy
        return webhook

    async def _edit_by_token(
        self,
        address: ReplyAddress,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] | None,
        view: discord.ui.View | None,
    ) -> int:
        edited = await self._webhook(address).edit_message(
            address.message_id,
            content=None,
            embeds=[embed],
            attachments=_attachments(files),
            view=view,
            allowed_mentions=NO_PINGS,
        )
        return edited.id

    async def _edit_in_channel(
        self,
        address: ReplyAddress,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] | None,
        view: discord.ui.View | None,
    ) -> int:
        message = self._client.get_partial_messageable(address.channel_id).get_partial_message(address.message_id)
        edited = await message.edit(
            content=None, embed=embed, attachments=_attachments(files), view=view, allowed_mentions=NO_PINGS
        )
        return edited.id


async def send_again(request: Callable[[], Awaitable[_T]]) -> _T:
    """Await ``request()`` and repeat it after passing trouble. It must be harmless when it arrives twice.

    Raises:
        TuttiError: the translation of Discord's answer, or ``DiscordTroubleError`` after the last attempt.
    """
    for pause_seconds in (*_PAUSES_SECONDS, None):
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_SECONDS):
                return await request()
        except discord.HTTPException as error:
            if not isinstance(error, discord.DiscordServerError):
                raise translate(error) from error
            trouble: Exception = error
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            trouble = error
        if pause_seconds is None:
            raise translate(trouble) from trouble
        _log.warning("discord_request_repeated", error=type(trouble).__name__, pause_seconds=pause_seconds)
        await asyncio.sleep(pause_seconds)
    raise AssertionError("the last attempt returns or raises")


def translate(error: Exception) -> TuttiError:
    """Return our error for one of discord.py's or aiohttp's."""
    if isinstance(error, discord.HTTPException):
        if error.code in {_UNKNOWN_WEBHOOK, _INVALID_TOKEN} or error.status == 401:
            return DeadTokenError()
        if error.code == _REQUEST_TOO_LARGE or error.status == 413:
            return MessageTooLargeError()
        if error.code == _THREAD_ARCHIVED:
            return ArchivedThreadError()
        if isinstance(error, discord.NotFound):
            what = {_UNKNOWN_MESSAGE: "message", _UNKNOWN_CHANNEL: "channel"}.get(error.code, "interaction")
            return NotFoundError(what=what)
        if isinstance(error, discord.Forbidden):
            return PermissionDeniedError(
                "I lack a permission here. Ask someone who manages this server to let me view this channel, "
                "send messages, embed links and attach files."
            )
    return DiscordTroubleError(f"{type(error).__name__}: {error}")


def _attachments(files: Sequence[OutgoingFile] | None) -> Any:
    """Return what an edit takes: files in place of all there were, or discord.py's sign for not touching them."""
    return discord.utils.MISSING if files is None else to_discord(files)


def to_discord(files: Sequence[OutgoingFile]) -> list[discord.File]:
    """Wrap the files anew for each attempt: discord.py closes what it has sent."""
    return [
        discord.File(BytesIO(file.data), filename=file.filename, description=file.alt_text or None) for file in files
    ]
