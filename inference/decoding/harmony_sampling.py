"""Chooses values of fields for the harmonizer. It knows nothing of networks or of music.

Random numbers are counter-based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox): the number
for an event and a field depends on the seed, the event and the field alone, never on what was drawn before.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from inference.protocol import Sampling

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def uniform(seed: int, event: int, field: int) -> float:
    """Return the random number in [0, 1) of an event's field."""
    generator = np.random.Philox(key=seed & (2**64 - 1), counter=[0, field, event, 0])
    return float(np.random.Generator(generator).random())


def choose(logits: NDArray[np.floating], allowed: Flags, sampling: Sampling, *, random: float) -> int:
    """Return the index of an allowed value, drawn with ``random`` in [0, 1); at temperature 0 the most likely one.

    ``allowed`` has at least one True. Top-k, top-p and min-p shorten what the mask left, never to nothing.
    """
    scores = np.where(allowed, logits.astype(np.float64), -np.inf)
    if sampling.temperature_notes <= 0:
        return int(scores.argmax())
    shares = _shares(scores / sampling.temperature_notes)
    shares = shorten(shares, sampling)
    edges: list[float] = np.cumsum(shares).tolist()
    place = bisect_right(edges, random * edges[-1])
    last = int(np.flatnonzero(shares)[-1])
    return min(place, last)


def _shares(scores: Floats) -> Floats:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def shorten(shares: Floats, sampling: Sampling) -> Floats:
    """Return the shares with what top-k, top-p and min-p leave out set to 0."""
    order = np.argsort(-shares, kind="stable")
    keep = np.ones(len(shares), dtype=np.bool_)
    if sampling.top_k > 0:
        keep[order[sampling.top_k :]] = False
    if sampling.top_p < 1.0:
        before = np.cumsum(shares[order]) - shares[order]
        keep[order[before >= sampling.top_p]] = False
    if sampling.min_p > 0.0:
        keep &= shares >= sampling.min_p * shares.max()
    keep[order[0]] = True
    return np.where(keep, shares, 0.0)
