"""Where chords may change in a piece, when somebody says how often: as ticks, steps and frames. It knows no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.decoding.harmony_wishes import chord_places
from inference.protocol import HarmonizeRequest
from music.chord_chart import beats_of_bar
from music.time_grid import TimeGrid
from music.tokenizers.harmony import Ids


def find_places(request: HarmonizeRequest) -> list[int] | None:
    """Return the ticks at which chords may change, in order; None where nothing is asked."""
    chords_per_bar = request.harmony.chords_per_bar
    if chords_per_bar is None:
        return None
    grid = TimeGrid(request.piece)
    return [ticks for bar in range(grid.num_bars) for ticks in places_in_bar(grid, bar, chords_per_bar)]


def places_in_bar(grid: TimeGrid, bar: int, chords_per_bar: int) -> list[int]:
    """Return the ticks in a bar at which ``chords_per_bar`` chords may change."""
    beats = beats_of_bar(grid, grid.bar(bar))
    return [beats[place] for place in chord_places(len(beats), chords_per_bar)]


def steps_at(step_ticks: Sequence[int], places: Sequence[int]) -> frozenset[int]:
    """Return the steps (begin in ticks, ascending) that stand nearest to the places; the first step is always one."""
    ticks = np.asarray(step_ticks)
    nearest = {int(np.abs(ticks - place).argmin()) for place in places if len(ticks)}
    return frozenset({0, *nearest})


def span_starts(frame_ticks: Sequence[int], places: Sequence[int]) -> Ids:
    """Return for each frame the frame at which its chord begins (T,)."""
    starts = np.zeros(len(frame_ticks), dtype=np.int64)
    changes = steps_at(frame_ticks, places)
    current = 0
    for frame in range(len(frame_ticks)):
        current = frame if frame in changes else current
        starts[frame] = current
    return starts
