"""Where time lies in a picture of piano rolls, written into its PNG as a text chunk. It knows nothing of notes or colours.

Whoever shows the picture beside its sound can move a cursor over it, with nothing but the two files; others see the
same picture. The chunk is named ``tutti-roll`` and holds JSON: ``width`` and ``height`` of the picture in pixels, and
``rolls``, from top to bottom: each has ``top`` and ``bottom`` of its part with notes, and ``bars``, a list of (second, x)
for the start of each bar and the end of the last one, seconds rising from 0. In very long pieces only every n-th bar is
listed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL.PngImagePlugin import PngInfo

from music.time_grid import TimeGrid

CHUNK_NAME = "tutti-roll"
_MAX_BARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTimes:
    """The times of one roll: its part with notes from ``top`` to ``bottom`` (pixels), and (second, x) of its bar lines."""

    top: float
    bottom: float
    bars: tuple[tuple[float, float], ...]

    def moved_down(self, num_pixels: float) -> RollTimes:
        """Return the times of the same roll pasted so much further down."""
        return replace(self, top=self.top + num_pixels, bottom=self.bottom + num_pixels)


def measure_times(grid: TimeGrid, x_of_tick: Callable[[int], float], *, top: float, bottom: float) -> RollTimes:
    """Return the times of a roll whose ticks lie at ``x_of_tick``."""
    step = -(-max(grid.num_bars, 1) // _MAX_BARS)
    ticks = [grid.bar_start_ticks(bar) for bar in (*range(0, grid.num_bars, step), grid.num_bars)]
    bars = tuple((round(grid.seconds_of_tick(tick), 3), round(x_of_tick(tick), 1)) for tick in ticks)
    return RollTimes(top=top, bottom=bottom, bars=bars)


def times_chunk(rolls: Sequence[RollTimes], *, size: tuple[int, int]) -> PngInfo:
    """Return the text chunk for a picture of ``size`` (width, height) that holds these rolls."""
    listed = [{"top": roll.top, "bottom": roll.bottom, "bars": roll.bars} for roll in rolls]
    info = PngInfo()
    value = {"width": size[0], "height": size[1], "rolls": listed}
    info.add_text(CHUNK_NAME, json.dumps(value, separators=(",", ":")))
    return info
