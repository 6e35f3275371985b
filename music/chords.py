"""Chord symbols: their qualities, their spelling, their Roman numerals. It knows nothing of how chords are found.

Quality names are those of ``music.vocabulary.CHORD_QUALITIES``; what people write beyond them (Cmaj9, G13) is read as
the nearest quality that the networks know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import UnknownNameError
from music.names import pitch_class_name
from music.piece import ChordSymbol, KeySignature


@dataclass(frozen=True, slots=True)
class Quality:
    """A chord quality: ``intervals`` in semitones above the root, ``suffix`` after the root's name, and its numeral."""

    name: str
    intervals: tuple[int, ...]
    suffix: str
    numeral_suffix: str
    is_minor_numeral: bool = False

    def pitch_classes(self, root: int) -> frozenset[int]:
        return frozenset((root + interval) % 12 for interval in self.intervals)


_ALL = (
    Quality("maj", (0, 4, 7), "", ""),
    Quality("min", (0, 3, 7), "m", "", is_minor_numeral=True),
    Quality("dim", (0, 3, 6), "dim", "°", is_minor_numeral=True),
    Quality("aug", (0, 4, 8), "aug", "+"),
    Quality("7", (0, 4, 7, 10), "7", "7"),
    Quality("maj7", (0, 4, 7, 11), "maj7", "maj7"),
    Quality("min7", (0, 3, 7, 10), "m7", "7", is_minor_numeral=True),
    Quality("hdim7", (0, 3, 6, 10), "m7b5", "ø7", is_minor_numeral=True),
    Quality("dim7", (0, 3, 6, 9), "dim7", "°7", is_minor_numeral=True),
    Quality("minmaj7", (0, 3, 7, 11), "m(maj7)", "maj7", is_minor_numeral=True),
    Quality("sus4", (0, 5, 7), "sus4", "sus4"),
    Quality("sus2", (0, 2, 7), "sus2", "sus2"),
    Quality("5", (0, 7), "5", "5"),
    Quality("6", (0, 4, 7, 9), "6", "add6"),
    Quality("min6", (0, 3, 7, 9), "m6", "add6", is_minor_numeral=True),
    Quality("9", (0, 4, 7, 10, 2), "9", "9"),
    Quality("add9", (0, 4, 7, 2), "add9", "add9"),
    Quality("7sus4", (0, 5, 7, 10), "7sus4", "7sus4"),
    Quality("none", (), "", ""),
)
QUALITIES: dict[str, Quality] = {quality.name: quality for quality in _ALL}
NO_CHORD = "none"
"""The quality of a stretch without harmony; its root and bass mean nothing."""
NO_CHORD_TEXT = "N.C."

# What else is written after a root, and the quality nearest to it. Matched after the suffixes above, longest first.
_OTHER_SUFFIXES: dict[str, str] = {
    "maj": "maj", "M": "maj", "major": "maj", "min": "min", "mi": "min", "-": "min", "minor": "min", "o": "dim", "°": "dim",
    "mb5": "dim", "m(b5)": "dim", "+": "aug", "#5": "aug", "(#5)": "aug", "dom7": "7", "7b9": "7", "7#9": "7", "7b5": "7", "7#5": "7",
    "7#11": "7", "7alt": "7", "+7": "7", "aug7": "7", "11": "7sus4", "13": "7", "7b13": "7", "13b9": "7", "M7": "maj7",
    "Maj7": "maj7", "ma7": "maj7", "Δ": "maj7", "Δ7": "maj7", "j7": "maj7", "maj9": "maj7", "M9": "maj7", "maj13": "maj7",
    "maj7#11": "maj7", "maj7#5": "maj7", "min7": "min7", "mi7": "min7", "-7": "min7", "m9": "min7", "min9": "min7",
    "m11": "min7", "m13": "min7", "ø": "hdim7", "ø7": "hdim7", "min7b5": "hdim7", "-7b5": "hdim7", "m7(b5)": "hdim7",
    "hdim7": "hdim7", "o7": "dim7", "°7": "dim7", "mM7": "minmaj7", "mMaj7": "minmaj7", "mmaj7": "minmaj7", "minmaj7": "minmaj7",
    "-maj7": "minmaj7", "m(M7)": "minmaj7", "sus": "sus4", "sus9": "7sus4", "9sus4": "7sus4", "7sus": "7sus4", "13sus4": "7sus4",
    "no3": "5", "6/9": "6", "69": "6", "maj6": "6", "M6": "6", "min6": "min6", "-6": "min6", "m6/9": "min6", "add2": "add9",
    "2": "add9", "(add9)": "add9", "madd9": "min", "m(add9)": "min", "9b5": "9", "9#11": "9", "9#5": "9", "dom9": "9",
}  # fmt: skip
_BY_SUFFIX = _OTHER_SUFFIXES | {quality.suffix: quality.name for quality in _ALL if quality.name != NO_CHORD}
_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PATTERN = re.compile(r"^([A-Ga-g])([#b]{0,2})(.*?)(?:/([A-Ga-g])([#b]{0,2}))?$")
_MAJOR_DEGREES = {
    0: "I",
    1: "bII",
    2: "II",
    3: "bIII",
    4: "III",
    5: "IV",
    6: "#IV",
    7: "V",
    8: "bVI",
    9: "VI",
    10: "bVII",
    11: "VII",
}
_MINOR_DEGREES = {
    0: "I",
    1: "bII",
    2: "II",
    3: "III",
    4: "#III",
    5: "IV",
    6: "#IV",
    7: "V",
    8: "VI",
    9: "#VI",
    10: "VII",
    11: "#VII",
}
_TRIAD_FIGURES = ("", "6", "64")
_SEVENTH_FIGURES = ("7", "65", "43", "42")


