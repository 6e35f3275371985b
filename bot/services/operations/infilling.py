"""Filling a gap: from what people type to requests that write bars of tracks anew. It knows no network and no Discord."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillOptions(Options):
    """Write ``bars`` (first, last; from 1, both included) of ``tracks`` anew; what is before and after is heeded and stays.

    A track is named by its number from 1, its name, its instrument, its family, or "all". No tracks: those that are silent
    in the bars, and all if none is.
    """

    bars: tuple[int, int] | None = None
    tracks: tuple[str, ...] = ()
    preset: str = "balanced"
