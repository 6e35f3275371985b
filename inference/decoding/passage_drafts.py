"""How many drafts of a bar are written in a hole, and which of them stays. It knows no network.

Minimum Bayes risk decoding by sampling (Eikema and Aziz 2020, arXiv 2005.10283): of several draws the one that agrees most
with the others is kept. A single draw may be an odd one, and the likeliest value of every choice in turn need not make a
likely bar; what most drafts have in common is what the network is sure of. Agreement is F1 of notes, an onset rounded to
the nearest 16th and a pitch, as the evaluation counts them.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.protocol import Sampling
from music.tokenizers.arrangement import UNITS_PER_FRAME
from music.vocabulary import Kind, read_event

NUM_DRAFTS = 8
"""Of each bar of a short hole; chosen on POP909's validation split."""
MAX_DRAFTED_BARS = 24
"""Bars that are written in all: a long hole has fewer drafts, so that the wait stays short."""
COLDEST, HOTTEST = 0.2, 0.8
"""Temperatures at which drafts are compared: below, they are all the same; who asks for more wants to be surprised."""
_FEWEST_DRAFTS = 3  # of two, none agrees more than the other

Row = tuple[int, ...]


def count_drafts(sampling: Sampling, *, num_bars: int) -> int:
    """Return how many drafts of each bar of a hole of so many bars are worth their time; 1: no choice among drafts."""
    if not COLDEST <= sampling.temperature_notes <= HOTTEST:
        return 1
    most = min(NUM_DRAFTS, MAX_DRAFTED_BARS // num_bars)
    return most if most >= _FEWEST_DRAFTS else 1


def choose_draft(drafts: Sequence[Sequence[Row]]) -> int:
    """Return the index of the draft (rows of events of one bar) nearest to the others; of equals the first."""
    contents = [_notes_of(rows) for rows in drafts]
    agreements = [
        sum(_agreement(own, other) for index, other in enumerate(contents) if index != number)
        for number, own in enumerate(contents)
    ]
    return agreements.index(max(agreements))


def _notes_of(rows: Sequence[Row]) -> frozenset[tuple[int, int]]:
    """Return the notes of a draft: 16th in the bar, pitch."""
    found: set[tuple[int, int]] = set()
    for row in rows:
        kind, values = read_event(row)
        if kind == Kind.NOTE:
            found.add(((values[1] + UNITS_PER_FRAME // 2) // UNITS_PER_FRAME, values[2]))
    return frozenset(found)


def _agreement(first: frozenset[tuple[int, int]], second: frozenset[tuple[int, int]]) -> float:
    """F1 of two sets of notes; two silent bars agree."""
    if not first and not second:
        return 1.0
    return 2 * len(first & second) / (len(first) + len(second))
