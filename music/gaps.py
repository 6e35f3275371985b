"""Gaps: bars of some tracks that are to be filled; finding them, emptying them, and showing them with both sides. No networks.

A gap at the very beginning has no left side, and a network then writes what pieces mostly begin with: silence. So it is shown
with the bars that follow it standing before it, too; what comes out is put into the piece, and they are not.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise

from core.errors import NoMusicError
from music.constraints import AskedChord, BarRange
from music.piece import Piece
from music.time_grid import TimeGrid
from music.transform import concatenate, slice_bars, slice_ticks

PIECE_BARS = 4
SIDE_BARS = 4
"""How many bars on either side a gap is compared with, and how many are shown before it where it has no left side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is to be filled: bars, and tracks by index in the order in which they are written."""

    bars: BarRange
    tracks: tuple[int, ...]

    @property
    def pieces(self) -> tuple[BarRange, ...]:
        """The bars in pieces of at most ``PIECE_BARS``, as even as can be: a network fills short gaps best."""
        num_bars = self.bars.stop_bar - self.bars.start_bar
        num_pieces = -(-num_bars // PIECE_BARS)
        borders = [self.bars.start_bar + num_bars * number // num_pieces for number in range(num_pieces + 1)]
        return tuple(BarRange(start, stop) for start, stop in pairwise(borders))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGap:
    """A piece as a network is shown it, and where the gap is in it: ``num_bars_before`` later than in the piece itself."""

    piece: Piece
    bars: BarRange
    num_bars_before: int


def find_silent_bars(piece: Piece) -> BarRange | None:
    """Return the first stretch of bars in which no note begins, or None."""
    grid = TimeGrid(piece)
    sounding = {grid.bar_of_tick(note.onset_ticks) for track in piece.tracks for note in track.notes}
    silent = [bar for bar in range(grid.num_bars) if bar not in sounding]
    if not silent:
        return None
    stop = silent[0]
    while stop < grid.num_bars and stop not in sounding:
        stop += 1
    return BarRange(silent[0], stop)


def find_missing_tracks(piece: Piece, bars: BarRange) -> tuple[int, ...]:
    """Return the tracks that play elsewhere and not in these bars; all that play at all if there is none."""
    start_ticks, stop_ticks = _ticks(piece, bars)
    playing = [index for index, track in enumerate(piece.tracks) if track.notes]
    silent = [
        index
        for index in playing
        if not any(start_ticks <= note.onset_ticks < stop_ticks for note in piece.tracks[index].notes)
    ]
    return tuple(silent or playing)


def empty_gap(piece: Piece, gap: Gap) -> Piece:
    """Return the piece without the notes that begin in a gap."""
    return _keep(piece, gap.bars, gap.tracks, inside=False)


def notes_in_gap(piece: Piece, gap: Gap) -> Piece:
    """Return the gap's tracks alone, with the notes that begin in it."""
    kept = _keep(piece, gap.bars, gap.tracks, inside=True)
    return piece.with_tracks(tuple(kept.tracks[index] for index in sorted(gap.tracks)))


def show_gap(piece: Piece, bars: BarRange, *, next_bar: int) -> ShownGap:
    """Return what a network is to see: the piece, with a left side where bars at its beginning have none.

    ``next_bar`` is the first that stands after the gap that ``bars`` belong to.
    """
    num_bars = TimeGrid(piece).num_bars
    if bars.start_bar > 0 or next_bar >= num_bars:
        return ShownGap(piece=piece, bars=bars, num_bars_before=0)
    before = slice_bars(piece, BarRange(next_bar, min(next_bar + SIDE_BARS, num_bars)))
    if before.num_notes == 0:
        return ShownGap(piece=piece, bars=bars, num_bars_before=0)
    shift = TimeGrid(before).num_bars
    shown = concatenate(before, piece)
    return ShownGap(piece=shown, bars=BarRange(bars.start_bar + shift, bars.stop_bar + shift), num_bars_before=shift)


def fill_in(piece: Piece, shown: ShownGap, written: Piece, *, track: int) -> Piece:
    """Return the piece with one track's notes of a gap taken from ``written``: the shown piece with the gap filled."""
    if shown.num_bars_before == 0:
        return piece.with_tracks((*piece.tracks[:track], written.tracks[track], *piece.tracks[track + 1 :]))
    grid = TimeGrid(written)
    start_ticks, stop_ticks = (grid.bar_start_ticks(bar) for bar in (shown.bars.start_bar, shown.bars.stop_bar))
    new = slice_ticks(written, start_ticks=start_ticks, stop_ticks=stop_ticks).tracks[track].notes
    old = piece.tracks[track]
    filled = replace(old, notes=(*old.notes, *new))
    return piece.with_tracks((*piece.tracks[:track], filled, *piece.tracks[track + 1 :]))


def chords_in_gap(shown: ShownGap, written: Piece) -> tuple[AskedChord, ...]:
    """Return the chords that stand in a filled gap, for those who play after the first to agree with."""
    start_ticks, stop_ticks = _ticks(written, shown.bars)
    inside = [chord for chord in written.chords if start_ticks <= chord.onset_ticks < stop_ticks]
    ends = [*(chord.onset_ticks for chord in inside[1:]), stop_ticks][: len(inside)]
    return tuple(
        AskedChord(
            start_ticks=chord.onset_ticks, stop_ticks=end, root=chord.root, quality=chord.quality, bass=chord.bass
        )
        for chord, end in zip(inside, ends, strict=True)
    )


def compare_with_sides(piece: Piece, bars: BarRange, *, gap: BarRange, track: int) -> float:
    """Return by how many octaves (of number, base 2) a track plays more notes a bar in some bars than beside their gap.

    0 where it hardly plays beside them, less than a note a bar; a track that is silent in the bars counts as one note there.
    """
    num_bars = TimeGrid(piece).num_bars
    sides = (
        BarRange(max(gap.start_bar - SIDE_BARS, 0), gap.start_bar),
        BarRange(gap.stop_bar, min(gap.stop_bar + SIDE_BARS, num_bars)),
    )
    beside = sum(_count(piece, side, track) for side in sides)
    num_beside = sum(side.stop_bar - side.start_bar for side in sides)
    if beside < max(num_beside, 1):
        return 0.0
    inside = max(_count(piece, bars, track), 1)
    return math.log2(inside / (bars.stop_bar - bars.start_bar)) - math.log2(beside / num_beside)


def check_something_left(piece: Piece, gap: Gap) -> None:
    """Refuse a gap that leaves nothing to go by.

    Raises:
        NoMusicError: if no note of the piece stands outside the gap.
    """
    if empty_gap(piece, gap).num_notes == 0:
        raise NoMusicError(
            "Those bars hold everything there is, so nothing would be left to go by. Choose fewer bars or tracks."
        )


def _keep(piece: Piece, bars: BarRange, tracks: Collection[int], *, inside: bool) -> Piece:
    start_ticks, stop_ticks = _ticks(piece, bars)
    kept = list(piece.tracks)
    for index in tracks:
        notes = (note for note in kept[index].notes if (start_ticks <= note.onset_ticks < stop_ticks) == inside)
        kept[index] = replace(kept[index], notes=tuple(notes))
    return piece.with_tracks(tuple(kept))


def _count(piece: Piece, bars: BarRange, track: int) -> int:
    start_ticks, stop_ticks = _ticks(piece, bars)
    return sum(start_ticks <= note.onset_ticks < stop_ticks for note in piece.tracks[track].notes)


def _ticks(piece: Piece, bars: BarRange) -> tuple[int, int]:
    grid = TimeGrid(piece)
    return grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
