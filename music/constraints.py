"""What a request asks decoding to obey, as one value. It knows nothing of logits: ``inference/masking.py`` applies it.

Every field is a promise: decoding enforces it with masks, and ``check_constraints`` reports it in the reply.
"""

from __future__ import annotations

from dataclasses import dataclass

METRES: tuple[tuple[int, int], ...] = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (9, 8), (12, 8))
"""Metres that the networks can write, as (numerator, denominator)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The pitch classes that pitched notes may use; ``name`` is what people read ("D minor")."""

    tonic: int
    is_minor: bool
    pitch_classes: tuple[int, ...]
    name: str


@dataclass(frozen=True, slots=True)
class BarRange:
    """Bars ``start_bar`` (included) to ``stop_bar`` (excluded), counted from 0. People read them from 1, inclusive."""

    start_bar: int
    stop_bar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimits:
    """What one instrument may do; None leaves it free. It goes before what is asked of all together."""

    instrument: int  # program 0..127, DRUM_PROGRAM for drums
    pitch_range: tuple[int, int] | None = None  # both included; never drums
    max_notes_at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionLimits:
    """What holds in some of the new bars in place of what holds in all; None: the same."""

    bars: BarRange  # of the new bars
    pitch_range: tuple[int, int] | None = None
    max_notes_at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedChord:
    """A chord that must sound from ``start_ticks`` (included) to ``stop_ticks`` (excluded), in the ticks of its piece.

    Quality "none" (of ``music.chords``) asks for no chord there; root and bass then mean nothing.
    """

    start_ticks: int
    stop_ticks: int
    root: int  # pitch class 0..11
    quality: str  # a name of ``music.chords.QUALITIES``
    bass: int  # pitch class 0..11


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Rules for decoding. ``None`` or an empty tuple leaves the network free."""

    num_bars: int | None = None  # new bars to write, exactly
    metre: tuple[int, int] | None = None
    tempo_bpm: float | None = None
    instruments: tuple[int, ...] = ()  # programs 0..127, DRUM_PROGRAM for drums; the piece uses exactly these
    excluded_instruments: tuple[int, ...] = ()
    pitch_range: tuple[int, int] | None = None  # lowest and highest MIDI pitch, both included; never drums
    scale: Scale | None = None  # never drums
    parts: tuple[PartLimits, ...] = ()  # one an instrument at most
    max_notes_at_once: int | None = None  # of all tracks but drums together
    grid_units: int | None = None  # notes begin on multiples of this, in units of 24 to a quarter note
    sections: tuple[SectionLimits, ...] = ()  # no two of them overlap
    locked_bars: tuple[BarRange, ...] = ()  # untouched: notes with an onset there stay as they are
    locked_tracks: tuple[int, ...] = ()  # indices into the given piece's tracks
    locked_cells: tuple[
        tuple[int, BarRange], ...
    ] = ()  # bars of one track of the given piece: untouched like locked bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise and whether the finished piece keeps it. ``name`` is stable (bars, metre, tempo, instruments, range,
    polyphony, grid, scale, locked_bars, kept_melody); ``asked`` and ``found`` are for people.
    """

    name: str
    asked: str
    found: str
    is_kept: bool
