"""Chords that people type, for the writers of chords and chorales: where they hold, and whether they stand. No networks.

The writer of chords takes an asked chord as it is. The writer of chorales may use its notes only, the bass its bass note; the
soprano is given and may disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inference.decoding.chorale_rules import Flags
from music.chords import NO_CHORD as NO_CHORD_QUALITY
from music.chords import QUALITIES as CHORD_SHAPES
from music.chords import chord_name
from music.constraints import AskedChord, Check
from music.piece import ChordSymbol
from music.tokenizers.harmony import LOWEST_PITCH, NO_CHORD, NUM_VOICE_VALUES, QUALITIES, VOICES, Ids, value_pitch

Chord = tuple[int, int, int]
"""Root or ``NO_CHORD``, index of the quality, bass in semitones above the root."""


def find_asked(asked: Sequence[AskedChord], ticks: int) -> AskedChord | None:
    """Return the chord that must sound at a tick, if any was asked."""
    return next((chord for chord in asked if chord.start_ticks <= ticks < chord.stop_ticks), None)


def forced_steps(asked: Sequence[AskedChord], step_ticks: Sequence[int]) -> dict[int, Chord]:
    """Return what each step of the chord writer must write, for steps (begin in ticks) at which a chord was asked."""
    found = {step: find_asked(asked, ticks) for step, ticks in enumerate(step_ticks)}
    return {step: _as_written(chord) for step, chord in found.items() if chord is not None}


def _as_written(chord: AskedChord) -> Chord:
    if chord.quality == NO_CHORD_QUALITY:
        return (NO_CHORD, 0, 0)
    return (chord.root, QUALITIES.index(chord.quality), (chord.bass - chord.root) % 12)


def limited_reach(
    asked: Sequence[AskedChord], frame_ticks: Sequence[int], reach: Mapping[str, Flags], *, shift: int
) -> dict[int, dict[str, Flags]]:
    """Return the values left to each written voice in frames (begin in ticks) over an asked chord.

    A voice that its range leaves no note of the chord keeps its whole reach. ``shift`` semitones are added to what is written.
    """
    limits: dict[int, dict[str, Flags]] = {}
    known: dict[AskedChord, dict[str, Flags]] = {}
    for frame, ticks in enumerate(frame_ticks):
        chord = find_asked(asked, ticks)
        if chord is not None and chord.quality != NO_CHORD_QUALITY:
            if chord not in known:
                known[chord] = {voice: _notes_left(chord, voice, flags, shift=shift) for voice, flags in reach.items()}
            limits[frame] = known[chord]
    return limits


def _notes_left(chord: AskedChord, voice: str, flags: Flags, *, shift: int) -> Flags:
    classes = (np.arange(NUM_VOICE_VALUES) + LOWEST_PITCH - 1 + shift) % 12
    left = flags & np.isin(classes, list(_classes_of(chord, voice)))
    return left if left.any() else flags


def _classes_of(chord: AskedChord, voice: str) -> frozenset[int]:
    """Return the pitch classes that a voice may sing over a chord."""
    if voice == "bass":
        return frozenset({chord.bass})
    return CHORD_SHAPES[chord.quality].pitch_classes(chord.root)


def check_symbols(asked: Sequence[AskedChord], symbols: Sequence[ChordSymbol]) -> Check:
    """Return whether chord symbols say at every asked place what was asked."""
    onsets = [symbol.onset_ticks for symbol in symbols]
    num_missing = 0
    for chord in asked:
        index = int(np.searchsorted(onsets, chord.start_ticks, side="right")) - 1
        found = symbols[index] if index >= 0 else ChordSymbol(0, 0, NO_CHORD_QUALITY, 0)
        num_missing += _name(found) != _name(_symbol(chord))
    return _check(len(asked), num_missing)


def check_voices(asked: Sequence[AskedChord], frame_ticks: Sequence[int], voices: Ids, *, shift: int) -> Check:
    """Return whether alto, tenor and bass (voices (T, 4), soprano first) sing notes of every asked chord only."""
    wrong: set[AskedChord] = set()
    for row, ticks in zip(voices.tolist(), frame_ticks, strict=True):
        chord = find_asked(asked, ticks)
        if chord is None or chord.quality == NO_CHORD_QUALITY:
            continue
        for voice, value in zip(VOICES[1:], row[1:], strict=True):
            if (value_pitch(value) + shift) % 12 not in _classes_of(chord, voice):
                wrong.add(chord)
    return _check(len(asked), len(wrong))


def _symbol(chord: AskedChord) -> ChordSymbol:
    return ChordSymbol(chord.start_ticks, chord.root, chord.quality, chord.bass)


def _name(chord: ChordSymbol) -> str:
    return chord_name(chord)


def _check(num_asked: int, num_missing: int) -> Check:
    found = "all of them" if num_missing == 0 else f"{num_missing} of {num_asked} are others"
    return Check(name="chords", asked="the chords you typed", found=found, is_kept=num_missing == 0)
