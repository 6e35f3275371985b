"""Bars of layers, as a value: what somebody keeps for themselves, or what a change leaves alone. It knows neither people nor songs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRange:
    """Bars of a layer. ``layer_id`` None: of all layers; ``start_bar`` and ``stop_bar`` (from 0, half open) None: all bars."""

    layer_id: str | None = None
    start_bar: int | None = None
    stop_bar: int | None = None

    def meets_bars(self, start_bar: int | None, stop_bar: int | None) -> bool:
        """Whether some of these bars are among the others; None: all of them."""
        if self.start_bar is None or start_bar is None:
            return True
        assert self.stop_bar is not None
        return (stop_bar is None or self.start_bar < stop_bar) and start_bar < self.stop_bar

    def meets(self, other: CellRange) -> bool:
        """Whether two have a cell in common."""
        is_layer_shared = self.layer_id is None or other.layer_id is None or self.layer_id == other.layer_id
        return is_layer_shared and self.meets_bars(other.start_bar, other.stop_bar)

    def has(self, layer_id: str, bar: int) -> bool:
        """Whether one bar (from 0) of one layer is in it."""
        return self.meets(CellRange(layer_id=layer_id, start_bar=bar, stop_bar=bar + 1))
