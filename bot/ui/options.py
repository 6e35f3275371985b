"""What people type into command options: reading it, and suggesting while they type. It knows nothing of commands.

Names are only suggested here; whether one exists is decided by the services, with a sentence that says what to do.
"""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import app_commands

from core.errors import InputError
from music.instruments import GM_NAMES
from music.names import GENRES, all_key_names

MAX_CHOICES = 25  # Discord's own
_MAX_CHOICE_LENGTH = 100

COMMON_INSTRUMENTS: tuple[str, ...] = (
    "piano",
    "drums",
    "bass",
    "guitar",
    "electric guitar",
    "strings",
    "electric piano",
    "organ",
    "violin",
    "cello",
    "flute",
    "clarinet",
    "trumpet",
    "brass",
    "sax",
    "choir",
    "harp",
    "synth lead",
    "synth pad",
    "vibraphone",
)
_INSTRUMENT_NAMES = tuple(dict.fromkeys((*COMMON_INSTRUMENTS, *(name.casefold() for name in GM_NAMES))))

_BARS = re.compile(r"(?:bars?\s*)?(\d{1,6})(?:\s*(?:-|–|—|to|\.\.)\s*(\d{1,6}))?", re.IGNORECASE)
_LIST_MARK = re.compile(r"\s*(?:,|;|/|&|\band\b)\s*", re.IGNORECASE)


def parse_bars(text: str | None) -> tuple[int, int] | None:
    """Return the first and last bar (from 1, both included) that "5-8" or "5" names.

    Raises:
        InputError: when it names none.
    """
    if text is None or not text.strip():
        return None
    match = _BARS.fullmatch(text.strip())
    if match is None:
        raise InputError(f"I cannot read “{text[:40]}” as bars. Write them like 5-8, or 5 for a single bar.")
    first = int(match[1])
    last = int(match[2] or match[1])
    if first < 1 or last < first:
        raise InputError("Bars count from 1, and the first comes first. Write them like 5-8.")
    return first, last


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names in a list such as "piano, bass and drums", in order, empty ones left out."""
    return tuple(part.strip() for part in _LIST_MARK.split(text or "") if part.strip())


def suggest(current: str, names: tuple[str, ...]) -> list[str]:
    """Return the names that begin with what was typed, then those that contain it."""
    typed = " ".join(current.casefold().split())
    starting = [name for name in names if name.casefold().startswith(typed)]
    containing = [name for name in names if typed in name.casefold() and name not in starting]
    return [*starting, *containing][:MAX_CHOICES]


async def suggest_genres(_interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Suggest genres."""
    return _choices(suggest(current, GENRES))


async def suggest_keys(_interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Suggest keys."""
    return _choices(suggest(current, all_key_names()))


async def suggest_instruments(_interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Complete the last name of a list of instruments."""
    *done, typed = _LIST_MARK.split(current)
    begun = ", ".join(done)
    names = [name for name in suggest(typed, _INSTRUMENT_NAMES) if name not in done]
    return _choices([f"{begun}, {name}" if begun else name for name in names])


def _choices(names: list[str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in names if len(name) <= _MAX_CHOICE_LENGTH]