def parse_chord(text: str, *, onset_ticks: int = 0) -> ChordSymbol:
    """Return the chord that "Dm7", "F#/C#", "Bbmaj7" or "N.C." names.

    Raises:
        UnknownNameError: for anything else.
    """
    cleaned = text.strip().replace("♯", "#").replace("♭", "b").replace(" ", "")
    if cleaned.rstrip(".").upper() in {"N.C", "NC", "N"}:
        return ChordSymbol(onset_ticks, 0, NO_CHORD, 0)
    match = _PATTERN.match(cleaned)
    quality = _BY_SUFFIX.get(match.group(3)) if match else None
    if match is None or quality is None:
        raise UnknownNameError(kind="chord", name=text, suggestions=("C", "Am", "G7", "Fmaj7"))
    root = _pitch_class(match.group(1), match.group(2))
    bass = _pitch_class(match.group(4), match.group(5)) if match.group(4) else root
    return ChordSymbol(onset_ticks, root, quality, bass)


def parse_chords(text: str) -> tuple[ChordSymbol, ...]:
    """Return the chords of "Dm7 | G7 | Cmaj7 A7": one after the other, all with onset 0.

    Raises:
        UnknownNameError: for the first word that is no chord.
    """
    return tuple(parse_chord(word) for word in re.split(r"[\s|,]+", text.strip(" |,")) if word)


def chord_name(chord: ChordSymbol, key: KeySignature | None = None) -> str:
    """Return "Dm7" or "G7/B", spelled as the key does."""
    if chord.quality == NO_CHORD:
        return NO_CHORD_TEXT
    name = pitch_class_name(chord.root, key) + QUALITIES[chord.quality].suffix
    return name if chord.bass == chord.root else f"{name}/{pitch_class_name(chord.bass, key)}"


def chord_pitch_classes(chord: ChordSymbol) -> frozenset[int]:
    """Return the pitch classes of a chord; a foreign bass note is not among them."""
    return QUALITIES[chord.quality].pitch_classes(chord.root)


def roman_numeral(chord: ChordSymbol, key: KeySignature) -> str:
    """Return a chord's Roman numeral in a key, with figured bass: "ii7", "V65", "bVI"; "" for no chord.

    Degrees are those of the major scale, or of natural minor: G major in A minor is VII, G# diminished is #vii°.
    """
    if chord.quality == NO_CHORD:
        return ""
    quality = QUALITIES[chord.quality]
    degrees = _MINOR_DEGREES if key.is_minor else _MAJOR_DEGREES
    degree = degrees[(chord.root - key.tonic) % 12]
    numeral = degree.lower() if quality.is_minor_numeral else degree
    interval = (chord.bass - chord.root) % 12
    if interval == 0:
        return numeral + quality.numeral_suffix

    if interval in quality.intervals:
        place = quality.intervals.index(interval)
        if len(quality.intervals) == 3:
            return numeral + quality.numeral_suffix + _TRIAD_FIGURES[place]
        if quality.numeral_suffix.endswith("7") and len(quality.intervals) == 4:
            return numeral + quality.numeral_suffix.removesuffix("7") + _SEVENTH_FIGURES[place]
    return f"{numeral}{quality.numeral_suffix}/{degrees[(chord.bass - key.tonic) % 12]}"


def _pitch_class(letter: str, accidentals: str) -> int:
    return (_ROOTS[letter.upper()] + accidentals.count("#") - accidentals.count("b")) % 12
