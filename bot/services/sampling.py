"""Presets and seeds: how bold the networks are, and which dice they throw. It knows nothing of networks."""

from __future__ import annotations

import difflib
import secrets

from bot.services.model import PRESETS
from core.errors import InputError, UnknownNameError
from inference.protocol import Sampling

MAX_SEED = 2**53 - 1
"""The largest whole number that Discord and JSON carry exactly."""

_DRAWN_SEED_BITS = 31  # short enough to be typed again

SAMPLINGS: dict[str, Sampling] = {
    "safe": Sampling(temperature_notes=0.8, temperature_rhythm=0.8, temperature_instruments=0.8, top_p=0.9),
    "balanced": Sampling(temperature_notes=0.95, temperature_rhythm=0.95, top_p=0.96),
    "wild": Sampling(
        temperature_notes=1.2, temperature_rhythm=1.1, temperature_instruments=1.1, min_p=0.02, repetition=1.1
    ),
}


def sampling_of(preset: str) -> Sampling:
    """Return how to sample under a preset.

    Raises:
        UnknownNameError: for a preset that does not exist.
    """
    name = preset.strip().casefold()
    if name not in SAMPLINGS:
        close = difflib.get_close_matches(name, PRESETS, n=1)
        raise UnknownNameError(kind="preset", name=preset, suggestions=tuple(close) or PRESETS)
    return SAMPLINGS[name]


def draw_seed(asked: int | None) -> int:
    """Return the seed that was asked for, or a fresh one.

    Raises:
        InputError: for a seed outside 0..MAX_SEED.
    """
    if asked is None:
        return secrets.randbits(_DRAWN_SEED_BITS)
    if not 0 <= asked <= MAX_SEED:
        raise InputError(f"A seed is a whole number from 0 to {MAX_SEED}. Choose another, or leave it out.")
    return asked
