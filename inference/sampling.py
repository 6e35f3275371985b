"""Chooses values of a network's fields. It knows nothing of networks or of music.

Random numbers are counter-based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox): the number
for an event and a field depends on the seed, the event and the field alone, never on what was drawn before. Top-p:
Holtzman et al. 2020, arXiv 1904.09751; min-p: Nguyen et al. 2024, arXiv 2407.01082. Every note is five such choices, so
their arithmetic is compiled (``sampling_kernels``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference import sampling_kernels

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_SEED_LIMIT = 2**64 - 1


def uniform(seed: int, *, event: int, field: int) -> float:
    """Return the random number in [0, 1) of an event's field."""
    return sampling_kernels.philox_uniform(np.uint64(seed & _SEED_LIMIT), np.uint64(field), np.uint64(event))


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
    return sampling_kernels.choose_value(
        logits, allowed, float(temperature), int(top_k), float(top_p), float(min_p), float(random)
    )


def shorten(shares: Floats, *, top_k: int, top_p: float, min_p: float) -> Floats:
    """Return the shares with what top-k, top-p and min-p leave out set to 0; the likeliest always stays."""
    kept = shares.copy()
    sampling_kernels.cut_tail(kept, int(top_k), float(top_p), float(min_p))
    return kept
