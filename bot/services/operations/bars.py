"""Bars as people count them (from 1, the last included) -> bars of a piece. It knows nothing of what is done in them."""

from __future__ import annotations

from core.errors import BarRangeError, InputError, NoMusicError
from music.constraints import BarRange
from music.piece import Piece
from music.time_grid import TimeGrid


def check_bar_numbers(bars: tuple[int, int] | None) -> None:
    """Refuse bars that no piece has.

    Raises:
        InputError: for a first bar below 1, or a last one before it.
    """
    if bars is not None and (bars[0] < 1 or bars[1] < bars[0]):
        raise InputError(f"“{bars[0]}-{bars[1]}” is no range of bars. Bars count from 1; write them like 5-8.")


def find_bars(piece: Piece, bars: tuple[int, int] | None) -> BarRange | None:
    """Return the bars of a piece that people mean, or None.

    Raises:
        BarRangeError: if the piece does not have them.
        NoMusicError: if it has none at all.
    """
    check_bar_numbers(bars)
    if bars is None:
        return None
    num_bars = TimeGrid(piece).num_bars
    if num_bars == 0:
        raise NoMusicError("This piece has no music. Choose another one.")
    if bars[1] > num_bars:
        raise BarRangeError(start_bar=bars[0], stop_bar=bars[1], num_bars=num_bars)
    return BarRange(bars[0] - 1, bars[1])
