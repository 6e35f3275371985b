"""What people can ask for, one frozen dataclass for each operation, as they type it. It knows nothing of networks or Discord.

Names (keys, genres, instruments, metres) are as people type them; the operation of the same kind (``operations.py``)
checks them and turns them into work. Bars that people type count from 1 and include the last. They are stored with
jobs and revisions as JSON, so a new field needs a default: what was stored without it must still be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Preset = Literal["safe", "balanced", "wild"]
HarmonyStyle = Literal["chorale", "chords", "piano", "band", "track", "melody", "fill"]
RemixChange = Literal["pitch", "rhythm"]

PRESETS: tuple[Preset, ...] = ("safe", "balanced", "wild")
DENSITIES: dict[str, int] = {"sparse": 1, "light": 3, "medium": 4, "busy": 6, "dense": 7}
"""What people call how many notes there are, and the class of ``music.vocabulary.DENSITY_LIMITS`` that they mean."""
DEFAULT_NUM_BARS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingWishes:
    """What somebody sets beside the preset; None keeps the preset's value. ``temperature`` stands for all three."""

    temperature: float | None = None
    temperature_notes: float | None = None  # pitches and chords
    temperature_rhythm: float | None = None  # positions, lengths, loudness, metre and tempo
    temperature_instruments: float | None = None  # who plays next, and on what
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition: float | None = None
    memory_events: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all options have. ``seed`` None: one is drawn when the job is accepted."""

    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions(Options):
    """Write a new piece, or continue the job's source. None and empty leave the choice to the network or the source.

    ``num_bars`` counts new bars; without it ``DEFAULT_NUM_BARS`` are written. ``density`` is a name of ``DENSITIES``.
    """

    genre: str | None = None
    second_genre: str | None = None
    key: str | None = None
    tempo_bpm: float | None = None
    metre: str | None = None
    num_bars: int | None = None
    instruments: tuple[str, ...] = ()
    density: str | None = None
    preset: str = "balanced"
    sampling: SamplingWishes = SamplingWishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonizeOptions(Options):
    """Add to the source what it lacks; what it has stays note for note, except in a hole that is to be filled.

    ``instruments``: who plays what is added. ``chords``: a chart such as "Dm7 | G7 | Cmaj7 A7" that is followed exactly.
    ``bars`` (first, last; from 1, both included) and ``track`` (from 1) are the hole of the style fill; for the styles that
    go with a melody, ``track`` says where it is.
    """

    style: str = "chorale"
    instruments: tuple[str, ...] = ()
    chords: str = ""
    bars: tuple[int, int] | None = None
    track: int | None = None
    preset: str = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixOptions(Options):
    """Change pitches or rhythm of a ``share`` (0..1) of the notes in ``bars`` (first, last; from 1, both included)."""

    change: str = "pitch"
    share: float = 0.5
    bars: tuple[int, int] | None = None
    preset: str = "balanced"
