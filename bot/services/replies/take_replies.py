"""The reply of a job of several takes: each take's files, and one picture of all. It knows no database.

The place's size limit is shared out: every take may use the same part of it. The sound before an edit is left out here;
a take that is picked has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.services.model import File, TakesReply
from bot.services.ports import MediaMaker
from bot.services.replies.fitting import room_for_sounds
from bot.services.replies.library import Finished, ReplyMaker, ReplyParts
from core.errors import RenderError

_log = structlog.stdlib.get_logger(__name__)


class TakesReplyMaker:
    """Makes replies out of several finished takes."""

    def __init__(self, media: MediaMaker, *, parts: ReplyParts) -> None:
        self._media = media
        self._has_picture = parts.has_picture
        self._suggest = parts.suggest
        self._replies = ReplyMaker(media, parts=replace(parts, has_picture=False))

    async def make(self, takes: Sequence[Finished], *, num_asked: int, size_limit_bytes: int) -> TakesReply:
        """Return the whole reply; sounds or a picture that cannot be made are left out with a remark.

        Raises:
            RenderError: when not even the MIDI files could be written.
        """
        picture, alt_text, remarks = await self._draw(takes)
        rest_bytes = room_for_sounds((picture,), size_limit_bytes=size_limit_bytes, num_sounds=len(takes))
        replies = await asyncio.gather(
            *(
                self._replies.make(take, size_limit_bytes=rest_bytes // len(takes), take_number=number)
                for number, take in enumerate(takes, start=1)
            )
        )
        if len(takes) < num_asked:
            remarks = (*remarks, missing_takes_remark(len(takes), num_asked=num_asked))
        shared = dict.fromkeys(remark for reply in replies for remark in reply.remarks)
        return TakesReply(
            takes=tuple(replies),
            picture=picture,
            alt_text=alt_text,
            num_asked=num_asked,
            remarks=(*shared, *remarks),
            suggested=await self._suggest(takes[0].revision.place.guild_id, [take.piece for take in takes]),
        )

    async def _draw(self, takes: Sequence[Finished]) -> tuple[File | None, str, tuple[str, ...]]:
        if not self._has_picture:
            return None, "", ()
        try:
            picture = await self._media.draw_takes(tuple(take.piece for take in takes))
        except RenderError as error:
            _log.warning("picture_left_out", revision_id=takes[0].revision.revision_id, error=str(error))
            return None, "", ("The picture could not be drawn.",)
        name = f"tutti-{takes[0].revision.revision_id}-{len(takes)}-takes.png"
        return File(filename=name, data=picture.png), picture.alt_text, ()


def missing_takes_remark(num_there: int, *, num_asked: int) -> str:
    """Return what people read when some takes could not be written."""
    there = "Only one take" if num_there == 1 else f"Only {num_there} takes"
    return f"{there} of {num_asked} could be written. Again tries anew."
