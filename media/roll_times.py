"""Where time lies in a piano-roll picture, written into its PNG as a text chunk. It knows nothing of notes or colours.

Whoever shows the picture beside its sound can move a cursor over it, with nothing but the two files; others see the
same picture. The chunk is named ``tutti-roll`` and holds JSON: ``width`` and ``height`` of the picture, ``top`` and
``bottom`` of the part with notes (pixels), and ``bars``, a list of (second, x) for the start of each bar and the end of
the last one, seconds rising from 0. In very long pieces only every n-th bar is listed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from PIL.PngImagePlugin import PngInfo

from music.time_grid import TimeGrid

CHUNK_NAME = "tutti-roll"
_MAX_BARS = 400


def write_times(
    grid: TimeGrid, x_of_tick: Callable[[int], float], *, size: tuple[int, int], top: float, bottom: float
) -> PngInfo:
    """Return the text chunk for a picture of ``size`` (width, height) whose notes lie between ``top`` and ``bottom``."""
    step = -(-max(grid.num_bars, 1) // _MAX_BARS)
    ticks = [grid.bar_start_ticks(bar) for bar in (*range(0, grid.num_bars, step), grid.num_bars)]
    bars = [(round(grid.seconds_of_tick(tick), 3), round(x_of_tick(tick), 1)) for tick in ticks]
    value = {"width": size[0], "height": size[1], "top": top, "bottom": bottom, "bars": bars}
    info = PngInfo()
    info.add_text(CHUNK_NAME, json.dumps(value, separators=(",", ":")))
    return info
