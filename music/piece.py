"""Music as immutable values: a ``Piece`` and its parts. It knows nothing of files, networks or sound.

Time is in ticks; ``Piece.ticks_per_quarter`` gives their size (new pieces use ``DEFAULT_TICKS_PER_QUARTER``), and
a piece read from a file keeps the file's own value, so the micro-timing of notes nobody touched survives.
Everything is sorted by construction (``__post_init__``), hashable, comparable, and encodable by msgspec.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

DEFAULT_TICKS_PER_QUARTER = 480
DRUM_PROGRAM = 128
"""The program number that stands for the drum kit wherever one number must name an instrument."""


class Note(NamedTuple):
    """One sounding note. Sort order: onset, pitch, duration, velocity."""

    onset_ticks: int
    pitch: int  # MIDI number 0..127; on a drum track the General MIDI drum sound
    duration_ticks: int  # at least 1
    velocity: int  # 1..127

    @property
    def stop_ticks(self) -> int:
        return self.onset_ticks + self.duration_ticks


class ControlChange(NamedTuple):
    """A MIDI controller value, such as the sustain pedal (number 64)."""

    onset_ticks: int
    number: int
    value: int


class PitchBend(NamedTuple):
    """A pitch bend, -8192..8191."""

    onset_ticks: int
    value: int


class Tempo(NamedTuple):
    """Quarter notes per minute from ``onset_ticks`` on."""

    onset_ticks: int
    bpm: float


class TimeSignature(NamedTuple):
    """A metre from ``onset_ticks`` on."""

    onset_ticks: int
    numerator: int
    denominator: int

    @property
    def name(self) -> str:
        return f"{self.numerator}/{self.denominator}"


class KeySignature(NamedTuple):
    """A key from ``onset_ticks`` on."""

    onset_ticks: int
    tonic: int  # pitch class 0..11, C = 0
    is_minor: bool


class ChordSymbol(NamedTuple):
    """A chord from ``onset_ticks`` on, until the next one."""

    onset_ticks: int
    root: int  # pitch class 0..11
    quality: str  # a name of ``music.chords.QUALITIES``
    bass: int  # pitch class 0..11


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One part. A track holds a single program; drum tracks have ``is_drum`` and program 0."""

    notes: tuple[Note, ...] = ()
    program: int = 0  # General MIDI 0..127
    is_drum: bool = False
    name: str = ""
    control_changes: tuple[ControlChange, ...] = ()
    pitch_bends: tuple[PitchBend, ...] = ()

    def __post_init__(self) -> None:
        for name in ("notes", "control_changes", "pitch_bends"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))

    @property
    def instrument(self) -> int:
        """Program 0..127, or ``DRUM_PROGRAM``."""
        return DRUM_PROGRAM if self.is_drum else self.program

    @property
    def stop_ticks(self) -> int:
        return max((note.stop_ticks for note in self.notes), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of music. ``length_ticks`` may exceed the last note's end, so a final rest is kept."""

    tracks: tuple[Track, ...] = ()
    ticks_per_quarter: int = DEFAULT_TICKS_PER_QUARTER
    tempos: tuple[Tempo, ...] = field(default=(Tempo(0, 120.0),))
    time_signatures: tuple[TimeSignature, ...] = field(default=(TimeSignature(0, 4, 4),))
    key_signatures: tuple[KeySignature, ...] = ()
    chords: tuple[ChordSymbol, ...] = ()
    title: str = ""
    length_ticks: int = 0

    def __post_init__(self) -> None:
        for name in ("tempos", "time_signatures", "key_signatures", "chords"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        object.__setattr__(self, "length_ticks", max(self.length_ticks, self.stop_ticks))

    @property
    def num_notes(self) -> int:
        return sum(len(track.notes) for track in self.tracks)

    @property
    def stop_ticks(self) -> int:
        """End of the last note."""
        return max((track.stop_ticks for track in self.tracks), default=0)

    def with_tracks(self, tracks: tuple[Track, ...]) -> Piece:
        return replace(self, tracks=tracks)
