"""A new track beside those of a piece: placed in some bars, measured, thinned out. It knows no network."""

from __future__ import annotations

from dataclasses import dataclass, replace

from music.constraints import BarRange
from music.piece import Note, Piece, Track
from music.ranges import Range
from music.roles import is_bass
from music.time_grid import TimeGrid
from music.transform import scale_ticks

_NUM_PIANOS = 6
_STRING_ENSEMBLES = range(48, 52)
_USUAL_NOTES = {"drums": 14.0, "bass": 6.0, "others": 8.0}  # in four quarters
_BASS_REGISTER: Range = (28, 55)  # E1 to G3, where bass lines lie; files' bass programs also play other things above
_PIANO_REGISTER: Range = (38, 85)  # 95 % of the notes of 250 files of Lakh, like the next
_STRINGS_REGISTER: Range = (40, 89)
DENSITY_FACTORS: dict[str, float] = {"sparse": 0.4, "light": 0.7, "medium": 1.0, "busy": 1.5, "dense": 2.2}
"""What people call how much a layer plays, and the share of what such a part usually plays that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Bars of a piece in which a layer was written, and those of them that it is wanted in."""

    written: BarRange
    wanted: BarRange


def place_layer(piece: Piece, written: Piece, window: Window) -> Track:
    """Return the last track of ``written``, whose tick 0 is where the written bars begin, with its notes in the wanted bars only.

    Notes end with the wanted bars; the track counts in the ticks of ``piece``.
    """
    grid = TimeGrid(piece)
    offset_ticks = grid.bar_start_ticks(window.written.start_bar)
    start_ticks, stop_ticks = (grid.bar_start_ticks(bar) for bar in (window.wanted.start_bar, window.wanted.stop_bar))
    track = scale_ticks(written, ticks_per_quarter=piece.ticks_per_quarter).tracks[-1]
    notes = (note._replace(onset_ticks=note.onset_ticks + offset_ticks) for note in track.notes)
    kept = tuple(
        note._replace(duration_ticks=max(min(note.stop_ticks, stop_ticks) - note.onset_ticks, 1))
        for note in notes
        if start_ticks <= note.onset_ticks < stop_ticks
    )
    return replace(track, notes=kept)


def usual_notes(instrument: int, *, is_drum: bool) -> float:
    """Return how many notes such a part usually plays in four quarters."""
    return _USUAL_NOTES["drums" if is_drum else "bass" if is_bass(instrument) else "others"]


def usual_register(program: int) -> Range | None:
    """Return the pitches that a layer of a program 0..127 keeps to, where that is narrower than what it can play; else None."""
    if is_bass(program):
        return _BASS_REGISTER
    if program < _NUM_PIANOS:
        return _PIANO_REGISTER
    return _STRINGS_REGISTER if program in _STRING_ENSEMBLES else None


def notes_per_whole(piece: Piece, track: Track, bars: BarRange) -> float:
    """Return how many notes a track plays in four quarters of some bars."""
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    count = sum(start_ticks <= note.onset_ticks < stop_ticks for note in track.notes)
    return count * 4 * piece.ticks_per_quarter / max(stop_ticks - start_ticks, 1)


def thin_layer(piece: Piece, track: Track, *, most: int) -> Track:
    """Leave out notes, those in the weakest places of their bars first (the quietest and latest of equals), until ``most`` are left."""
    if len(track.notes) <= most:
        return track
    grid = TimeGrid(piece)

    def rank(note: Note) -> tuple[int, int, int]:
        return (_weakness(grid, note.onset_ticks), -note.velocity, note.onset_ticks)

    return replace(track, notes=tuple(sorted(track.notes, key=rank)[:most]))


def _weakness(grid: TimeGrid, ticks: int) -> int:
    """Return 0 on the first beat of a bar, 1 on another beat, 2 in its middle, 3 on a sixteenth, 4 elsewhere."""
    position = grid.position_in_bar_ticks(ticks)
    tolerance = grid.ticks_per_quarter // 12
    if position <= tolerance:
        return 0
    for level, parts in enumerate((1, 2, 4), start=1):
        step = grid.ticks_per_quarter / parts
        rest = position % step
        if min(rest, step - rest) <= tolerance:
            return level
    return 4
