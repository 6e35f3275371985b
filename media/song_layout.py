"""Where things are in the picture of an arrangement: layers as rows, bars as columns, long songs in several systems. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_WIDTH, MARGIN, HEADER_HEIGHT, AXIS_HEIGHT, SYSTEM_GAP, LEGEND_HEIGHT = 1280, 14, 64, 20, 12, 30
LABEL_WIDTH = 214
_MAX_BARS_OF_SYSTEM, _MAX_SYSTEMS = 68, 4
_MAX_CELL_WIDTH = 110
_MIN_GRID_WIDTH = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring bars within one system, in pixels: from ``left`` to before ``right``."""

    system: int
    start_bar: int
    stop_bar: int
    left: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SongLayout:
    """Sizes in pixels; bars and layers count from 0."""

    num_layers: int
    num_bars: int
    bars_per_system: int
    cell_width: float
    row_height: int

    @property
    def num_systems(self) -> int:
        return max(-(-self.num_bars // self.bars_per_system), 1)

    @property
    def left(self) -> int:
        return MARGIN + LABEL_WIDTH

    @property
    def width(self) -> int:
        return self.left + max(round(self.bars_per_system * self.cell_width), _MIN_GRID_WIDTH) + MARGIN

    @property
    def system_height(self) -> int:
        return AXIS_HEIGHT + self.num_layers * self.row_height

    @property
    def height(self) -> int:
        return HEADER_HEIGHT + self.num_systems * (self.system_height + SYSTEM_GAP) + LEGEND_HEIGHT + MARGIN // 2

    @property
    def legend_top(self) -> int:
        return self.height - LEGEND_HEIGHT - MARGIN // 2

    def system_top(self, system: int) -> int:
        """Return the top of a system's line of bar numbers."""
        return HEADER_HEIGHT + system * (self.system_height + SYSTEM_GAP)

    def row_top(self, system: int, layer: int) -> int:
        return self.system_top(system) + AXIS_HEIGHT + layer * self.row_height

    def offset(self, bar: int) -> int:
        """Return how far a bar's start lies from its system's, were all bars in one."""
        return round(bar * self.cell_width)

    def runs(self, start_bar: int, stop_bar: int) -> Iterator[Run]:
        """Yield neighbouring bars system by system; what lies beyond the song is left out."""
        start_bar, stop_bar = max(start_bar, 0), min(stop_bar, self.num_bars)
        while start_bar < stop_bar:
            system = start_bar // self.bars_per_system
            first = system * self.bars_per_system
            stop = min(stop_bar, first + self.bars_per_system)
            yield Run(
                system=system,
                start_bar=start_bar,
                stop_bar=stop,
                left=self.left + self.offset(start_bar) - self.offset(first),
                right=self.left + self.offset(stop) - self.offset(first),
            )
            start_bar = stop


def lay_out(*, num_layers: int, num_bars: int) -> SongLayout:
    """Return a layout that is at most ``MAX_WIDTH`` wide: up to 68 bars beside each other, at most four systems, then thinner."""
    num_systems = min(max(-(-num_bars // _MAX_BARS_OF_SYSTEM), 1), _MAX_SYSTEMS)
    bars_per_system = -(-max(num_bars, 1) // num_systems)
    if num_systems > 1:
        bars_per_system = -(-bars_per_system // 4) * 4  # people count in fours
    cell_width = min((MAX_WIDTH - 2 * MARGIN - LABEL_WIDTH) / bars_per_system, _MAX_CELL_WIDTH)
    if cell_width > 4:
        cell_width = float(int(cell_width))
    row_height = max(34, min(64, 264 // max(num_layers, 1)))
    return SongLayout(
        num_layers=num_layers,
        num_bars=num_bars,
        bars_per_system=bars_per_system,
        cell_width=cell_width,
        row_height=row_height,
    )
