"""How alike two bars of a track are, as far as they are shown: what may be copied is found by it. No network.

Each bar of a track is a bag of hashed items (position with duration, position with pitch, ordinal of the onset with
pitch); each whole bar one of all its tracks' items. A masked value is in no bag. Likeness is the cosine of two bags.

Legend: G groups (one track in one bar), B bars.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.decoding.remix_layout import Layout
from inference.decoding.remixer_inputs import Flags, Ints
from music.tokenizers.octuple import DURATION, PITCH, POSITION

Floats32 = npt.NDArray[np.float32]

_GROUP_BINS = 128  # for each kind of item
_BAR_BINS = 512
_MIXER = np.uint64(0x9E3779B97F4A7C15)


# How much each kind of likeness counts: set by hand on validation pieces, the network learns the rest.
_RHYTHM, _PLACE, _LINE, _BAR, _AROUND = 1.0, 1.0, 0.5, 1.5, 0.75
_DISTANCE = 0.002  # for each bar between


class Matcher:
    """The likeness of bars in one stretch of notes."""

    def __init__(self, layout: Layout, rows: Ints, is_masked: Flags) -> None:
        shown = ~is_masked
        has_rhythm = shown[:, POSITION] & shown[:, DURATION]
        has_place = shown[:, POSITION] & shown[:, PITCH]
        ordinal = layout.onset_index
        items = (
            (has_rhythm, rows[:, POSITION] * 256 + rows[:, DURATION]),
            (has_place, rows[:, POSITION] * 256 + rows[:, PITCH]),
            (shown[:, PITCH], ordinal * 256 + rows[:, PITCH]),
        )
        self._layout = layout
        num_groups, num_bars = len(layout.group_start), layout.group_at.shape[1]
        self._bags = [_bags(layout.group[has], item[has], num_groups, _GROUP_BINS) for has, item in items]
        bars = sum(
            _bags(layout.bar[has], ((item * 64 + layout.track) * 4 + kind)[has], num_bars, _BAR_BINS)
            for kind, (has, item) in enumerate(items)
        )
        self._bars = _cosines(np.minimum(bars, 1.0))
        self._scores: dict[int, tuple[Ints, Floats32]] = {}

    def scores(self, track: int) -> tuple[Ints, Floats32]:
        """Return the groups (K,) of a track, and how well each (row) would be served by each other (K, K)."""
        if track not in self._scores:
            self._scores[track] = self._score(track)
        return self._scores[track]

    def _score(self, track: int) -> tuple[Ints, Floats32]:
        layout = self._layout
        groups = layout.group_at[track]
        groups = groups[groups >= 0]
        bars = layout.group_bar[groups]
        rhythm, place, line = (_cosines(bag[groups]) for bag in self._bags)
        alike = self._bars[np.ix_(bars, bars)]
        found = _RHYTHM * rhythm + _PLACE * place + _LINE * line + _BAR * alike
        found += _AROUND * (self._shifted(bars, 1) + self._shifted(bars, -1))
        found -= _DISTANCE * np.abs(bars[:, None] - bars[None, :])
        np.fill_diagonal(found, -np.inf)
        return groups, found.astype(np.float32)

    def _shifted(self, bars: Ints, step: int) -> Floats32:
        """Return how alike the bars next to two bars are; 0 beyond the ends."""
        beside = bars + step
        is_inside = (beside >= 0) & (beside < len(self._bars))
        beside = np.clip(beside, 0, len(self._bars) - 1)
        return self._bars[np.ix_(beside, beside)] * (is_inside[:, None] & is_inside[None, :])


def _bags(owner: Ints, item: Ints, num_owners: int, num_bins: int) -> Floats32:
    """Return (owners, bins), 1 where an owner has an item of that hash."""
    hashed = (item.astype(np.uint64) * _MIXER) >> np.uint64(40)
    flat = owner * num_bins + (hashed % np.uint64(num_bins)).astype(np.int64)
    counts = np.bincount(flat, minlength=num_owners * num_bins).reshape(num_owners, num_bins)
    return np.minimum(counts, 1).astype(np.float32)


def _cosines(bags: Floats32) -> Floats32:
    norm = np.sqrt(np.square(bags).sum(axis=1)) + 1e-6
    scaled = bags / norm[:, None]
    return scaled @ scaled.T
