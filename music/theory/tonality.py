"""Where a piece is in which key, bar by bar. It knows nothing of chords.

Each bar, together with its neighbours, is compared with the 24 key profiles of Temperley, 1999, "What's key for key?", Music Perception
17, which tell a key from that of its dominant better than Krumhansl's; the path through the keys that fits best, when every change of
key has a price, is found by dynamic programming, as there. Price and neighbourhood are ours.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.analysis import measure_stretches
from music.piece import KeySignature, Piece
from music.time_grid import TimeGrid

Floats = npt.NDArray[np.float64]

CHANGE_PRICE = 0.9
"""What a change of key must bring, in correlations of single bars."""
_PROFILES: Floats = np.asarray(
    [
        [5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0],
        [5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0],
    ]
)
_NEIGHBOUR_WEIGHTS = (0.25, 0.6, 1.0, 0.6, 0.25)


@dataclass(frozen=True, slots=True)
class KeyRegion:
    """Bars ``start_bar`` (from 0) to ``stop_bar`` (excluded) in one key."""

    start_bar: int
    stop_bar: int
    key: KeySignature


def find_key_regions(piece: Piece, *, change_price: float = CHANGE_PRICE) -> tuple[KeyRegion, ...]:
    """Return the keys that a piece goes through, in order, without gaps; nothing where nothing pitched sounds."""
    grid = TimeGrid(piece)
    starts = [bar.start_ticks for bar in grid.bars]
    if not starts:
        return ()
    chroma, _ = measure_stretches(piece, starts)
    if not chroma.any():
        return ()
    keys = _best_path(_fits(chroma), change_price)
    borders = [0, *(bar for bar in range(1, len(keys)) if keys[bar] != keys[bar - 1]), len(keys)]
    return tuple(
        KeyRegion(start, stop, KeySignature(grid.bar_start_ticks(start), keys[start] % 12, keys[start] >= 12))
        for start, stop in itertools.pairwise(borders)
    )


def _fits(chroma: Floats) -> Floats:
    """Return how well each key fits each bar with its neighbours, (bars, 24)."""
    lengths = chroma.sum(axis=1, keepdims=True)
    shares = chroma / np.maximum(lengths, 1e-9)
    reach = len(_NEIGHBOUR_WEIGHTS) // 2
    padded: Floats = np.pad(shares, ((reach, reach), (0, 0)))
    windows = np.stack([padded[shift : shift + len(chroma)] for shift in range(len(_NEIGHBOUR_WEIGHTS))])
    smooth: Floats = np.tensordot(np.asarray(_NEIGHBOUR_WEIGHTS), windows, axes=1)
    profiles = np.stack([np.roll(profile, tonic) for profile in _PROFILES for tonic in range(12)])
    return _standardized(smooth) @ _standardized(profiles).T / 12


def _standardized(rows: Floats) -> Floats:
    """Return rows with mean 0 and deviation 1, so that products are correlations; even ones become zeros."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.maximum(rows.std(axis=1, keepdims=True), 1e-9)


def _best_path(fits: Floats, change_price: float) -> list[int]:
    """Return the key of each bar."""
    best: Floats = fits[0]
    came_from = np.zeros(fits.shape, dtype=np.int64)
    for bar in range(1, len(fits)):
        leaders = int(best.argmax())
        changed: Floats = np.full(24, best[leaders] - change_price)
        came_from[bar] = np.where(changed > best, leaders, np.arange(24))
        best = fits[bar] + np.maximum(changed, best)
    path = [int(best.argmax())]
    for bar in range(len(fits) - 1, 0, -1):
        path.append(int(came_from[bar][path[-1]]))
    return path[::-1]
