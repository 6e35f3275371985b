"""How pitches stand on a staff: their letters, the clef that suits them, drums by their places. It knows no time.

Pitches are spelled along the line of fifths near the key (Temperley, 2001, "The Cognition of Basic Musical Structures",
chapter 5), with a fixed window in place of a moving centre.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from music.notation.score import Clef, Spelling
from music.piece import KeySignature

_LETTERS = "FCGDAEB"
_MIDDLE_OF_FIFTHS = 2  # D: the letter from which sharps and flats lie equally far
_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

TREBLE, BASS, ALTO = Clef("G", 2), Clef("F", 4), Clef("C", 3)
TREBLE_8, BASS_8, TREBLE_UP = Clef("G", 2, -1), Clef("F", 4, -1), Clef("G", 2, 1)
PERCUSSION = Clef("percussion", 2)
_KEYBOARDS = frozenset((*range(8), 8, 10, 11, 12, *range(16, 22), 23, 46))
_ENSEMBLES = frozenset((*range(48, 55), *range(88, 104)))  # several players, or a synthesizer's pad
_FIXED_CLEFS: dict[int, Clef] = {
    41: ALTO,
    **dict.fromkeys(range(24, 32), TREBLE_8),
    **dict.fromkeys(range(32, 40), BASS_8),
    43: BASS_8,
}
_MIDDLE_C = 60


def fifths_of(key: KeySignature) -> int:
    """Return the sharps of a key signature; below 0 its flats."""
    return ((key.tonic - 9 * key.is_minor) * 7 + 5) % 12 - 5


def spell(pitch: int, *, fifths: int) -> Spelling:
    """Return how a pitch is written in a key."""
    letter, alter = spell_class(pitch % 12, fifths=fifths)
    octave = (pitch - alter - _NATURAL[letter]) // 12 - 1
    return Spelling(letter, alter, octave)


def spell_class(pitch_class: int, *, fifths: int) -> tuple[str, int]:
    """Return (letter, sharps) of a pitch class: of its names on the line of fifths the one nearest to the key."""
    # Twelve neighbours on the line, from three fifths flatter than the tonic's signature to eight sharper: in C, Eb to G#.
    place = (pitch_class * 7) % 12  # C is 0, G 1, F 11
    place += 12 * ((fifths - 3 - place + 11) // 12)
    return _LETTERS[(place + 1) % 7], (place + 1) // 7


def choose_clefs(pitches: Sequence[int], *, program: int) -> tuple[Clef, ...]:
    """Return the clef of an instrument's part; two where keyboards or ensembles use both halves of the great staff."""
    if not pitches:
        return (_FIXED_CLEFS.get(program, TREBLE),)
    ordered = sorted(pitches)
    low, middle, high = (ordered[len(ordered) * share // 30] for share in (1, 15, 29))
    lowest_on_treble = _MIDDLE_C - 4 if program in _KEYBOARDS else _MIDDLE_C - 8
    if program in _KEYBOARDS | _ENSEMBLES and low < lowest_on_treble and high > _MIDDLE_C + 4:
        return (TREBLE, BASS)
    return (_choose_clef(middle, program=program),)


def _choose_clef(middle: int, *, program: int) -> Clef:
    """Return the clef for a part whose middle pitch this is."""
    fixed = _FIXED_CLEFS.get(program)
    if fixed is not None and not (fixed == BASS_8 and middle > 55):
        return fixed
    steps = ((33, BASS_8), (57, BASS), (88, TREBLE), (127, TREBLE_UP))
    return next(clef for highest, clef in steps if middle <= highest)


# --- drums


class DrumPlace(NamedTuple):
    """Where a drum stands: letter and octave as in the treble clef, its head, and whether a foot plays it."""

    letter: str
    octave: int
    head: str = "normal"
    is_foot: bool = False


_CYMBAL = "x"
_DRUMS: dict[int, DrumPlace] = {
    35: DrumPlace("E", 4, is_foot=True),
    36: DrumPlace("F", 4, is_foot=True),
    37: DrumPlace("C", 5, _CYMBAL),
    38: DrumPlace("C", 5),
    39: DrumPlace("B", 4, _CYMBAL),
    40: DrumPlace("C", 5),
    41: DrumPlace("G", 4),
    42: DrumPlace("G", 5, _CYMBAL),
    43: DrumPlace("A", 4),
    44: DrumPlace("D", 4, _CYMBAL, is_foot=True),
    45: DrumPlace("B", 4),
    46: DrumPlace("G", 5, "circle-x"),
    47: DrumPlace("B", 4),
    48: DrumPlace("D", 5),
    49: DrumPlace("A", 5, _CYMBAL),
    50: DrumPlace("E", 5),
    51: DrumPlace("F", 5, _CYMBAL),
    52: DrumPlace("C", 6, _CYMBAL),
    53: DrumPlace("F", 5, "diamond"),
    54: DrumPlace("D", 5, "triangle"),
    55: DrumPlace("B", 5, _CYMBAL),
    56: DrumPlace("E", 5, "triangle"),
    57: DrumPlace("B", 5, _CYMBAL),
    59: DrumPlace("F", 5, _CYMBAL),
}
_OTHER_DRUM = DrumPlace("B", 4, "slash")


def place_drum(pitch: int) -> DrumPlace:
    """Return where a General MIDI drum sound stands (after Weinberg, 1998, "Guidelines for Drumset Notation")."""
    return _DRUMS.get(pitch, _OTHER_DRUM)
