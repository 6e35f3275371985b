"""What an ear notices first in a piece, as numbers: silences, stuck notes, impossible pitches, a missing ending.

It looks at the piece alone and knows nothing of how it was made or what was asked (``music/checks.py`` does).
"""

from __future__ import annotations

from dataclasses import dataclass

from music.piece import Piece
from music.ranges import playable_range
from music.time_grid import TimeGrid

LONGEST_NOTE_QUARTERS = 16
"""A note that sounds longer hangs: the longest that our networks write are four bars of 4/4."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What ``listen`` found. ``longest_silence_bars`` counts from the beginning to the last sound."""

    longest_silence_bars: float
    num_stuck_notes: int
    num_out_of_range: int
    is_ending_on_last_bar: bool

    @property
    def is_clean(self) -> bool:
        """No silence longer than a bar, no stuck note, no impossible pitch, and an ending on the last bar."""
        return (
            self.longest_silence_bars <= 1.0 + _ROUNDING
            and self.num_stuck_notes == 0
            and self.num_out_of_range == 0
            and self.is_ending_on_last_bar
        )


def listen(piece: Piece) -> Heard:
    """Return what an ear would notice."""
    return Heard(
        longest_silence_bars=measure_longest_silence(piece),
        num_stuck_notes=count_stuck_notes(piece),
        num_out_of_range=count_out_of_range(piece),
        is_ending_on_last_bar=ends_on_last_bar(piece),
    )


def measure_longest_silence(piece: Piece) -> float:
    """Return the longest time in which no track sounds, in bars; a piece without notes is silent all along."""
    grid = TimeGrid(piece)
    notes = sorted((note.onset_ticks, note.stop_ticks) for track in piece.tracks for note in track.notes)
    if not notes:
        return float(grid.num_bars)
    longest, heard_until = 0.0, 0
    for onset_ticks, stop_ticks in notes:
        if onset_ticks > heard_until:
            longest = max(longest, _bars_at(grid, onset_ticks) - _bars_at(grid, heard_until))
        heard_until = max(heard_until, stop_ticks)
    return longest


def count_stuck_notes(piece: Piece) -> int:
    """Return how many notes sound longer than ``LONGEST_NOTE_QUARTERS``."""
    longest_ticks = LONGEST_NOTE_QUARTERS * piece.ticks_per_quarter
    return sum(note.duration_ticks > longest_ticks for track in piece.tracks for note in track.notes)


def count_out_of_range(piece: Piece) -> int:
    """Return how many notes their instrument cannot play."""
    count = 0
    for track in piece.tracks:
        low, high = playable_range(track.instrument)
        count += sum(not low <= note.pitch <= high for note in track.notes)
    return count


def ends_on_last_bar(piece: Piece) -> bool:
    """Return whether something sounds in the last bar."""
    grid = TimeGrid(piece)
    return grid.num_bars > 0 and piece.stop_ticks > grid.bar_start_ticks(grid.num_bars - 1)


def _bars_at(grid: TimeGrid, ticks: int) -> float:
    """Return how many bars have passed at a tick, with fractions."""
    bar = grid.bar(grid.bar_of_tick(ticks))
    return bar.index + (ticks - bar.start_ticks) / bar.length_ticks
