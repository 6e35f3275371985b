"""Sends messages with the files that fit: the one way for files to Discord. It knows nothing of what is in them.

What does not fit is reckoned before, not learnt from a refusal; should Discord refuse after all, the largest goes and the text still
arrives. What was left out is named in the message, and pictures stand there in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import discord
import structlog

from bot.plain_text import clip, make_plain
from bot.services.model import DEFAULT_SIZE_LIMIT_BYTES, File
from bot.services.replies.fitting import Fitted, fit_files, is_picture, left_out_words
from bot.ui.courier import NO_PINGS, MessageTooLargeError, OutgoingFile, send_again, to_discord
from bot.ui.embeds.style import FIELD_LIMIT

_T = TypeVar("_T")
_log = structlog.stdlib.get_logger(__name__)
_EMBED_LIMIT, _MOST_FIELDS = 6000, 25  # Discord's own
_MIN_WORDS = 40  # of a picture; fewer say nothing
_NOTE = "Note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What goes into one attempt to send a message, and what is said of the rest."""

    fitted: Fitted[OutgoingFile]

    @property
    def files(self) -> tuple[OutgoingFile, ...]:
        """What to attach."""
        return self.fitted.kept

    @property
    def words(self) -> str:
        """What was left out; empty when nothing was."""
        return left_out_words(self.fitted)

    def note_in(self, embed: discord.Embed) -> discord.Embed:
        """Say in an embed what was left out, and show nothing in it that is not there; return the same embed."""
        if not self.fitted.left_out:
            return embed
        shown = (embed.image.url or "").removeprefix("attachment://")
        if any(shown == file.filename for file in self.fitted.left_out):
            embed.set_image(url=None)
        _add_note(embed, make_plain(self.words, limit=FIELD_LIMIT))
        for file in self.fitted.left_out:
            if is_picture(file) and file.alt_text:
                _add_note(embed, f"The picture in words: {make_plain(file.alt_text)}")
        return embed


async def send_fitting(
    files: Sequence[OutgoingFile],
    send: Callable[[Fitting], Awaitable[_T]],
    *,
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES,
) -> _T:
    """Await ``send`` with the files that fit into ``size_limit_bytes`` together, and return what it returns.

    Raises:
        MessageTooLargeError: when Discord finds even the text too large.
        core.errors.TuttiError: what ``send`` raises.
    """
    fitted = fit_files(files, size_limit_bytes=size_limit_bytes)
    for file in fitted.left_out:
        _log.info("file_left_out", size_bytes=len(file.data), size_limit_bytes=size_limit_bytes)
    while True:
        try:
            return await send(Fitting(fitted=fitted))
        except MessageTooLargeError:
            if not fitted.kept:
                raise
            fitted = fitted.without_largest()
            _log.warning("file_refused", size_bytes=len(fitted.left_out[-1].data), size_limit_bytes=size_limit_bytes)


async def answer_with_files(
    interaction: discord.Interaction[Any],
    files: Sequence[OutgoingFile],
    *,
    embed: discord.Embed,
    view: discord.ui.View | None = discord.utils.MISSING,
) -> discord.InteractionMessage:
    """Make the answer to an interaction show this embed with the files that fit, in place of all it showed.

    Raises: like ``send_fitting``.
    """

    async def send(fitting: Fitting) -> discord.InteractionMessage:
        noted = fitting.note_in(embed.copy())
        return await send_again(
            lambda: interaction.edit_original_response(
                content=None,
                embed=noted,
                attachments=to_discord(fitting.files),
                view=view,
                allowed_mentions=NO_PINGS,
            )
        )

    return await send_fitting(files, send, size_limit_bytes=interaction.filesize_limit)


def outgoing(
    files: Sequence[File | None], *, picture: File | None = None, alt_text: str = ""
) -> tuple[OutgoingFile, ...]:
    """Return the files that there are as they are sent, the picture with its description."""
    return tuple(
        OutgoingFile(
            filename=file.filename, data=file.data, alt_text=clip(alt_text, FIELD_LIMIT) if file is picture else ""
        )
        for file in files
        if file is not None
    )


def _add_note(embed: discord.Embed, text: str) -> None:
    """Add a note, as much of it as Discord lets an embed hold."""
    room = min(_EMBED_LIMIT - len(embed) - len(_NOTE), FIELD_LIMIT)
    if room >= min(len(text), _MIN_WORDS) and len(embed.fields) < _MOST_FIELDS:
        embed.add_field(name=_NOTE, value=clip(text, room), inline=False)
