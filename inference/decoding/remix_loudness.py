"""New loudness for chosen notes, from how loud a track plays elsewhere. No network: the remixer's has no output for it.

A note's velocity is drawn from the velocities of its track's other notes, each blurred a little (a kernel density, Parzen
1962); those at the same place of a quarter note and those of the same pitch count more, for accents and voices repeat. A
track that is all one loudness thus gets the small differences of people's hands. Sampling is the request's: the temperature
of rhythm, top-k, top-p, min-p; repetition control makes what a note had before less likely, and it never stays the same.
"""

from __future__ import annotations

import math

import numpy as np

from inference.decoding.remix_plan import RemixPlan, RemixState
from inference.protocol import Sampling
from inference.sampling import choose, uniform
from music.piece import Piece
from music.tokenizers.octuple import PITCH, POSITION, POSITIONS_PER_QUARTER

_FIELD = 2_000  # no field of a network has this number, so the draw is its own
_BLUR = 5.0  # of 127
_SAME_PLACE, _SAME_PITCH = 6.0, 2.0
_MOST_OTHERS = 512  # nearest in the piece's order
_VALUES = np.arange(128, dtype=np.float64)


def draw_velocities(
    piece: Piece, state: RemixState, plan: RemixPlan, *, sampling: Sampling, seed: int
) -> dict[int, int]:
    """Return a new velocity 1..127 for each row of the plan's units."""
    old = np.asarray(
        [
            piece.tracks[int(track)].notes[int(note)].velocity
            for track, note in zip(state.octuples.track, state.octuples.note, strict=True)
        ],
        dtype=np.float64,
    )
    rows = state.original_rows
    place = rows[:, POSITION] % POSITIONS_PER_QUARTER
    members = {int(track): np.flatnonzero(state.track == track) for track in np.unique(state.track)}
    found: dict[int, int] = {}
    for row in (int(row) for unit in plan.units for row in unit):
        others = members[int(state.track[row])]
        if len(others) > _MOST_OTHERS:
            middle = int(np.searchsorted(others, row))
            start = min(max(middle - _MOST_OTHERS // 2, 0), len(others) - _MOST_OTHERS)
            others = others[start : start + _MOST_OTHERS]
        weights = (
            1.0 + _SAME_PLACE * (place[others] == place[row]) + _SAME_PITCH * (rows[others, PITCH] == rows[row, PITCH])
        )
        near = np.exp(-0.5 * ((_VALUES[:, None] - old[others]) / _BLUR) ** 2)
        chances = near @ weights + 1e-9
        logits = np.log(chances / chances.sum())
        allowed = _VALUES > 0
        allowed[int(old[row])] = False
        if sampling.repetition != 1.0:
            logits -= math.log(sampling.repetition) * np.exp(-0.5 * ((_VALUES - old[row]) / _BLUR) ** 2)
        found[row] = choose(
            logits,
            allowed,
            temperature=sampling.temperature_rhythm,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            random=uniform(seed, event=row, field=_FIELD),
        )
    return found
