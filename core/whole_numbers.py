"""Whole numbers that people and strange files write. `int` alone takes too much: it fails on 5,000 digits, and `isdigit` lets “²” through."""

from __future__ import annotations

_MOST_DIGITS = 20  # Discord's own numbers have up to 20


def read_whole_number(text: str) -> int | None:
    """Return a whole number from 0 on written in digits alone, of any script; None for anything else and for more than 20 digits."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None
