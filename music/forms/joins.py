"""What happens where two sections meet: jumps of tempo, range and loudness, measured and held against people's music.

The limits are the 99th percentiles of the same jumps between neighbouring phrases of bands by people, validation split
(``python -m training.evaluation.form --split valid`` measures them; docs/experiments.md has the numbers); that of tempo is ours. It looks at the finished piece
alone and knows nothing of how it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from music.bar_features import measure_loudness_db
from music.constraints import Check
from music.piece import Piece, Track
from music.time_grid import TimeGrid

MAX_TEMPO_RATIO = 1.1
MAX_RANGE_SEMITONES = 18.0
MAX_LOUDNESS_DB = 6.5
_NUM_BARS_AROUND = 2
_FEWEST_NOTES = 3  # on either side, for a part to have a range there


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """One join. ``bar``: the first of the later section. Jumps are absolute; ``tempo_ratio`` is 1 or above.

    ``range_semitones``: the farthest that the middle of a part's pitches moves, of the parts that play on both sides.
    """

    bar: int
    tempo_ratio: float
    range_semitones: float
    loudness_db: float

    @property
    def is_smooth(self) -> bool:
        """Whether nothing jumps farther than it does in people's music."""
        return (
            self.tempo_ratio <= MAX_TEMPO_RATIO
            and self.range_semitones <= MAX_RANGE_SEMITONES
            and self.loudness_db <= MAX_LOUDNESS_DB
        )


def measure_joins(piece: Piece, bars: Sequence[int]) -> tuple[Join, ...]:
    """Return what jumps at the beginning of each of these bars; the first bar of a piece is no join."""
    grid = TimeGrid(piece)
    loudness = measure_loudness_db(piece)
    return tuple(
        Join(
            bar=bar,
            tempo_ratio=_tempo_ratio(grid, bar),
            range_semitones=_range_jump(piece, grid, bar),
            loudness_db=_loudness_jump(loudness, bar),
        )
        for bar in bars
        if 0 < bar < grid.num_bars
    )


def check_joins(joins: Sequence[Join]) -> Check:
    """Return whether the joins of a song are as smooth as people's."""
    asked = "no jump of tempo, range or loudness"
    if not joins:
        return Check(name="joins", asked=asked, found="there are none", is_kept=True)
    rough = [join for join in joins if not join.is_smooth]
    worst = f"at most {max(join.loudness_db for join in joins):.1f} dB, {max(join.range_semitones for join in joins):.0f} semitones"
    where = f", rough before bar {', '.join(str(join.bar + 1) for join in rough)}" if rough else ""
    return Check(name="joins", asked=asked, found=worst + where, is_kept=not rough)


def _tempo_ratio(grid: TimeGrid, bar: int) -> float:
    ticks = grid.bar_start_ticks(bar)
    before, after = grid.tempo_at(ticks - 1), grid.tempo_at(ticks)
    return max(before, after) / min(before, after)


def _range_jump(piece: Piece, grid: TimeGrid, bar: int) -> float:
    """Return how far the middle of a part's pitches moves, at most, over the parts that play well on both sides."""
    first = grid.bar_start_ticks(max(bar - _NUM_BARS_AROUND, 0))
    middle = grid.bar_start_ticks(bar)
    last = grid.bar_start_ticks(bar + _NUM_BARS_AROUND)
    jumps: list[float] = []
    for track in piece.tracks:
        if track.is_drum:
            continue
        before, after = _pitches(track, first, middle), _pitches(track, middle, last)
        if min(len(before), len(after)) >= _FEWEST_NOTES:
            jumps.append(abs(median(after) - median(before)))
    return max(jumps, default=0.0)


def _pitches(track: Track, start_ticks: int, stop_ticks: int) -> list[int]:
    return [note.pitch for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks]


def _loudness_jump(loudness: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bar: int) -> float:
    before = loudness[max(bar - _NUM_BARS_AROUND, 0) : bar]
    after = loudness[bar : bar + _NUM_BARS_AROUND]
    return float(abs(np.mean(after) - np.mean(before)))
