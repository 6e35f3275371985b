"""Chord symbols: their qualities, their spelling, their Roman numerals. It knows nothing of how chords are found.

Quality names are those of ``music.vocabulary.CHORD_QUALITIES``; what people write beyond them (Cmaj9, G13) is read as
the nearest quality that the networks know.
"""

from __future__ import annotations

import difflib
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

_BY_SUFFIX = {quality.suffix: quality.name for quality in _ALL if quality.name != NO_CHORD}

# What else is written after a root is read word by word; each word sets a trait, and the traits choose the nearest quality.
_RESPELLED = (
    ("−", "-"), ("–", "-"), ("Δ", "maj7"), ("△", "maj7"), ("^", "maj7"), ("ø", "hdim7"), ("Ø", "hdim7"), ("°", "dim"), ("6/9", "69"), ("mj", "maj"),
    ("maj77", "maj7"), ("maj79", "maj9"), ("hdim77", "hdim7"),
)  # fmt: skip
_WORDS = re.compile(
    r"(?P<omitted>(?:no|omit)\d)|(?P<added>add[b#]?\d{1,2})|(?P<suspended>sus[24]?)|(?P<alt>alt)|(?P<altered>[b#](?:4|5|6|9|11|13)|[+-]5|(?!^)[+-](?:9|11|13))"
    r"|(?P<half>hdim|h)|(?P<diminished>dim|o)|(?P<augmented>aug|\+)|(?P<dominant>dom)"
    r"|(?P<major>[Mm]ajor|[Mm]aj|MAJ|Ma(?!j)|ma(?!j|d)|M|j)|(?P<minor>[Mm]inor|[Mm]in|MIN|[Mm]i(?!n)|m|-)|(?P<number>69|13|11|9|7|6|5|4|2)"
)
_REPEATABLE = ("altered", "added", "omitted")
_FIFTHS = {"b5": "b5", "-5": "b5", "#5": "augmented", "+5": "augmented"}
_NUMBERS: dict[str, tuple[str, ...]] = {
    "2": ("add9",), "4": ("sus",), "5": ("5",), "6": ("6",), "69": ("6",), "7": ("7",), "9": ("7", "9"), "11": ("7", "11"), "13": ("7",),
}  # fmt: skip
_RULES: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(needed), quality)
    for needed, quality in (
        (("half",), "hdim7"), (("minor", "7", "b5"), "hdim7"), (("diminished", "major"), "dim"), (("diminished", "7"), "dim7"),
        (("diminished",), "dim"), (("minor", "b5"), "dim"), (("sus2",), "sus2"), (("sus", "7"), "7sus4"), (("sus",), "sus4"),
        (("no3",), "5"), (("minor", "major", "7"), "minmaj7"), (("minor", "7"), "min7"), (("minor", "6"), "min6"), (("minor",), "min"),
        (("major", "7"), "maj7"), (("11",), "7sus4"), (("9",), "9"), (("alt",), "7"), (("7",), "7"), (("6",), "6"),
        (("augmented",), "aug"), (("5",), "5"), (("add9",), "add9"), ((), "maj"),
    )
)  # fmt: skip
"""Traits that a chord must have to be read as a quality; the first that fits wins."""
_PUNCTUATION = str.maketrans("", "", "(),[]")
_LONGEST_ECHO = 40
_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PATTERN = re.compile(r"([A-Ga-g])([#b]{0,2})(.*?)(?:/([A-Ga-g])([#b]{0,2}))?")
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
    """Return the chord that "Dm7", "F#/C#", "Bbmaj7", "C7(b9)" or "N.C." names; what is richer becomes the nearest quality.

    Raises:
        UnknownNameError: for anything else.
    """
    cleaned = text.strip().replace("♯", "#").replace("♭", "b").replace(" ", "")
    if cleaned.rstrip(".").upper() in {"N.C", "NC", "N"}:
        return ChordSymbol(onset_ticks, 0, NO_CHORD, 0)
    match = _PATTERN.fullmatch(cleaned)
    quality = _nearest_quality(match.group(3)) if match else None
    if match is None or quality is None:
        raise UnknownNameError(kind="chord", name=text[:_LONGEST_ECHO], suggestions=_chords_like(cleaned))
    root = _pitch_class(match.group(1), match.group(2))
    bass = _pitch_class(match.group(4), match.group(5)) if match.group(4) else root
    return ChordSymbol(onset_ticks, root, quality, bass)


def _chords_like(text: str) -> tuple[str, ...]:
    """Return chords that somebody who typed ``text`` may have meant."""
    names = [root + quality.suffix for root in "CDEFGAB" for quality in _ALL if quality.name != NO_CHORD]
    german = "B" + text[1:] if text[:1] in "Hh" else text
    return tuple(difflib.get_close_matches(german, names, n=2, cutoff=0.7)) or ("C", "Am", "G7", "Fmaj7")


def _nearest_quality(suffix: str) -> str | None:
    """Return the quality that the text after a root means, or None for what is no chord."""
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    text = suffix.translate(_PUNCTUATION)
    for written, meant in _RESPELLED:
        text = text.replace(written, meant)
    traits: set[str] = set()
    groups: set[str] = set()
    place = 0
    while place < len(text):
        word = _WORDS.match(text, place)
        group = None if word is None else word.lastgroup
        if word is None or group is None or (group in groups and group not in _REPEATABLE):
            return None
        groups.add(group)
        traits |= _traits_of(group, word.group())
        place = word.end()
    return next(quality for needed, quality in _RULES if needed <= traits)


def _traits_of(group: str, word: str) -> frozenset[str]:
    """Return what one word says about a chord."""
    if group == "number":
        return frozenset(_NUMBERS[word])
    if group == "altered":
        is_of_triad = word[-1] in "456" and not word.endswith(("13", "11"))
        return frozenset({_FIFTHS.get(word, "colour"), "colour" if is_of_triad else "7"})
    if group == "added":
        return frozenset({"add9"} if word in ("add2", "add9") else ())
    if group == "suspended":
        return frozenset({"sus2" if word == "sus2" else "sus"})
    if group == "omitted":
        return frozenset({"no3"} if word[-1] == "3" else ())
    return frozenset({group})


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
