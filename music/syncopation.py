"""Syncopation: how strong each place of a bar is, and how much a rhythm pulls against it. It knows nothing of networks.

Longuet-Higgins & Lee 1984, "The rhythmic interpretation of monophonic music" (Music Perception 1(4), 424-441), as stated by
Fitch & Rosenfeld 2007 (Music Perception 25(1), 43-58): the bar is a tree of equal divisions, each level one weaker than the
one above; a note followed by a rest or a held sound on a stronger place than its own is a syncopation, and its weight is the
difference of the two. Where we differ: places off the tree (triplets in a binary metre) are as weak as its lowest level,
and the last note of a bar is held against the next bar line, too.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from music.constraints import METRES
from music.piece import Piece
from music.time_grid import TimeGrid
from music.vocabulary import METRE_UNITS, UNITS_PER_QUARTER

Weights = npt.NDArray[np.int64]

_DIVISIONS: dict[tuple[int, int], tuple[int, ...]] = {
    (2, 4): (2, 2, 2, 2), (3, 4): (3, 2, 2, 2), (4, 4): (2, 2, 2, 2, 2), (5, 4): (5, 2, 2, 2), (6, 8): (2, 3, 2, 2),
    (9, 8): (3, 3, 2, 2), (12, 8): (2, 2, 3, 2, 2),
}  # fmt: skip


@cache
def metrical_weights(metre: int) -> Weights:
    """Return how strong each unit of a bar is (units,): 0 the downbeat, then ever lower; ``metre`` is an index of METRES."""
    num_units = METRE_UNITS[metre]
    divisions = _DIVISIONS[METRES[metre]]
    weights = np.full(num_units, -len(divisions), dtype=np.int64)
    step = num_units
    strides = [step := step // division for division in divisions]
    for level in range(len(strides) - 1, -1, -1):
        weights[:: strides[level]] = -level - 1
    weights[0] = 0
    return weights


def weigh_pair(weights: Weights, onset: int, following: int) -> int:
    """Return how syncopated a note is that begins at ``onset`` when the next of its part begins at ``following``.

    Both count units from the beginning of the bar of ``onset``; ``following`` may lie in the next bar.
    """
    between = range(onset + 1, min(following, onset + len(weights)))
    strongest = max((int(weights[unit % len(weights)]) for unit in between), default=int(weights[onset]))
    return max(strongest - int(weights[onset]), 0)


def syncopation_per_bar(piece: Piece) -> float:
    """Return the mean weight of syncopations in a bar of a part, over all bars in which a part (not drums) plays."""
    grid = TimeGrid(piece)
    per_unit = piece.ticks_per_quarter / UNITS_PER_QUARTER
    total, num_bars = 0, 0
    for track in piece.tracks:
        if track.is_drum or not track.notes:
            continue
        onsets = sorted({note.onset_ticks for note in track.notes})
        total += sum(_weigh(grid, first, second, per_unit) for first, second in pairwise(onsets))
        num_bars += len({grid.bar_of_tick(onset) for onset in onsets})
    return total / num_bars if num_bars else 0.0


def _weigh(grid: TimeGrid, onset_ticks: int, following_ticks: int, per_unit: float) -> int:
    metre = grid.metre_at(onset_ticks)
    key = (metre.numerator, metre.denominator)
    if key not in METRES:
        return 0
    weights = metrical_weights(METRES.index(key))
    start_ticks = grid.bar_start_ticks(grid.bar_of_tick(onset_ticks))
    onset = min(round((onset_ticks - start_ticks) / per_unit), len(weights) - 1)
    return weigh_pair(weights, onset, round((following_ticks - start_ticks) / per_unit))
