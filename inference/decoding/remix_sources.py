"""Lays the pattern before the network: what stands where a masked value may be copied from. No network, no sampling.

For each masked note of one field: the answering notes of the same track 1, 2, 4 and 8 bars before and 1, 2 and 4 after, of
the three bars most like its own, and its neighbours' values; all bars' votes and the music around as levels of every value;
anchors that a step leads from; and, for durations, every shown note with its likeness (``remix_likeness.py``). Masked values are blotted out before anything else: nothing of them can show.

Legend: T notes of a stretch in the network's order, M masked notes of the window, K sources, C levels, V values, A anchors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inference.decoding.remix_layout import Aligner, Layout
from inference.decoding.remix_likeness import NUM_FEATURES, Pairs, lay_pairs
from inference.decoding.remix_matching import Floats32, Matcher
from inference.decoding.remix_surroundings import Surroundings, log_shares
from inference.decoding.remixer_inputs import Flags, Ints
from inference.models.remixer import HeadShape
from music.tokenizers.octuple import DURATION, FIELD_SIZES, PITCH, POSITION

Bytes = npt.NDArray[np.uint8]

OFFSETS = (-1, -2, -4, -8, 1, 2, 4)
NUM_BEST = 3
HEADS = (
    HeadShape(field=PITCH, num_sources=12, num_levels=7, radii=(24, 24, 24, 0)),
    HeadShape(field=POSITION, num_sources=12, num_levels=4, radii=(48, 48)),
    HeadShape(
        field=DURATION, num_sources=13, num_levels=4, radii=(16, 16, 32), kernels=(3, 1), num_features=NUM_FEATURES
    ),
)
"""What is laid out for each field. Sources: the offsets, the best bars, the notes beside (a duration also: the time to the
next onset). Anchors: the notes beside; then the chord's next lower note and the bass, or the time to the next onset."""
FACT_SIZES = (16, 32, 8, 8, 12, 12, 4)
"""Onset and number of onsets in the bar, note and notes of the chord, likeness of the best and the third bar, how many of
the three say the same as the first."""

_POOR_VOTE = 0.1  # of a note that answers badly
_SOFT, _SHARP = 2.0, 8.0  # how much more the votes of like bars count
_FLOOR = 0.005


class Sources(NamedTuple):
    """What is laid out for the masked notes of one field."""

    note: Ints  # (M,), index in the window
    values: Ints  # (M, K); V means none
    is_good: Flags  # (M, K), whether the note answers well
    facts: Ints  # (M, J), see ``FACT_SIZES``
    levels: Floats32  # (M, V, C): votes of like bars, softly and sharply, then those of ``Surroundings``
    anchors: Ints  # (M, A), -1 means none
    codes: Bytes  # (M, N, bytes), see ``Pairs``; N is 0 for fields for which single notes have no votes
    votes: Ints  # (M, N, 2)


