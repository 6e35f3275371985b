"""Bars and numbers of notes in a few words; bars are counted from 1 there. It knows nothing of songs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from music.versions.three_way import runs_of

_MOST_RUNS = 4


def bars_in_words(start_bar: int, stop_bar: int) -> str:
    """Return "bar 5" or "bars 5-8" for bars from 0, half-open."""
    return f"bar {stop_bar}" if stop_bar - start_bar == 1 else f"bars {start_bar + 1}-{stop_bar}"


def many_bars_in_words(bars: Iterable[int]) -> str:
    """Return "bars 1-4, 7 and 9" for bars from 0; the first few ranges, and how many bars come after them."""
    runs = runs_of(sorted(set(bars)))
    if len(runs) == 1:
        return bars_in_words(*runs[0])
    words = [str(stop) if stop - start == 1 else f"{start + 1}-{stop}" for start, stop in runs[:_MOST_RUNS]]
    num_more = sum(stop - start for start, stop in runs[_MOST_RUNS:])
    if num_more:
        words.append(f"{num_more} more")
    return f"bars {listed(words)}"


def notes_in_words(num_notes: int) -> str:
    """Return "1 note" or "12 notes"."""
    return "1 note" if num_notes == 1 else f"{num_notes:,} notes"


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
