"""Which bars are laid before the writer as patterns to copy, and how well the music around them fits. No networks.

For each bar to be written: fixed distances (``FIXED_OFFSETS``) and the bars whose *context* fits best. A bar's context is
what is known around what is missing: the given parts' notes in it, the target parts' notes in the two bars beside it,
and its chords where they are asked for. Copying the best match alone is a strong rule (a repeat of the melody gets the
same accompaniment); here it is where a network starts from. Only bars whose target parts are known when the bar is
written are ever named (``Passage.can_see``).

Legend: B bars, K = ``NUM_SOURCES``, U distinct tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from music.tokenizers.arrangement import UNITS_PER_FRAME, Floats, Ints, Passage
from music.vocabulary import Kind

FIXED_OFFSETS = (-1, -2, -4, -8, 1)
NUM_MATCHES = 3
NUM_SOURCES = len(FIXED_OFFSETS) + NUM_MATCHES
BEST_MATCH = len(FIXED_OFFSETS)
"""The index of the bar that fits best among a bar's sources."""
NO_SOURCE = -1
NUM_FITS = 12
"""Classes of fit: 0 (nothing in common) .. 10 (the same), 11 for "no such bar"."""
BEST_FIT = NUM_FITS - 2

_CHORD_SLOT = 16


@dataclass(frozen=True, slots=True)
class SourceBars:
    """``bars`` (B, K): bars to copy from, ``NO_SOURCE`` where there is none; ``fits`` (B, K): classes of fit."""

    bars: Ints
    fits: Ints


def rank_sources(passage: Passage, bars_to_rank: Sequence[int] | None = None) -> SourceBars:
    """Return the sources of every bar to be written, or of those named; rows of other bars say that there is none."""
    count = passage.num_bars
    bars = np.full((count, NUM_SOURCES), NO_SOURCE, dtype=np.int64)
    fits = np.full((count, NUM_SOURCES), NUM_FITS - 1, dtype=np.int64)
    contexts = _Contexts(passage)
    for bar in passage.written_bars if bars_to_rank is None else bars_to_rank:
        bars[bar], fits[bar] = contexts.rank(bar)
    return SourceBars(bars, fits)


class _Contexts:
    """What two bars have in common, counted once for all pairs: (B, B) each."""

    def __init__(self, passage: Passage) -> None:
        columns = passage.columns
        is_given = (columns.kind == Kind.NOTE) & ~passage.is_target_note
        self.passage = passage
        self.given = _overlaps(passage, is_given)
        self.target = _overlaps(passage, passage.is_target_note)
        self.chords = _overlaps(passage, columns.kind == Kind.CHORD)
        self.is_chord_given = bool((passage.is_chord_given & passage.is_written).any())

    def rank(self, bar: int) -> tuple[Ints, Ints]:
        """Return bars (K,) and classes of fit (K,)."""
        seen = self.passage.can_see(bar)
        fit = self._fit(bar)
        fixed = [bar + offset for offset in FIXED_OFFSETS]
        fixed = [each if 0 <= each < len(seen) and seen[each] else NO_SOURCE for each in fixed]

        numbers = np.arange(len(seen))
        order = np.lexsort((numbers, np.abs(numbers - bar), -fit))
        matches = [int(each) for each in order[:NUM_MATCHES] if seen[each] and fit[each] > 0]
        matches += [NO_SOURCE] * (NUM_MATCHES - len(matches))
        bars = np.asarray([*fixed, *matches], dtype=np.int64)
        classes = np.rint(fit[bars] * BEST_FIT).astype(np.int64)
        return bars, np.where(bars == NO_SOURCE, NUM_FITS - 1, classes)

    def _fit(self, bar: int) -> Floats:
        """Return how well the contexts of all bars (B,) fit this one's, 0..1 (Dice); unseen bars have -1."""
        seen = self.passage.can_see(bar)
        common, size = self.given.common[bar].copy(), self.given.sizes + self.given.sizes[bar]
        if self.passage.is_chord_given[bar]:
            common = common + self.chords.common[bar]
            size = size + self.chords.sizes + self.chords.sizes[bar]
        count = len(seen)
        for step in (-1, 1):
            beside = bar + step
            if not 0 <= beside < count or not seen[beside]:
                continue
            others = np.arange(count) + step
            is_known = (others >= 0) & (others < count)
            others = np.clip(others, 0, count - 1)
            is_known &= seen[others]
            common = common + np.where(is_known, self.target.common[beside, others], 0)
            size = size + self.target.sizes[beside] + np.where(is_known, self.target.sizes[others], 0)
        fit = 2 * common / np.maximum(size, 1)
        return np.where(seen, fit, -1.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Overlaps:
    common: Floats  # (B, B), tokens that two bars share
    sizes: Floats  # (B,)


def _overlaps(passage: Passage, chosen: np.typing.NDArray[np.bool_]) -> _Overlaps:
    """Count shared tokens of bars; a token is part, 16th and pitch, or the place, root and quality of a chord."""
    columns = passage.columns
    is_chord = columns.kind[chosen] == Kind.CHORD
    slot = np.where(is_chord, _CHORD_SLOT, columns.slot[chosen])
    frame = np.rint(columns.position[chosen] / UNITS_PER_FRAME).astype(np.int64)
    value = np.where(is_chord, columns.root[chosen] * 32 + columns.quality[chosen], columns.pitch[chosen])
    _, token = np.unique((slot * 64 + frame) * 1024 + value, return_inverse=True)
    table = np.zeros((passage.num_bars, int(token.max(initial=0)) + 1), dtype=np.float32)
    table[columns.bar[chosen], token] = 1.0
    return _Overlaps(table @ table.T, table.sum(axis=1))
