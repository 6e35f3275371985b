"""Adding a layer: from what people type to a request for new tracks beside those that are there. It knows no network."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions(Options):
    """Add a track for each of ``instruments`` to the source, in all bars or in ``bars`` (first, last; from 1, both included).

    What is there stays note for note. ``density`` is a name of ``DENSITIES``; None: as the network likes.
    """

    instruments: tuple[str, ...] = ()
    bars: tuple[int, int] | None = None
    density: str | None = None
    preset: str = "balanced"
