"""What a piece was asked with, as five short lines of words, and those lines, corrected, as options again. It knows no form.

Each line is read by the rules of ``prompts.py`` and must give the controls that it is for; a line left empty takes them away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.services.options import GenerateOptions, PromptWords
from bot.services.words.prompt_options import generate_options
from bot.services.words.prompts import understand
from bot.services.words.understanding import Understood
from core.errors import InputError

LINES: Mapping[str, tuple[str, ...]] = {
    "genre": ("genre", "second_genre"),
    "key": ("key",),
    "time": ("tempo_bpm", "metre"),
    "length": ("num_bars", "seconds"),
    "instruments": ("instruments", "exclude_instruments"),
}
"""Name of a line -> the fields of ``Understood`` that it may say."""

_EXAMPLES: Mapping[str, str] = {
    "genre": "a genre. Write for instance jazz, or jazz, funk",
    "key": "a key. Write for instance D minor",
    "time": "a tempo or metre. Write for instance 90 bpm, 3/4",
    "length": "a length. Write for instance 16 bars, or 30 seconds",
    "instruments": "instruments. Write for instance piano, upright bass, no drums",
}


def lines_of(options: GenerateOptions) -> dict[str, str]:
    """Return the lines that say what these options say."""
    genres = [genre for genre in (options.genre, options.second_genre) if genre]
    tempo = "" if options.tempo_bpm is None else f"{options.tempo_bpm:g} bpm"
    excluded = [f"no {name}" for name in options.exclude_instruments]
    return {
        "genre": ", ".join(genres),
        "key": options.key or "",
        "time": ", ".join(part for part in (tempo, options.metre) if part),
        "length": "" if options.num_bars is None else f"{options.num_bars} bars",
        "instruments": ", ".join([*options.instruments, *excluded]),
    }


def correct(options: GenerateOptions, lines: Mapping[str, str]) -> GenerateOptions:
    """Return the options with what the lines say; a line that was not touched keeps what it stood for.

    Raises:
        InputError: naming the line that says something else, or two things that exclude each other.
    """
    before = lines_of(options)
    changed = {name: lines[name].strip() for name in LINES if lines.get(name, before[name]).strip() != before[name]}
    cleared: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for name, text in changed.items():
        said = _read(name, text) if text else None
        for field in LINES[name]:
            cleared[field] = getattr(Understood(), field)
            found[field] = cleared[field] if said is None else getattr(said, field)
    words = "; ".join(text for text in changed.values() if text)
    cleared.pop("seconds", None)
    base = replace(options, **cleared, seed=None, prompt=PromptWords())
    merged = generate_options(Understood(text=words, **found), given=base)
    return replace(merged, prompt=PromptWords())


def _read(name: str, text: str) -> Understood:
    """Return what a line says, and refuse what it is not for."""
    said = understand(_bare(name, text))
    if said.contradictions:
        raise InputError(f"{said.contradictions[0].sentence}. Say which of the two you want.")
    is_said = any(getattr(said, field) != getattr(Understood(), field) for field in LINES[name])
    if said.not_understood or not is_said:
        dark = ", ".join(said.not_understood) or text
        raise InputError(f"I cannot read “{dark[:60]}” as {_EXAMPLES[name]}.")
    return said


def _bare(name: str, text: str) -> str:
    """Give a lone number its unit, and a lone letter its "in": the line says already what it is."""
    if name == "length" and text.isdecimal():
        return f"{text} bars"
    if name == "time" and text.replace(".", "", 1).isdecimal():
        return f"{text} bpm"
    return f"in {text}" if name == "key" else text
