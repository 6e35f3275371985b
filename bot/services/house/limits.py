"""Limits as people type them: ranges, notes at once, sections of bars, instruments to leave out. It knows no network.

Items are separated by commas: "piano C3-C5, bass E1-G3"; "4, strings 2"; "1-4 sparse, 5-8 busy strong C4-C6 at most 3".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.services.options import DENSITIES, GRIDS, SYNCOPATIONS
from core.errors import InputError, UnknownNameError
from inference.protocol import SectionWishes
from music.constraints import BarRange, PartLimits, SectionLimits
from music.instruments import FAMILIES
from music.names import instrument_name, parse_instrument
from music.piece import DRUM_PROGRAM
from music.pitch_names import RANGE_PATTERN, parse_range

ValueT = TypeVar("ValueT")

MOST_NOTES_AT_ONCE = 32
_RANGE_ITEM = re.compile(rf"(?:(?P<who>.+?)[\s:]+)?(?P<range>{RANGE_PATTERN})", re.IGNORECASE)
_COUNT_ITEM = re.compile(r"(?:(?P<who>.*?[^\d\s:])[\s:]+)?(?P<count>\d{1,6})(?:\s+(?:notes?|voices?))?(?:\s+at once)?")
_SECTION_ITEM = re.compile(r"(?:bars?\s*)?(\d{1,4})(?:\s*(?:-|–|to)\s*(\d{1,4}))?\b\s*:?\s*(.*)", re.IGNORECASE)
_SECTION_WORD = re.compile(
    rf"(?P<range>{RANGE_PATTERN})|(?:at most|max(?:imum)?|polyphony|voices)\s*(?P<count>\d{{1,6}})|(?P<word>[^\s]+)", re.IGNORECASE
)  # fmt: skip
_FILLERS = {"and", "then", "in", "with", "bars", "bar", "notes", "at", "once"}
_AT_MOST = ("at most ", "max ", "maximum ", "up to ")
_FAMILY_WORDS: dict[str, tuple[str, ...]] = {
    "piano": ("Piano",), "keys": ("Piano", "Organ"), "guitar": ("Guitar",), "bass": ("Bass",), "organ": ("Organ",),
    "brass": ("Brass",), "strings": ("Strings", "Ensemble"), "string": ("Strings", "Ensemble"), "reeds": ("Reed",),
    "winds": ("Reed", "Pipe"), "woodwinds": ("Reed", "Pipe"), "flutes": ("Pipe",), "horns": ("Brass",),
    "synth": ("Synth Lead", "Synth Pad", "Synth Effects"), "synths": ("Synth Lead", "Synth Pad", "Synth Effects"),
    "saxophone": ("Reed",), "voice": ("Ensemble",),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What holds and what is wished in sections of the new bars."""

    limits: tuple[SectionLimits, ...] = ()
    wishes: tuple[SectionWishes, ...] = ()


def parse_ranges(text: str) -> tuple[tuple[int, int] | None, dict[int, tuple[int, int]]]:
    """Return the range of all, if any, and those of single instruments.

    Raises:
        InputError: for what is no range, no instrument, or said twice.
    """
    common: tuple[int, int] | None = None
    own: dict[int, tuple[int, int]] = {}
    for item in _items(text):
        match = _RANGE_ITEM.fullmatch(item)
        if match is None:
            raise InputError(f"“{item[:40]}” is no range. Write it like C3-C5, or with an instrument: piano C3-C5.")
        low_high = parse_range(match["range"])
        if match["who"] is None:
            common = _once(common, low_high, "One range for everybody is enough. Name the instruments of the others.")
            continue
        instrument = parse_instrument(match["who"])
        if instrument == DRUM_PROGRAM:
            raise InputError("Drums have no range of pitches. Leave them out of it.")
        own[instrument] = _once(own.get(instrument), low_high, f"The {instrument_name(instrument)} has two ranges.")
    return common, own


def parse_polyphony(text: str) -> tuple[int | None, dict[int, int]]:
    """Return how many notes of all may sound at once, if limited, and how many of single instruments.

    Raises:
        InputError: for what is no number of notes, no instrument, or said twice.
    """
    common: int | None = None
    own: dict[int, int] = {}
    for item in _items(text):
        cleaned = item.casefold()
        for words in _AT_MOST:
            cleaned = cleaned.replace(words, "")
        match = _COUNT_ITEM.fullmatch(cleaned.strip())
        if match is None:
            raise InputError(f"“{item[:40]}” is no number of notes. Write 4, or with an instrument: piano 3.")
        count = _count(match["count"])
        if match["who"] is None:
            common = _once(common, count, "One number for everybody is enough. Name the instruments of the others.")
            continue
        instrument = parse_instrument(match["who"])
        own[instrument] = _once(own.get(instrument), count, f"The {instrument_name(instrument)} has two numbers.")
    return common, own


def join_parts(ranges: dict[int, tuple[int, int]], counts: dict[int, int]) -> tuple[PartLimits, ...]:
    """Return one value for each instrument that has limits of its own."""
    return tuple(
        PartLimits(instrument=each, pitch_range=ranges.get(each), max_notes_at_once=counts.get(each))
        for each in sorted({*ranges, *counts})
    )


def check_parts_play(parts: Iterable[PartLimits], instruments: tuple[int, ...]) -> None:
    """Refuse limits of instruments that will not play; without instruments asked for, anybody may.

    Raises:
        InputError: naming the first of them.
    """
    for part in parts:
        if instruments and part.instrument not in instruments:
            name = instrument_name(part.instrument)
            raise InputError(
                f"There are limits for {name}, which is not among the instruments. Add it, or leave them out."
            )


