"""Where phrases close, and how: authentic, half, plagal and deceptive cadences. It knows nothing of how chords are found.

The kinds are those of the textbooks (for instance Aldwell and Schachter, "Harmony and Voice Leading"). A phrase is taken to end where
the melody rests for a beat or holds a tone twice as long as it usually does, and where the piece ends; a pair of chords anywhere
else is a progression, not a cadence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from music.chords import NO_CHORD, QUALITIES
from music.piece import ChordSymbol, KeySignature, Note, Piece
from music.time_grid import TimeGrid

CadenceKind = Literal["perfect authentic", "imperfect authentic", "half", "plagal", "deceptive"]
LONG_TONE = 2.0
"""How many times its usual length a melody's tone must last to end a phrase."""
_TONIC, _SUBDOMINANT, _DOMINANT, _LEADING = 0, 5, 7, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A phrase's end: the bar (from 0) in which its last chord begins, and the two chords."""

    bar: int
    kind: CadenceKind
    penultimate: ChordSymbol
    last: ChordSymbol


def find_cadences(
    piece: Piece, chords: Sequence[ChordSymbol], melody: Sequence[Note], keys: Sequence[KeySignature]
) -> tuple[Cadence, ...]:
    """Return the cadences in order. ``melody`` may be empty: then only the piece's end is looked at.

    ``keys`` holds one key for each bar of the piece.
    """
    grid = TimeGrid(piece)
    sounding = [chord for chord in chords if chord.quality != NO_CHORD]
    found: list[Cadence] = []
    for end_ticks in _phrase_ends(piece, melody):
        index = max((i for i, chord in enumerate(sounding) if chord.onset_ticks <= end_ticks), default=0)
        if index == 0:
            continue
        before, last = sounding[index - 1], sounding[index]
        bar = grid.bar_of_tick(last.onset_ticks)
        key = keys[min(bar, len(keys) - 1)]
        top = max((note.pitch for note in melody if note.onset_ticks <= end_ticks < note.stop_ticks), default=None)
        kind = _kind(before, last, key, top_pitch=top, is_end=end_ticks == _last_onset(piece, melody))
        if kind is not None and not (found and found[-1].bar == bar):
            found.append(Cadence(bar=bar, kind=kind, penultimate=before, last=last))
    return tuple(found)


def _phrase_ends(piece: Piece, melody: Sequence[Note]) -> list[int]:
    """Return the onsets of the tones that end phrases."""
    if not melody:
        return [max(piece.length_ticks - 1, 0)]
    usual = median(note.duration_ticks for note in melody)
    ends = [
        note.onset_ticks
        for note, following in pairwise(melody)
        if following.onset_ticks - note.stop_ticks >= piece.ticks_per_quarter
        or (note.duration_ticks >= LONG_TONE * usual and note.duration_ticks >= piece.ticks_per_quarter)
    ]
    return [*ends, melody[-1].onset_ticks]


def _last_onset(piece: Piece, melody: Sequence[Note]) -> int:
    return melody[-1].onset_ticks if melody else max(piece.length_ticks - 1, 0)


def _kind(
    before: ChordSymbol, last: ChordSymbol, key: KeySignature, *, top_pitch: int | None, is_end: bool
) -> CadenceKind | None:
    """Return what two chords at a phrase's end are, if anything."""
    first, second = (before.root - key.tonic) % 12, (last.root - key.tonic) % 12
    is_dominant = _is_dominant(before, first)
    if second == _TONIC and is_dominant:
        is_rooted = before.bass == before.root and last.bass == last.root and first == _DOMINANT
        is_closed = top_pitch is None or top_pitch % 12 == key.tonic
        return "perfect authentic" if is_rooted and is_closed else "imperfect authentic"
    if second == _DOMINANT and _has_major_third(last) and (first != _DOMINANT):
        return "half"
    if second == _TONIC and first == _SUBDOMINANT and is_end:
        return "plagal"
    sixth = 8 if key.is_minor else 9
    return "deceptive" if second == sixth and is_dominant and first == _DOMINANT else None


def _is_dominant(chord: ChordSymbol, degree: int) -> bool:
    """Tell whether a chord leads to the tonic: a major chord on the fifth degree, or a diminished one on the leading tone."""
    if degree == _DOMINANT:
        return _has_major_third(chord)
    return degree == _LEADING and 6 in QUALITIES[chord.quality].intervals


def _has_major_third(chord: ChordSymbol) -> bool:
    return 4 in QUALITIES[chord.quality].intervals
