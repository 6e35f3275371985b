"""Intervals as people say them <-> semitones: "up a third", "down an octave", "+2", "a fifth lower". It knows no pieces."""

from __future__ import annotations

import re

from core.errors import UnknownNameError

MAX_SEMITONES = 36
_NAMES = (
    "unison", "minor second", "major second", "minor third", "major third", "fourth", "tritone", "fifth", "minor sixth",
    "major sixth", "minor seventh", "major seventh", "octave",
)  # fmt: skip
_SIZES: dict[str, tuple[int, int]] = {
    "second": (1, 2), "2nd": (1, 2), "third": (3, 4), "3rd": (3, 4), "sixth": (8, 9), "6th": (8, 9), "seventh": (10, 11),
    "7th": (10, 11), "fourth": (5, 5), "4th": (5, 5), "fifth": (7, 7), "5th": (7, 7), "octave": (12, 12), "octaves": (12, 12),
    "semitone": (1, 1), "semitones": (1, 1), "half step": (1, 1), "half steps": (1, 1), "half tone": (1, 1), "half-step": (1, 1),
    "step": (2, 2), "steps": (2, 2), "whole step": (2, 2), "whole steps": (2, 2), "tone": (2, 2), "tones": (2, 2), "whole tone": (2, 2),
    "whole tones": (2, 2), "tritone": (6, 6), "augmented fourth": (6, 6), "diminished fifth": (6, 6), "ninth": (13, 14), "tenth": (15, 16),
    "": (1, 1),
}  # fmt: skip
"""Word: semitones when it is minor, and when it is major (which a bare "third" means)."""
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "": 1}
_UP, _DOWN = ("up", "higher", "raise", "raised"), ("down", "lower", "lowered")
_PATTERN = re.compile(
    r"(?P<sign>[+-])?\s*(?:(?P<count>\d{1,2}|a|an|one|two|three|four|five|six|seven)(?:\s+|$))?"
    r"(?:(?P<mode>minor|major)\s+)?(?P<name>[a-z0-9][a-z0-9 -]*)?"
)


def parse_interval(text: str) -> int:
    """Return semitones, -36..36: "up a third" 4, "down a minor third" -3, "an octave lower" -12, "+5" 5.

    A bare second, third, sixth or seventh is the major one; without a direction it goes up.

    Raises:
        UnknownNameError: for what is no interval, or one beyond three octaves.
    """
    cleaned = " ".join(text.casefold().replace("−", "-").replace("by ", " ").split())
    words = cleaned.split()
    is_down = any(word in _DOWN for word in words)
    rest = " ".join(word for word in words if word not in (*_UP, *_DOWN, "transpose", "it", "perfect"))
    match = _PATTERN.fullmatch(rest)
    if match is None or not rest or (match["name"] or "") not in _SIZES:
        raise _unknown(text)
    if match["count"] in {None, "a", "an"} and not match["name"]:
        raise _unknown(text)
    minor, major = _SIZES[match["name"] or ""]
    count = match["count"] or ""
    times = int(count) if count.isdecimal() else _COUNTS[count]
    semitones = times * (minor if match["mode"] == "minor" else major)
    if semitones > MAX_SEMITONES:
        raise _unknown(text)
    return -semitones if is_down or match["sign"] == "-" else semitones


def interval_name(semitones: int) -> str:
    """Return "up a major third", "down 2 octaves and a fifth", "nowhere" for 0."""
    if semitones == 0:
        return "nowhere"
    octaves, rest = divmod(abs(semitones), 12)
    parts: list[str] = []
    if octaves:
        parts.append("an octave" if octaves == 1 else f"{octaves} octaves")
    if rest:
        parts.append(f"a {_NAMES[rest]}")
    return f"{'up' if semitones > 0 else 'down'} {' and '.join(parts)}"


def _unknown(text: str) -> UnknownNameError:
    return UnknownNameError(
        kind="interval", name=text[:40], suggestions=("up a third", "down 2 semitones", "up an octave")
    )
