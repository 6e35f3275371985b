"""What messages say of how the networks are to choose, and within which limits."""

from __future__ import annotations

from bot.plain_text import clip
from bot.services.options import SamplingWishes


def sampling_words(wishes: SamplingWishes) -> list[str]:
    """Name what was set beside the preset."""
    values = {
        "temperature": wishes.temperature,
        "temperature of notes": wishes.temperature_notes,
        "temperature of rhythm": wishes.temperature_rhythm,
        "temperature of instruments": wishes.temperature_instruments,
        "top-k": wishes.top_k,
        "top-p": wishes.top_p,
        "min-p": wishes.min_p,
        "repetition control": wishes.repetition,
        "memory of events:": wishes.memory_events,
    }
    return [f"{name} {value:g}" for name, value in values.items() if value is not None]


def limit_words(ranges: str, polyphony: str = "") -> list[str]:
    """Name ranges and how many notes may sound at once."""
    words = [clip(" ".join(ranges.split()), 120)] if ranges.strip() else []
    return [*words, f"at most {clip(' '.join(polyphony.split()), 80)} at once"] if polyphony.strip() else words


def preset_words(preset: str) -> list[str]:
    """Name a preset that is not the usual one."""
    return [] if preset == "balanced" else [f"{preset} preset"]
