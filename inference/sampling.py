"""Chooses values of the generator's fields. It knows nothing of networks or of music.

Random numbers are counter-based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox): the number
for an event and a field depends on the seed, the event and the field alone, never on what was drawn before. Top-p:
Holtzman et al. 2020, arXiv 1904.09751; min-p: Nguyen et al. 2024, arXiv 2407.01082.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def uniform(seed: int, *, event: int, field: int) -> float:
    """Return the random number in [0, 1) of an event's field."""
    generator = np.random.Philox(key=seed & (2**64 - 1), counter=[0, field, event, 0])
    return float(np.random.Generator(generator).random())


def choose(
    logits: Floats, allowed: Flags, *, temperature: float, top_k: int, top_p: float, min_p: float, random: float
) -> int:
    """Return an allowed index, drawn with ``random`` in [0, 1); at temperature 0 the most likely one.

    Args:
        logits: (V,); minus infinity is never chosen while anything else is allowed.
        allowed: (V,), at least one True.
        temperature: 0 takes the most likely and ignores the rest.
        top_k: how many of the likeliest stay; 0: all.
        top_p: the likeliest that together hold this share stay; 1: all.
        min_p: those at least this likely, against the likeliest, stay.
        random: in [0, 1).
    """
    scores = np.where(allowed, np.maximum(logits, -1e9), -np.inf)
    if temperature <= 0:
        return int(scores.argmax())
    scaled = scores / temperature
    shares = np.exp(scaled - scaled.max())
    shares = shorten(shares / shares.sum(), top_k=top_k, top_p=top_p, min_p=min_p)
    edges: list[float] = np.cumsum(shares).tolist()
    last = max(index for index, share in enumerate(shares.tolist()) if share > 0)
    return min(bisect_right(edges, random * edges[-1]), last)


def shorten(shares: Floats, *, top_k: int, top_p: float, min_p: float) -> Floats:
    """Return the shares with what top-k, top-p and min-p leave out set to 0; the likeliest always stays."""
    order = np.argsort(-shares, kind="stable")
    keep = np.ones(len(shares), dtype=np.bool_)
    if top_k > 0:
        keep[order[top_k:]] = False
    if top_p < 1.0:
        before = np.cumsum(shares[order]) - shares[order]
        keep[order[before >= top_p]] = False
    if min_p > 0.0:
        keep &= shares >= min_p * shares.max()
    keep[order[0]] = True
    return np.where(keep, shares, 0.0)
