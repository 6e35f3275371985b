"""The sound of a reply: of a result, or of an edit before and after. It knows no database and no message.

Before and after sound through the same instruments at the same loudness, and share the place's size limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.services.model import File
from bot.services.ports import MediaMaker
from bot.services.replies.comparison import Comparison, window_remark
from bot.services.replies.fitting import MIN_SOUND_BYTES
from bot.services.replies.sound import SoundOf
from core.errors import RenderError
from media.protocol import AudioFormat
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """What can be heard. ``before`` only with an ``after``; remarks say why something is missing."""

    after: File | None = None
    before: File | None = None
    remarks: tuple[str, ...] = ()


class ReplySounds:
    """Renders the sounds of replies."""

    def __init__(self, media: MediaMaker, *, audio_format: AudioFormat | None, sound_of: SoundOf) -> None:
        self._media = media
        self._audio_format: AudioFormat | None = audio_format
        self._sound_of = sound_of

    async def make(
        self, name: str, piece: Piece, *, comparison: Comparison | None, guild_id: int | None, size_limit_bytes: int
    ) -> Sounds:
        """Return the sound of a piece or, with a comparison, of its two sides; what cannot be made is left out."""
        if self._audio_format is None:
            return Sounds()
        if comparison is None:
            after, remarks = await self._render(name, piece, guild_id=guild_id, size_limit_bytes=size_limit_bytes)
            return Sounds(after=after, remarks=remarks)
        after, remarks = await self._render(
            f"{name}-after", comparison.heard_after, guild_id=guild_id, size_limit_bytes=size_limit_bytes // 2
        )
        if after is None:
            return Sounds(remarks=remarks)
        left_bytes = size_limit_bytes - len(after.data)
        before, _ = await self._render(
            f"{name}-before", comparison.heard_before, guild_id=guild_id, size_limit_bytes=left_bytes
        )
        if comparison.window is not None:
            remarks = (*remarks, window_remark(comparison.window))
        return Sounds(after=after, before=before, remarks=remarks)

    async def _render(
        self, name: str, piece: Piece, *, guild_id: int | None, size_limit_bytes: int
    ) -> tuple[File | None, tuple[str, ...]]:
        assert self._audio_format is not None
        if size_limit_bytes < MIN_SOUND_BYTES:
            return None, ("The sound is too large for this place; the MIDI file holds everything.",)
        try:
            wishes = await self._sound_of(guild_id)
            wanted = wishes.audio_format or self._audio_format
            rendering = await self._media.render(
                piece, size_limit_bytes=size_limit_bytes, audio_format=wanted, soundfont=wishes.soundfont
            )
        except RenderError as error:
            _log.warning("audio_left_out", error=str(error))
            return None, ("The sound could not be made; the MIDI file holds everything.",)
        remarks: tuple[str, ...] = ()
        found = rendering.filename_suffix.removeprefix(".")
        if found != wanted:
            remarks = (f"The sound is {found.upper()}: as {wanted.upper()} it would be too large here.",)
        if rendering.is_shortened:
            length = clock(rendering.duration_seconds)
            remarks = (*remarks, f"The sound stops after {length} to fit; the MIDI file holds everything.")
        return File(filename=f"{name}{rendering.filename_suffix}", data=rendering.audio), remarks


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