def parse_sections(text: str) -> Sections:
    """Return what "1-4 sparse, 5-8 busy strong C4-C6 at most 3" asks for.

    Raises:
        InputError: for bars that overlap, and for words that mean nothing there.
    """
    limits: list[SectionLimits] = []
    wishes: list[SectionWishes] = []
    taken: set[int] = set()
    for bars, words in _section_items(text):
        numbers = set(range(bars.start_bar, bars.stop_bar))
        if taken & numbers:
            raise InputError(f"Bar {min(taken & numbers) + 1} is in two sections. Let each bar be in one.")
        taken |= numbers
        limit, wish = _read_section(bars, words)
        if limit != SectionLimits(bars=bars):
            limits.append(limit)
        if wish != SectionWishes(bars=bars):
            wishes.append(wish)
    return Sections(limits=tuple(limits), wishes=tuple(wishes))


def parse_exclusions(names: Iterable[str]) -> tuple[int, ...]:
    """Return every program that is not to play; a family's name means the whole family.

    Raises:
        UnknownNameError: for the first name that is no instrument.
    """
    found: dict[int, None] = {}
    for name in names:
        cleaned = " ".join(name.casefold().split()).removeprefix("the ").removeprefix("any ").removeprefix("all ")
        if cleaned:
            found.update(dict.fromkeys(_family_of(cleaned) or (parse_instrument(cleaned),)))
    return tuple(found)


def parse_choice(kind: str, name: str, table: Iterable[str]) -> str:
    """Return the one of a table's names that somebody means.

    Raises:
        UnknownNameError: with the nearest names.
    """
    names, cleaned = tuple(table), " ".join(name.casefold().split())
    if cleaned not in names:
        raise UnknownNameError(
            kind=kind, name=name, suggestions=tuple(difflib.get_close_matches(cleaned, names, n=1)) or names
        )
    return cleaned


def parse_syncopation(name: str | None) -> float:
    """Return how far a name of ``SYNCOPATIONS`` leans; 0 for none."""
    return SYNCOPATIONS[parse_choice("syncopation", name, SYNCOPATIONS)] if name and name.strip() else 0.0


def parse_grid(name: str | None) -> int | None:
    """Return the units of a name of ``GRIDS``; None for none."""
    return GRIDS[parse_choice("grid", name, GRIDS)] if name and name.strip() else None


def _items(text: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,;]", text) if item.strip()]


def _once(before: ValueT | None, value: ValueT, sentence: str) -> ValueT:
    if before is not None and before != value:
        raise InputError(f"{sentence} Say it once.")
    return value


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_NOTES_AT_ONCE:
        raise InputError(f"From 1 to {MOST_NOTES_AT_ONCE} notes may sound at once. Choose a number in that range.")
    return count


def _section_items(text: str) -> Iterator[tuple[BarRange, str]]:
    """Yield bars and words; an item without bars goes on with those of the item before."""
    waiting: tuple[BarRange, str] | None = None
    for item in _items(text):
        match = None if re.fullmatch(RANGE_PATTERN, item, re.IGNORECASE) and waiting else _SECTION_ITEM.fullmatch(item)
        if match is None:
            if waiting is None:
                raise InputError(f"“{item[:40]}” begins with no bars. Write sections like 1-4 sparse, 5-8 busy.")
            waiting = waiting[0], f"{waiting[1]} {item}"
            continue
        if waiting is not None:
            yield waiting
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise InputError(f"“{item[:40]}”: bars count from 1, the first before the last, like 5-8 busy.")
        waiting = BarRange(first - 1, last), match[3]
    if waiting is not None:
        yield waiting


def _read_section(bars: BarRange, words: str) -> tuple[SectionLimits, SectionWishes]:
    density: int | None = None
    syncopation: float | None = None
    limits = SectionLimits(bars=bars)
    for match in _SECTION_WORD.finditer(words):
        word = (match["word"] or "").casefold().strip(".")
        if match["range"]:
            limits = replace(limits, pitch_range=parse_range(match["range"]))
        elif match["count"]:
            limits = replace(limits, max_notes_at_once=_count(match["count"]))
        elif word in DENSITIES:
            density = DENSITIES[word]
        elif word in SYNCOPATIONS:
            syncopation = SYNCOPATIONS[word]
        elif word not in _FILLERS:
            known = ", ".join((*DENSITIES, *SYNCOPATIONS))
            raise InputError(
                f"“{word[:30]}” means nothing in a section. Say one of {known}; a range like C3-C5; or at most 3."
            )
    if (density, syncopation) == (None, None) and limits == SectionLimits(bars=bars):
        raise InputError(
            f"Bars {bars.start_bar + 1}-{bars.stop_bar}: say what is to be there, for instance sparse or busy."
        )
    return limits, SectionWishes(bars=bars, density=density, syncopation=syncopation)


def _family_of(name: str) -> tuple[int, ...]:
    """Return the programs of a family's name; nothing for a single instrument's."""
    families = _FAMILY_WORDS.get(name) or _FAMILY_WORDS.get(name.removesuffix("s"))
    if families is None:
        families = tuple(family for family in FAMILIES if family.casefold() == name)
    return tuple(8 * FAMILIES.index(family) + index for family in families for index in range(8))
