"""What people can ask for, one frozen dataclass for each operation, as they type it. It knows nothing of networks or Discord.

Names (keys, genres, instruments, metres) are as people type them; the operation of the same kind (``operations.py``)
checks them and turns them into work. Bars that people type count from 1 and include the last. They are stored with
jobs and revisions as JSON, so a new field needs a default: what was stored without it must still be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from music.versions.cell_range import CellRange

Preset = Literal["safe", "balanced", "wild"]
HarmonyStyle = Literal["chorale", "chords", "piano", "band", "track", "melody", "fill"]
RemixChange = Literal["pitch", "rhythm", "velocity", "instrument"]

PRESETS: tuple[Preset, ...] = ("safe", "balanced", "wild")
DENSITIES: dict[str, int] = {"sparse": 1, "light": 3, "medium": 4, "busy": 6, "dense": 7}
"""What people call how many notes there are, and the class of ``music.vocabulary.DENSITY_LIMITS`` that they mean."""
SYNCOPATIONS: dict[str, float] = {"straight": -2.0, "little": -1.0, "some": 1.0, "strong": 2.0}
"""What people call how much is played off the beat, and how far the network is leaned that way."""
GRIDS: dict[str, int] = {"8ths": 12, "16ths": 6, "32nds": 3, "8th triplets": 8, "16th triplets": 4}
"""Where notes may begin, and how many units of the grid (24 in a quarter note) lie between two such places."""
VOICES = ("all", "top", "inner", "bottom")
SEVENTHS = ("none", "some", "many")
COMPLEXITIES = ("simple", "usual", "rich")
CADENCES = ("authentic", "plagal", "half", "deceptive")
CHORDS_PER_BAR = (1, 2, 4)
DYNAMICS = ("level", "follow")
LOUDNESSES = ("quiet", "loud", "crescendo", "diminuendo")
ENDINGS = ("quiet", "big", "slow", "fade")
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
class PromptWords:
    """A wish in plain words, and for the reply to show: what was understood of it, and the words that were not."""

    text: str = ""
    understood: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all options have. ``seed`` None: one is drawn when the job is accepted; ``prompt``: the words they come from.

    ``spared``: what others had claimed of a shared song when this was ordered; it is left alone.
    """

    seed: int | None = None
    prompt: PromptWords = PromptWords()
    spared: tuple[CellRange, ...] = ()

    @property
    def other_revision_ids(self) -> tuple[int, ...]:
        """Revisions of a shared song that it needs beside the source."""
        return ()

    @property
    def joined_revision_ids(self) -> tuple[int, ...]:
        """Those of them that the result comes from, as it comes from the source: what a merge brings in."""
        return ()

    @property
    def into_branch_id(self) -> int | None:
        """The branch of a shared song that is to take the result; None: whichever stands where the source is."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions(Options):
    """Write a new piece, or continue the job's source. None and empty leave the choice to the network or the source.

    ``num_bars`` counts new bars; without it ``DEFAULT_NUM_BARS`` are written. ``density`` is a name of ``DENSITIES``.
    ``ranges`` is "C3-C5" or "piano C3-C5, bass E1-G3"; ``polyphony`` "4" or "piano 3, strings 2" (notes at once); ``sections``
    "1-4 sparse, 5-8 busy strong C4-C6" (new bars from 1, both included; density, syncopation, range, "at most 3").
    Without ``key_lock`` the key is a wish and tones outside it are possible.
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
    exclude_instruments: tuple[str, ...] = ()
    ranges: str = ""
    polyphony: str = ""
    syncopation: str | None = None  # a name of SYNCOPATIONS
    grid: str | None = None  # a name of GRIDS
    key_lock: bool = True
    sections: str = ""
    firm_density: bool = (
        False  # the density is leaned to note by note; wishes stored before there was such a thing lack it
    )
    beginning_bars: tuple[int, int] | None = None  # of the source, from 1, both included: go on from these bars alone
    loudness: str | None = None  # a name of LOUDNESSES
    ending: str | None = None  # a name of ENDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonizeOptions(Options):
    """Add to the source what it lacks; what it has stays note for note, except in a hole that is to be filled.

    ``instruments``: who plays what is added. ``chords``: a chart such as "Dm7 | G7 | Cmaj7 A7" that is followed exactly.
    ``bars`` (first, last; from 1, both included) and ``track`` (from 1) are the hole of the style fill; for the styles that
    go with a melody, ``track`` says where it is.

    ``ranges`` is "C3-C5", or names instruments or (chorale) voices: "alto G3-C5, bass E2-C4". ``key`` keeps what is added in a
    scale. ``chords_per_bar`` (of CHORDS_PER_BAR), ``sevenths``, ``complexity`` and ``cadence`` (of the names above) are about the
    chords, ``dynamics`` "follow" lets new parts grow loud and soft with the melody.
    """

    style: str = "chorale"
    instruments: tuple[str, ...] = ()
    chords: str = ""
    bars: tuple[int, int] | None = None
    track: int | None = None
    preset: str = "balanced"
    sampling: SamplingWishes = SamplingWishes()
    exclude_instruments: tuple[str, ...] = ()
    key: str | None = None
    ranges: str = ""
    chords_per_bar: int | None = None
    sevenths: str = "some"
    complexity: str = "usual"
    cadence: str | None = None
    dynamics: str = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixOptions(Options):
    """Change fields of a ``share`` (0..1) of the notes in ``bars`` (first, last; from 1, both included).

    ``change`` names fields (of RemixChange), one or several: "pitch", "rhythm, velocity". In reach are the notes of ``tracks``
    (numbers from 1, names, instruments or families; empty: all), of ``voices`` (of VOICES) and of ``pitches`` ("C3-C5").
    New pitches stay in ``ranges`` and, with a ``key``, in its scale. ``instruments`` are those that the change "instrument" may take.
    """

    change: str = "pitch"
    share: float = 0.5
    bars: tuple[int, int] | None = None
    preset: str = "balanced"
    sampling: SamplingWishes = SamplingWishes()
    tracks: tuple[str, ...] = ()
    voices: str = "all"
    pitches: str = ""
    ranges: str = ""
    key: str | None = None
    instruments: tuple[str, ...] = ()
    exclude_instruments: tuple[str, ...] = ()
