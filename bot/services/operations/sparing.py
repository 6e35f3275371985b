"""What an operation must leave alone in a shared song: layers that others locked, bars and layers that others claimed.

Locks stand in the song's state, claims in the options, as they were when the order was accepted; so the same wish leaves the
same alone whenever it is carried out. It knows no database.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.services.operations.base import Wish
from core.errors import PermissionDeniedError
from music.constraints import BarRange, Constraints
from music.piece import Piece
from music.time_grid import TimeGrid
from music.track_names import find_tracks, title_of

OTHERS = "Name other layers, ask for it in the thread, or work on a branch of your own (/branch new)."


def closed_tracks(wish: Wish[Any], *, bars: BarRange | None = None) -> tuple[int, ...]:
    """Return the tracks of the source that must stay as they are: locked ones, and those of which others claimed all bars.

    With ``bars``, those too of which somebody claimed some of these.
    """
    closed = set(wish.locked_tracks)
    for index, layer in enumerate(() if wish.song is None else wish.song.layers):
        for cells in wish.options.spared:
            is_there = cells.start_bar is None or (bars is not None and cells.meets_bars(bars.start_bar, bars.stop_bar))
            if is_there and cells.layer_id in (None, layer.layer_id):
                closed.add(index)
    return tuple(sorted(closed))


def open_tracks(piece: Piece, names: tuple[str, ...], *, closed: tuple[int, ...]) -> tuple[int, ...]:
    """Return the tracks that names mean, without the closed ones; no names and nothing closed: none, which means all.

    Raises:
        InputError: for a name that no track fits.
        PermissionDeniedError: when all that a name means is closed, or nothing is left.
    """
    if not closed:
        return find_tracks(piece, names)
    found: set[int] = set() if names else set(range(len(piece.tracks)))
    for name in names:
        meant = set(find_tracks(piece, (name,)))
        if meant <= set(closed):
            shown = ", ".join(title_of(piece.tracks[index]) for index in sorted(meant))
            raise PermissionDeniedError(f"{shown} must stay as it is: somebody locked or claimed it. {OTHERS}")
        found |= meant
    left = tuple(sorted(found - set(closed)))
    if not left:
        raise PermissionDeniedError(f"Every layer of this song is locked or claimed by others. {OTHERS}")
    return left


def spare(constraints: Constraints, wish: Wish[Any]) -> Constraints:
    """Return constraints that leave alone what must be left alone."""
    if wish.song is None:
        return constraints
    cells: list[tuple[int, BarRange]] = []
    bars: list[BarRange] = list(constraints.locked_bars)
    num_bars = TimeGrid(wish.song.piece).num_bars
    for each in wish.options.spared:
        if each.start_bar is None or each.stop_bar is None or each.start_bar >= num_bars:
            continue  # a whole layer is among the closed tracks; what is not there needs no sparing
        claimed = BarRange(each.start_bar, min(each.stop_bar, num_bars))
        index = None if each.layer_id is None else wish.song.index_of(each.layer_id)
        if each.layer_id is None:
            bars.append(claimed)
        elif index is not None:
            cells.append((index, claimed))
    tracks = sorted({*constraints.locked_tracks, *closed_tracks(wish)})
    return replace(constraints, locked_tracks=tuple(tracks), locked_bars=tuple(bars), locked_cells=tuple(cells))
