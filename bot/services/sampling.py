"""Presets and seeds: how bold the networks are, and which dice they throw. It knows nothing of networks."""

from __future__ import annotations

import difflib
import re
import secrets
from dataclasses import replace

import msgspec

from bot.services.options import PRESETS, SamplingWishes
from core.errors import InputError, UnknownNameError
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import Sampling

MAX_SEED = 2**53 - 1
"""The largest whole number that Discord and JSON carry exactly."""

_NO_WISHES = SamplingWishes()
_DRAWN_SEED_BITS = 31  # short enough to be typed again


def sampling_of(preset: str) -> Sampling:
    """Return how to sample under a preset.

    Raises:
        UnknownNameError: for a preset that does not exist.
    """
    name = preset.strip().casefold()
    if name not in PRESET_SAMPLINGS:
        close = difflib.get_close_matches(name, PRESETS, n=1)
        raise UnknownNameError(kind="preset", name=preset, suggestions=tuple(close) or PRESETS)
    return PRESET_SAMPLINGS[name]


_LIMITS: dict[str, tuple[float, float, str]] = {
    "temperature_notes": (0.0, 3.0, "The temperature of notes"),
    "temperature_rhythm": (0.0, 3.0, "The temperature of rhythm"),
    "temperature_instruments": (0.0, 3.0, "The temperature of instruments"),
    "top_k": (0, 256, "Top-k"),
    "top_p": (0.01, 1.0, "Top-p"),
    "min_p": (0.0, 0.99, "Min-p"),
    "repetition": (0.1, 10.0, "Repetition control"),
}
_FEWEST_MEMORY_EVENTS = 1


def adjust(sampling: Sampling, wishes: SamplingWishes) -> Sampling:
    """Return a preset's sampling with what was wished instead.

    Raises:
        InputError: for a number out of range.
    """
    if wishes.memory_events is not None and wishes.memory_events < _FEWEST_MEMORY_EVENTS:
        raise InputError("The memory holds at least one event. Choose a larger number, or leave it out.")
    if wishes.temperature is not None:
        _check("The temperature", wishes.temperature, low=0.0, high=3.0)
    changes: dict[str, float] = {}
    for name, (low, high, words) in _LIMITS.items():
        value: float | None = getattr(wishes, name)
        if value is None and name.startswith("temperature"):
            value = wishes.temperature
        if value is not None:
            _check(words, value, low=low, high=high)
            changes[name] = value
    return msgspec.structs.replace(sampling, **changes)


def _check(words: str, value: float, *, low: float, high: float) -> None:
    if not low <= value <= high:  # also refuses what is not a number
        raise InputError(f"{words} lies between {low:g} and {high:g}. Choose a number there, or leave it out.")


_ADVANCED_NAMES: dict[str, str] = {
    "temperature": "temperature", "temperature notes": "temperature_notes", "note temperature": "temperature_notes",
    "notes temperature": "temperature_notes", "temperature rhythm": "temperature_rhythm",
    "rhythm temperature": "temperature_rhythm", "duration temperature": "temperature_rhythm",
    "temperature instruments": "temperature_instruments", "instrument temperature": "temperature_instruments",
    "instruments temperature": "temperature_instruments", "top k": "top_k", "topk": "top_k", "top p": "top_p",
    "topp": "top_p", "min p": "min_p", "minp": "min_p", "repetition": "repetition", "repetition control": "repetition",
    "memory": "memory_events", "memory events": "memory_events",
}  # fmt: skip
_ADVANCED_ITEM = re.compile(r"([^\d=:]*[a-z])\s*[=:]?\s*(-?\d+(?:\.\d+)?|-?\.\d+)", re.IGNORECASE)
_WHOLE_NUMBERS = {"top_k", "memory_events"}


def parse_advanced(text: str | None, wishes: SamplingWishes = _NO_WISHES) -> SamplingWishes:
    """Return the wishes with those added that "top_k 30, min_p 0.05, memory 256" names; what is set already stays.

    Raises:
        InputError: for a name that is none of them, no number, or a name said twice. Ranges are ``adjust``'s affair.
    """
    found: dict[str, float] = {}
    for item in (each.strip() for each in re.split(r"[,;]", text or "") if each.strip()):
        match = _ADVANCED_ITEM.fullmatch(item)
        name = (
            None if match is None else _ADVANCED_NAMES.get(" ".join(re.split(r"[\s_-]+", match[1].strip().casefold())))
        )
        if match is None or name is None:
            raise InputError(
                f"“{item[:40]}” is no setting. Name and number, separated by commas: top_k 30, top_p 0.9, min_p 0.05, "
                "repetition 1.2, memory 256, temperature_notes 1, temperature_rhythm 1, temperature_instruments 1."
            )
        if name in found:
            raise InputError(f"“{match[1].strip()[:40]}” is there twice. Say it once.")
        value = float(match[2])
        if name in _WHOLE_NUMBERS and not value.is_integer():
            raise InputError(f"“{match[1].strip()[:40]}” is a whole number. Leave the fraction out.")
        found[name] = int(value) if name in _WHOLE_NUMBERS else value
    return replace(wishes, **{name: value for name, value in found.items() if getattr(wishes, name) is None})


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
