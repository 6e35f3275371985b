"""Tones that do not belong to the chord under them, and what they do there. It knows nothing of how chords are found.

The names are the textbooks' (for instance Aldwell and Schachter, "Harmony and Voice Leading"): passing and neighbour tones move by step,
suspensions are held over and fall by step (retardations rise), appoggiaturas are leapt to and left by step, escape tones the other
way round, anticipations come early. What is none of these is called free.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from music.chords import NO_CHORD, chord_pitch_classes
from music.piece import ChordSymbol, Note

ForeignKind = Literal[
    "passing tone", "neighbour tone", "suspension", "retardation", "appoggiatura", "escape tone", "anticipation", "free"
]
LARGEST_STEP = 2
"""A step is at most so many semitones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTone:
    """A tone of a line that is no tone of the chord, and the chord. A suspension's chord is the one it is held into."""

    note: Note
    kind: ForeignKind
    chord: ChordSymbol


def find_foreign_tones(line: Sequence[Note], chords: Sequence[ChordSymbol]) -> tuple[ForeignTone, ...]:
    """Return the foreign tones of a line of single notes, in order. Where no chord is known, nothing is foreign."""
    onsets = [chord.onset_ticks for chord in chords]
    found: list[ForeignTone] = []
    for index, note in enumerate(line):
        before = line[index - 1] if index else None
        after = line[index + 1] if index + 1 < len(line) else None
        held = _held_into(note, chords, onsets)
        if held is not None and after is not None and 0 < abs(after.pitch - note.pitch) <= LARGEST_STEP:
            kind: ForeignKind = "suspension" if after.pitch < note.pitch else "retardation"
            found.append(ForeignTone(note=note, kind=kind, chord=held))
            continue
        chord = _chord_at(note.onset_ticks, chords, onsets)
        if chord is None or note.pitch % 12 in chord_pitch_classes(chord):
            continue
        following = None if after is None else _chord_at(after.onset_ticks, chords, onsets)
        found.append(ForeignTone(note=note, kind=_kind(note, before, after, chord, following), chord=chord))
    return tuple(found)


def _held_into(note: Note, chords: Sequence[ChordSymbol], onsets: list[int]) -> ChordSymbol | None:
    """Return the chord that begins under a note and that it does not belong to, though it did to the one before."""
    first = _chord_at(note.onset_ticks, chords, onsets)
    index = bisect_right(onsets, note.onset_ticks)
    if first is None or index >= len(chords) or chords[index].onset_ticks >= note.stop_ticks:
        return None
    second = chords[index]
    if second.quality == NO_CHORD or note.pitch % 12 not in chord_pitch_classes(first):
        return None
    return None if note.pitch % 12 in chord_pitch_classes(second) else second


def _chord_at(ticks: int, chords: Sequence[ChordSymbol], onsets: list[int]) -> ChordSymbol | None:
    index = bisect_right(onsets, ticks) - 1
    return None if index < 0 or chords[index].quality == NO_CHORD else chords[index]


def _kind(
    note: Note, before: Note | None, after: Note | None, chord: ChordSymbol, following: ChordSymbol | None
) -> ForeignKind:
    came = None if before is None else note.pitch - before.pitch
    goes = None if after is None else after.pitch - note.pitch
    if goes == 0 and following is not None and following != chord:
        return "anticipation" if note.pitch % 12 in chord_pitch_classes(following) else "free"
    is_stepped_to, is_stepped_from = _is_step(came), _is_step(goes)
    if came == 0 and is_stepped_from:
        return "suspension" if goes is not None and goes < 0 else "retardation"
    if is_stepped_to and is_stepped_from:
        assert came is not None
        assert goes is not None
        return "passing tone" if came * goes > 0 else "neighbour tone"
    if is_stepped_from:
        return "appoggiatura"
    return "escape tone" if is_stepped_to and goes is not None else "free"


def _is_step(interval: int | None) -> bool:
    return interval is not None and 0 < abs(interval) <= LARGEST_STEP
