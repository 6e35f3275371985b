"""Pitches and ranges of pitches as people type them: "C4", "Bb3-F#5", "48-72". It knows nothing of instruments."""

from __future__ import annotations

import re

from core.errors import InputError
from music.names import pitch_name

PITCH_PATTERN = r"(?:[a-h](?:##|bb|#|b|♯|♭|is|s)?-?\d|\d{1,3})"
_DASH = r"\s*(?:-|–|—|\.\.|\bto\b)\s*"
RANGE_PATTERN = rf"({PITCH_PATTERN}){_DASH}({PITCH_PATTERN})"
_PITCH = re.compile(r"([a-h])(##|bb|#|b|♯|♭|is|s)?(-?\d)", re.IGNORECASE)
_RANGE = re.compile(RANGE_PATTERN, re.IGNORECASE)
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "is": 1, "s": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}


def parse_pitch(text: str) -> int:
    """Return the MIDI pitch 0..127 of "C4" (60) or "60".

    Raises:
        InputError: for anything else.
    """
    cleaned = "".join(text.split())
    match = _PITCH.fullmatch(cleaned)
    if match is not None:
        letter, accidental, octave = match[1].casefold(), (match[2] or "").casefold(), int(match[3])
        pitch = 12 * (octave + 1) + _STEPS[letter] + _ACCIDENTALS[accidental]
    else:
        pitch = int(cleaned) if cleaned.isdecimal() and len(cleaned) <= 3 else -1
    if not 0 <= pitch <= 127:
        raise InputError(
            f"“{text.strip()[:20]}” is no pitch. Write a note and its octave, such as C4 (the middle C) or Bb2."
        )
    return pitch


def parse_range(text: str) -> tuple[int, int]:
    """Return the lowest and highest pitch of "C3-C5", both included.

    Raises:
        InputError: for anything else, and for a range that is upside down.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"“{text.strip()[:30]}” is no range of pitches. Write the lowest and the highest, like C3-C5.")
    low, high = parse_pitch(match[1]), parse_pitch(match[2])
    if low > high:
        raise InputError(
            f"“{text.strip()[:30]}” is upside down. Write the lowest note first, like {pitch_name(high)}-{pitch_name(low)}."
        )
    return low, high
