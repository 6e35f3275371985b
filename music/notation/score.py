"""Written music as values: what stands on the page, bar by bar. It knows no file format and no picture.

Time is in steps of ``STEPS_PER_QUARTER``, inside a bar from its beginning; 24 steps hold 32nd notes and triplets of
16ths exactly. ``notation_writing.write_score`` makes a score of a piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from music.piece import ChordSymbol, TimeSignature

STEPS_PER_QUARTER = 24
QUARTER, EIGHTH, SIXTEENTH = STEPS_PER_QUARTER, STEPS_PER_QUARTER // 2, STEPS_PER_QUARTER // 4

Beam = Literal["begin", "continue", "end", "forward hook", "backward hook"]
TupletEdge = Literal["", "start", "inside", "stop"]


class Spelling(NamedTuple):
    """A pitch as it is written: letter, sharps (above 0) or flats (below 0), octave (4 holds middle C)."""

    letter: str
    alter: int
    octave: int


class Clef(NamedTuple):
    """A clef: its sign, its line from below, and by how many octaves it sounds higher."""

    sign: Literal["G", "F", "C", "percussion"]
    line: int
    octaves: int = 0


class WrittenNote(NamedTuple):
    """One head: ``pitch`` as in ``Note``, and whether it is tied from before and to what follows."""

    pitch: int
    velocity: int
    is_tied_from: bool = False
    is_tied_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A note, a chord or (without notes) a rest; ``kind`` is MusicXML's name of its value.

    A hidden one is a gap in a second voice. ``is_bar_rest``: a rest for the whole bar, whatever its length.
    """

    start_steps: int
    num_steps: int
    kind: str
    num_dots: int = 0
    notes: tuple[WrittenNote, ...] = ()
    is_hidden: bool = False
    is_bar_rest: bool = False
    triplet: TupletEdge = ""
    is_sextuplet: bool = False  # of a triplet: six sixteenths in the time of four
    beams: tuple[Beam, ...] = ()

    @property
    def stop_steps(self) -> int:
        return self.start_steps + self.num_steps


Voice = tuple[Symbol, ...]
"""What one voice does in one bar, without gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBar:
    """One bar of one part: for each staff its voices, the upper one first."""

    staves: tuple[tuple[Voice, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPart:
    """One player's music. Drums (``is_drum``) stand on one percussion staff; two clefs mean two staves."""

    name: str
    short_name: str
    program: int
    is_drum: bool
    clefs: tuple[Clef, ...]
    bars: tuple[WrittenBar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFrame:
    """What all parts share in a bar. ``metre`` and ``fifths`` (sharps above 0) only where they change."""

    num_steps: int
    metre: TimeSignature | None = None
    fifths: int | None = None
    is_minor: bool = False
    tempo_bpm: float | None = None
    chords: tuple[tuple[int, ChordSymbol], ...] = ()  # (steps into the bar, chord)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A whole score. ``credit_line`` stands at the top right, ``rights`` at the bottom."""

    title: str
    parts: tuple[WrittenPart, ...]
    frames: tuple[BarFrame, ...]
    credit_line: str = ""
    rights: str = ""
