"""Free timing to bars: which tempo a played line keeps, and its notes on that tempo's grid. It knows nothing of where the line came from.

The tempo is the one at whose sixteenths the onsets lie nearest, among 60 to 180 with a leaning towards what is usual, after the idea of
D. Moelants, 2002, "Preferred tempo reconsidered": listeners prefer about 120 beats a minute. No beat is tracked: a line that speeds up or slows
down is better snapped with the tempo given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from music.piece import DEFAULT_TICKS_PER_QUARTER, Note, Piece, Tempo, TimeSignature, Track

Floats = npt.NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 60.0, 180.0
GRID_PER_QUARTER = 4
_STEP_BPM = 0.5
_USUAL_BPM, _LEANING = 116.0, 0.06
_LONGEST_SECONDS = 20.0  # of the line that are looked at: small errors of tempo add up


def find_tempo(onsets_seconds: Floats) -> float:
    """Return the tempo in quarters a minute that a line's onsets (N,), from 0, keep best."""
    early = onsets_seconds[onsets_seconds <= _LONGEST_SECONDS]
    candidates = np.arange(SLOWEST_BPM, FASTEST_BPM + _STEP_BPM / 2, _STEP_BPM)
    steps = early[None, :] * (candidates[:, None] / 60.0 * GRID_PER_QUARTER)
    off_grid = np.abs(steps - np.round(steps)).mean(
        axis=1
    )  # 0..0.5 of a sixteenth, so faster grids fit by chance as well
    on_quarters = np.abs(steps / GRID_PER_QUARTER - np.round(steps / GRID_PER_QUARTER)).mean(axis=1)
    cost = off_grid + 0.5 * on_quarters + _LEANING * np.log2(candidates / _USUAL_BPM) ** 2
    return float(candidates[int(cost.argmin())])


def snap(line: Piece, *, tempo_bpm: float, metre: tuple[int, int] = (4, 4)) -> Piece:
    """Return a line's notes on the sixteenths of a tempo, one at a time, none shorter than a sixteenth."""
    ticks_per_second = line.ticks_per_quarter * line.tempos[0].bpm / 60
    grid_ticks = DEFAULT_TICKS_PER_QUARTER // GRID_PER_QUARTER
    steps_per_second = tempo_bpm / 60 * GRID_PER_QUARTER
    track = line.tracks[0]
    placed: dict[int, Note] = {}
    for note in track.notes:
        first = round(note.onset_ticks / ticks_per_second * steps_per_second)
        last = max(round(note.stop_ticks / ticks_per_second * steps_per_second), first + 1)
        if first in placed:  # two tones on one sixteenth: the later is where the voice was going
            first_note = placed[first]
            last = max(last, first + first_note.duration_ticks // grid_ticks)
        placed[first] = Note(first * grid_ticks, note.pitch, (last - first) * grid_ticks, note.velocity)
    onsets = sorted(placed)
    stops = [*(onset * grid_ticks for onset in onsets[1:]), None]
    notes = tuple(
        placed[onset]._replace(
            duration_ticks=placed[onset].duration_ticks
            if stop is None
            else min(placed[onset].duration_ticks, stop - onset * grid_ticks)
        )
        for onset, stop in zip(onsets, stops, strict=True)
    )
    return Piece(
        tracks=(Track(notes=notes, program=track.program, name=track.name),),
        tempos=(Tempo(0, tempo_bpm),),
        time_signatures=(TimeSignature(0, *metre),),
        title=line.title,
    )
