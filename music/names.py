"""What people type -> what the code means: keys, instruments, genres, metres. It knows nothing of commands or chat.

Every parser forgives case, accents of spelling and filler words, and raises ``UnknownNameError`` with the nearest
names it knows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from core.errors import UnknownNameError, UnsupportedMetreError
from core.whole_numbers import read_whole_number
from music.constraints import METRES, Scale
from music.instruments import FAMILIES, GM_NAMES, SYNONYMS
from music.piece import DRUM_PROGRAM, KeySignature
from music.vocabulary import GENRES

_GENRE_SYNONYMS = {
    "electro": "electronic",
    "edm": "electronic",
    "dance": "electronic",
    "techno": "electronic",
    "house": "electronic",
    "trance": "electronic",
    "synthwave": "electronic",
    "hip hop": "hip-hop",
    "hiphop": "hip-hop",
    "rap": "hip-hop",
    "trap": "hip-hop",
    "rnb": "soul",
    "r&b": "soul",
    "r and b": "soul",
    "motown": "soul",
    "gospel": "soul",
    "disco": "funk",
    "metal": "rock",
    "punk": "rock",
    "blues": "rock",
    "bluegrass": "country",
    "western": "country",
    "celtic": "folk",
    "irish": "folk",
    "swing": "jazz",
    "bebop": "jazz",
    "classic": "classical",
    "baroque": "classical",
    "orchestral": "classical",
    "video game": "game",
    "videogame": "game",
    "chiptune": "game",
    "bach": "chorale",
    "hymn": "chorale",
}

SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MAJOR_KEY_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_KEY_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1, "##": 2, "bb": -2}
_KEY_PATTERN = re.compile(r"^([a-h])\s*(##|bb|#|b|-?sharp|-?flat)?\s*[- ]?\s*(.*)$")
_MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)
_MINOR_STEPS = (0, 2, 3, 5, 7, 8, 10)


def parse_key(text: str) -> KeySignature:
    """Return the key that "C minor", "f#", "Bb major" or "Am" names, with onset 0.

    A lone letter is major ("c" too: people type in lower case); "m" or "min" makes it minor.

    Raises:
        UnknownNameError: with the nearest keys.
    """
    cleaned = _squeeze(text.replace("♯", "#").replace("♭", "b"))
    cleaned = cleaned.removeprefix("key of ").removeprefix("in ")
    match = _KEY_PATTERN.match(cleaned)
    mode = _parse_mode(match.group(3), original=text.strip()) if match else None
    if match is None or mode is None:
        raise UnknownNameError(
            kind="key", name=text, suggestions=_suggest(cleaned, all_key_names()) or ("C major", "A minor")
        )
    accidental = {"sharp": "#", "-sharp": "#", "flat": "b", "-flat": "b"}.get(
        match.group(2) or "", match.group(2) or ""
    )
    tonic = (_LETTERS[match.group(1)] + _ACCIDENTALS[accidental]) % 12
    return KeySignature(0, tonic, mode == "minor")


def _parse_mode(text: str, *, original: str) -> str | None:
    mode = text.strip().removesuffix(" key").removesuffix(" scale")
    if mode == "m":
        return "major" if original.endswith("M") else "minor"
    if mode in {"", "maj", "major", "dur", "ionian"}:
        return "major"
    if mode in {"min", "minor", "mi", "moll", "aeolian", "natural minor", "-"}:
        return "minor"
    return None


def key_name(key: KeySignature) -> str:
    """Return "F# minor": the spelling with fewer accidentals."""
    names = _MINOR_KEY_NAMES if key.is_minor else _MAJOR_KEY_NAMES
    return f"{names[key.tonic]} {'minor' if key.is_minor else 'major'}"


def all_key_names() -> tuple[str, ...]:
    """Return the 24 keys as people read them."""
    return tuple(key_name(KeySignature(0, tonic, is_minor)) for is_minor in (False, True) for tonic in range(12))


def scale_of_key(key: KeySignature) -> Scale:
    """Return a key's scale: natural minor with the raised seventh beside it, as dominants in minor use it."""
    steps = (*_MINOR_STEPS, 11) if key.is_minor else _MAJOR_STEPS
    pitch_classes = tuple(sorted((key.tonic + step) % 12 for step in steps))
    return Scale(key.tonic, key.is_minor, pitch_classes, key_name(key))


