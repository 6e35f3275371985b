"""Short typed wishes for arranging: "piano to strings", "up a third" or "D minor", "90" or "half". It knows no pieces."""

from __future__ import annotations

import re

from core.errors import InputError, UnknownNameError
from music.arranging.dynamics import parse_dynamics, parse_mood
from music.intervals import parse_interval
from music.names import key_name, parse_key

_PAIR_MARK = re.compile(r"\s*(?:->|→|=>|=|\bto\b|\bfor\b|\binto\b|\bby\b|\bwith\b)\s*", re.IGNORECASE)
_LIST_MARK = re.compile(r"\s*(?:,|;|\band\b)\s*", re.IGNORECASE)
_TEMPO = re.compile(r"(\d{1,4}(?:\.\d+)?)\s*(%|percent|bpm|beats(?: a minute)?)?", re.IGNORECASE)
_TEMPO_WORDS = {
    "half": 50.0, "half tempo": 50.0, "half time": 50.0, "half speed": 50.0, "double": 200.0, "double time": 200.0, "double tempo": 200.0,
    "twice as fast": 200.0, "slower": 90.0, "faster": 110.0, "much slower": 75.0, "much faster": 130.0,
}  # fmt: skip


def parse_swaps(text: str | None) -> tuple[tuple[str, str], ...]:
    """Return pairs of (track, instrument) of "piano to strings, 2 to flute".

    Raises:
        InputError: for a part that names no two things.
    """
    pairs: list[tuple[str, str]] = []
    for part in _LIST_MARK.split(text or ""):
        if not part.strip():
            continue
        sides = [side.strip() for side in _PAIR_MARK.split(part.strip().removeprefix("swap ").strip())]
        if len(sides) != 2 or not all(sides):
            raise InputError(f"I cannot read “{part.strip()[:40]}” as a swap. Write it like piano to strings.")
        pairs.append((sides[0], sides[1]))
    return tuple(pairs)


def parse_transposition(text: str | None) -> tuple[int, str | None]:
    """Return (semitones, key) of "up a third" or "to D minor": one of them is 0 or None.

    Raises:
        UnknownNameError: for what is neither an interval nor a key.
    """
    cleaned = " ".join((text or "").split())
    if not cleaned:
        return 0, None
    try:
        return parse_interval(cleaned), None
    except UnknownNameError as error:
        try:
            return 0, key_name(parse_key(cleaned.removeprefix("to ")))
        except UnknownNameError:
            raise UnknownNameError(
                kind="interval or key", name=cleaned[:40], suggestions=("up a third", "down 2 semitones", "D minor")
            ) from error


def parse_tempo(text: str | None) -> tuple[float | None, float | None]:
    """Return (beats a minute, percent of the tempo) of "90", "90 bpm", "80%", "half tempo": one of them is None.

    Raises:
        InputError: for what is no tempo.
    """
    cleaned = " ".join((text or "").casefold().split())
    if not cleaned:
        return None, None
    if cleaned in _TEMPO_WORDS:
        return None, _TEMPO_WORDS[cleaned]
    match = _TEMPO.fullmatch(cleaned)
    if match is None:
        raise InputError(f"I cannot read “{cleaned[:40]}” as a tempo. Write it like 90, 80% or half.")
    number = float(match[1])
    return (None, number) if match[2] in {"%", "percent"} else (number, None)


def parse_feel(text: str | None) -> tuple[str | None, str | None]:
    """Return (mood, dynamics) of "darker, quiet ending".

    Raises:
        UnknownNameError: for a word that is neither, or a second mood or loudness.
    """
    mood: str | None = None
    dynamics: str | None = None
    for word in (part.strip() for part in _LIST_MARK.split(text or "") if part.strip()):
        try:
            found = parse_mood(word)
        except UnknownNameError:
            found = None
        if found is not None and mood is None:
            mood = found
        elif found is None and dynamics is None:
            dynamics = parse_dynamics(word)
        else:
            raise InputError("Say at most one mood and one loudness, for instance darker, quiet ending.")
    return mood, dynamics