class SourceFinder:
    """Finds sources in one stretch of notes, as far as they are shown now."""

    def __init__(self, layout: Layout, rows: Ints, is_masked: Flags) -> None:
        rows = np.where(is_masked, 0, rows)
        self._layout, self._rows, self._is_masked = layout, rows, is_masked
        self._aligner = Aligner(layout, rows, is_masked)
        self._matcher = Matcher(layout, rows, is_masked)
        self._surroundings = Surroundings(layout, rows, is_masked)

    def find(self, field: int, *, start: int, stop: int) -> Sources:
        """Return the sources of the masked notes of a window [start, stop)."""
        notes = start + np.flatnonzero(self._is_masked[start:stop, field])
        if not len(notes):
            return _nothing(field)
        best, votes, likeness = self._match(notes, field)
        fixed_values, fixed_good = self._values(notes, self._groups_beside(notes), field)
        best_values, best_good = self._values(notes, best, field)
        neighbours, anchors = self._surroundings.neighbours(notes, field)
        levels = self._surroundings.levels(notes, field)
        pairs = _no_pairs(len(notes))
        if field == DURATION:
            pairs = lay_pairs(self._layout, self._rows, self._is_masked, notes, best)
        return Sources(
            note=notes - start,
            values=np.concatenate([fixed_values, best_values, neighbours], axis=1),
            is_good=np.concatenate([fixed_good, best_good, np.zeros(neighbours.shape, dtype=np.bool_)], axis=1),
            facts=self._facts(notes, likeness, best_values),
            levels=np.concatenate([votes, levels], axis=2),
            anchors=anchors,
            codes=pairs.codes,
            votes=pairs.values,
        )

    def _groups_beside(self, notes: Ints) -> Ints:
        """Return the groups of the notes' tracks at the fixed distances (M, offsets), -1 where there is none."""
        layout = self._layout
        bars = layout.bar[notes][:, None] + np.asarray(OFFSETS)
        num_bars = layout.group_at.shape[1]
        groups = layout.group_at[layout.track[notes][:, None], np.clip(bars, 0, num_bars - 1)]
        return np.where((bars >= 0) & (bars < num_bars), groups, -1)

    def _values(self, notes: Ints, groups: Ints, field: int) -> tuple[Ints, Flags]:
        found, is_good = self._aligner.align(notes, groups, field=field)
        is_there = (groups >= 0) & ~self._is_masked[found, field]
        return np.where(is_there, self._rows[found, field], FIELD_SIZES[field]), is_good & is_there

    def _match(self, notes: Ints, field: int) -> tuple[Ints, Floats32, Floats32]:
        """Return the most alike groups (M, 3), votes as levels (M, V, 2) and likenesses (M, 3); -1 for no group."""
        layout = self._layout
        best = np.full((len(notes), NUM_BEST), -1, dtype=np.int64)
        likeness = np.full((len(notes), NUM_BEST), -1.0, dtype=np.float32)
        votes = np.zeros((len(notes), FIELD_SIZES[field], 2), dtype=np.float32)
        num_shown = np.add.reduceat((~self._is_masked[:, field]).astype(np.int64), layout.group_start)
        tracks = layout.track[notes]
        for track in np.unique(tracks).tolist():
            groups, scores = self._matcher.scores(track)
            shows = num_shown[groups] > 0
            scores = np.where(shows, scores, -np.inf)
            members = np.flatnonzero(tracks == track)
            own_scores = scores[np.searchsorted(groups, layout.group[notes[members]])]  # (m, groups)
            order = np.argsort(-own_scores, axis=1, kind="stable")[:, :NUM_BEST]
            taken = np.take_along_axis(own_scores, order, axis=1)
            is_there = np.isfinite(taken)
            best[members, : order.shape[1]] = np.where(is_there, groups[order], -1)
            likeness[members, : order.shape[1]] = np.where(is_there, taken, -1.0)
            votes[members] = self._vote(notes[members], groups, own_scores, field)
        return best, votes, likeness

    def _vote(self, notes: Ints, groups: Ints, scores: Floats32, field: int) -> Floats32:
        """Return the logarithms of weighted shares of the answers of all groups (m, V, 2)."""
        found, is_good = self._aligner.align(notes, np.broadcast_to(groups, scores.shape), field=field)
        is_there = np.isfinite(scores) & ~self._is_masked[found, field]
        weight = np.where(is_good, 1.0, _POOR_VOTE) * is_there
        finite = np.where(np.isfinite(scores), scores, -1e3)
        below = finite - finite.max(axis=1, keepdims=True)
        size = FIELD_SIZES[field]
        flat = (np.arange(len(notes))[:, None] * size + self._rows[found, field]).ravel()
        levels = [
            log_shares(_count(flat, weight * np.exp(sharpness * below), size), floor=_FLOOR)
            for sharpness in (_SOFT, _SHARP)
        ]
        return np.stack(levels, axis=2).astype(np.float32)

    def _facts(self, notes: Ints, likeness: Floats32, best_values: Ints) -> Ints:
        layout = self._layout
        steps = np.clip(np.floor(likeness * 2), -1, 10).astype(np.int64) + 1
        facts = np.stack(
            [
                layout.onset_index[notes], layout.num_onsets[notes], layout.chord_index[notes], layout.chord_size[notes],
                steps[:, 0], steps[:, 2], (best_values == best_values[:, :1]).sum(axis=1),
            ],
            axis=1,
        )  # fmt: skip
        return np.minimum(facts, np.asarray(FACT_SIZES) - 1)


def _count(flat: Ints, weight: Floats32, size: int) -> Floats32:
    """Return sums of ``weight`` (m, groups) by row and value (m, V)."""
    sums = np.bincount(flat, weight.ravel(), minlength=len(weight) * size)
    return sums.reshape(-1, size).astype(np.float32)


def _nothing(field: int) -> Sources:
    shape = next(head for head in HEADS if head.field == field)
    return Sources(
        note=np.zeros(0, dtype=np.int64),
        values=np.zeros((0, shape.num_sources), dtype=np.int64),
        is_good=np.zeros((0, shape.num_sources), dtype=np.bool_),
        facts=np.zeros((0, len(FACT_SIZES)), dtype=np.int64),
        levels=np.zeros((0, FIELD_SIZES[field], shape.num_levels), dtype=np.float32),
        anchors=np.zeros((0, len(shape.radii)), dtype=np.int64),
        codes=_no_pairs(0).codes,
        votes=_no_pairs(0).values,
    )


def _no_pairs(num_masked: int) -> Pairs:
    return Pairs(
        np.zeros((num_masked, 0, NUM_FEATURES // 8), dtype=np.uint8), np.zeros((num_masked, 0, 2), dtype=np.int64)
    )
