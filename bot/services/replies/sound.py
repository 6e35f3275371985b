"""How a place wants to hear its music, as a value. It knows neither servers nor synthesizers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from media.protocol import AudioFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundWishes:
    """What a server has set; None and empty: as the operator has it. ``soundfont`` is a path on this machine."""

    audio_format: AudioFormat | None = None
    soundfont: str = ""


SoundOf = Callable[[int | None], Awaitable[SoundWishes]]
"""Returns how a server, by its number, wants to hear its music; None: direct messages."""


async def usual_sound(_guild_id: int | None) -> SoundWishes:
    """Return no wishes at all, as on the command line."""
    return SoundWishes()