def pitch_class_name(pitch_class: int, key: KeySignature | None = None) -> str:
    """Return "Bb" or "A#", spelled as the key does; flats without a key."""
    return (SHARP_NAMES if key is not None and _has_sharps(key) else FLAT_NAMES)[pitch_class % 12]


def pitch_name(pitch: int) -> str:
    """Return scientific pitch notation: 60 is C4."""
    return f"{FLAT_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _has_sharps(key: KeySignature) -> bool:
    relative_major = (key.tonic + 3) % 12 if key.is_minor else key.tonic
    return relative_major in {7, 2, 9, 4, 11, 6}


def parse_instrument(text: str) -> int:
    """Return the program 0..127, or ``DRUM_PROGRAM``, that an instrument's name means.

    Raises:
        UnknownNameError: with the nearest instruments.
    """
    cleaned = _squeeze(text).replace("-", " ")
    for candidate in (cleaned, cleaned.removesuffix("s"), f"{cleaned}s"):
        program = _INSTRUMENT_TABLE.get(candidate)
        if program is not None:
            return program
    number = read_whole_number(cleaned)
    if number is not None and number <= DRUM_PROGRAM:
        return number
    raise UnknownNameError(kind="instrument", name=text, suggestions=_suggest(cleaned, _INSTRUMENT_TABLE))


def parse_instruments(text: str) -> tuple[int, ...]:
    """Return the programs of a list such as "piano, bass and drums", each once, in the order given.

    Raises:
        UnknownNameError: for the first name that is not an instrument.
    """
    parts = re.split(r"\s*(?:,|;|/|\+(?![^()]*\))|&|\band\b)\s*", text)
    return tuple(dict.fromkeys(parse_instrument(part) for part in parts if part.strip()))


def instrument_name(program: int) -> str:
    """Return the General MIDI name of a program, or "Drums"."""
    return "Drums" if program == DRUM_PROGRAM else GM_NAMES[program]


def instrument_family(program: int) -> str:
    """Return the General MIDI family of a program, or "Drums"."""
    return "Drums" if program == DRUM_PROGRAM else FAMILIES[program // 8]


def parse_genre(text: str) -> str:
    """Return the genre that a word means.

    Raises:
        UnknownNameError: with the nearest genres.
    """
    cleaned = _squeeze(text).removesuffix(" music").replace("-", " ")
    for genre in GENRES:
        if cleaned == genre.replace("-", " "):
            return genre
    if cleaned in _GENRE_SYNONYMS:
        return _GENRE_SYNONYMS[cleaned]
    raise UnknownNameError(kind="genre", name=text, suggestions=_suggest(cleaned, GENRES) or GENRES)


def parse_metre(text: str) -> tuple[int, int]:
    """Return (numerator, denominator) of a metre that the networks can write.

    Raises:
        UnsupportedMetreError: for a metre that they cannot.
        UnknownNameError: for what is no metre.
    """
    cleaned = _squeeze(text)
    words = {"common time": "4/4", "c": "4/4", "waltz": "3/4", "cut time": "2/4", "march": "2/4", "jig": "6/8"}
    match = re.fullmatch(r"(\d{1,3})\s*[/:⁄ ]\s*(\d{1,3})", words.get(cleaned, cleaned))
    supported = tuple(f"{numerator}/{denominator}" for numerator, denominator in METRES)
    if match is None:
        raise UnknownNameError(kind="metre", name=text, suggestions=supported)
    metre = int(match.group(1)), int(match.group(2))
    if metre not in METRES:
        raise UnsupportedMetreError(metre=f"{metre[0]}/{metre[1]}", supported=supported)
    return metre


def _squeeze(text: str) -> str:
    return " ".join(text.casefold().split())


def _suggest(text: str, names: Iterable[str]) -> tuple[str, ...]:
    by_folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(text.casefold(), by_folded, n=3, cutoff=0.5)
    return tuple(by_folded[name] for name in close)


def _build_instrument_table() -> dict[str, int]:
    table = {name.casefold().replace("-", " "): program for program, name in enumerate(GM_NAMES)}
    table |= {family.casefold(): index * 8 for index, family in enumerate(FAMILIES)}
    return table | {name.casefold().replace("-", " "): program for name, program in SYNONYMS.items()}


_INSTRUMENT_TABLE = _build_instrument_table()
