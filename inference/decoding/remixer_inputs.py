"""Octuple rows -> what the remixer's network reads. It knows nothing of sampling; training uses it too.

Legend: T notes in a window, F fields. The network reads notes by bar, then track, position and pitch: neighbours are
then of one voice, which a small network learns from faster than from the order of OctupleMIDI (bar, position, ...).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from music.tokenizers import octuple
from music.tokenizers.octuple import BAR, DURATION, FIELD_OFFSETS, MASK_ID, METRE, METRES, PITCH, POSITION

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_OFFSETS = np.asarray(FIELD_OFFSETS, dtype=np.int64)
_BAR_LENGTHS = np.asarray(
    [4 * octuple.POSITIONS_PER_QUARTER * numerator // denominator for numerator, denominator in METRES], dtype=np.int64
)


class NetworkInputs(NamedTuple):
    """Arrays for one window: ``ids`` (T, F); the others (T,), as ``inference.models.note_encoder.NotePlaces`` explains them."""

    ids: Ints
    time: Ints
    bar: Ints
    position: Ints
    pitch: Ints
    track: Ints


def order_for_network(rows: Ints, track: Ints) -> Ints:
    """Return the order (T,) of rows by bar, track, position, pitch, duration."""
    return np.lexsort((rows[:, DURATION], rows[:, PITCH], rows[:, POSITION], track, rows[:, BAR]))


def make_inputs(rows: Ints, track: Ints, *, is_masked: Flags) -> NetworkInputs:
    """Return the network's view of a window in its order; bars are counted from the window's first.

    Args:
        rows: (T, F) values without offsets.
        track: (T,), any numbers that differ between tracks.
        is_masked: (T, F), what the network must not see.
    """
    bar = rows[:, BAR] - rows[0, BAR]
    shown = rows.copy()
    shown[:, BAR] = np.minimum(bar, octuple.MAX_BARS - 1)
    ids = np.where(is_masked, MASK_ID, shown + _OFFSETS)
    hidden = is_masked[:, POSITION]
    time = bar_times(rows) + np.where(hidden, 0, rows[:, POSITION])
    position = np.where(hidden, -1, rows[:, POSITION])
    pitch = np.where(is_masked[:, PITCH], -1, rows[:, PITCH])
    return NetworkInputs(ids, time, bar, position, pitch, track)


def bar_times(rows: Ints) -> Ints:
    """Return where each note's bar begins, in positions since the first one; silent bars count like the one before."""
    steps = np.diff(rows[:, BAR]) * _BAR_LENGTHS[rows[:-1, METRE]]
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps)])


def onset_groups(rows: Ints, track: Ints) -> Ints:
    """Return a number for each note (T,), equal for notes of one track and onset; rows are in the network's order."""
    return _number_runs(rows[:, BAR], track, rows[:, POSITION])


def bar_groups(rows: Ints, track: Ints) -> Ints:
    """Return a number for each note (T,), equal for notes of one track and bar; rows are in the network's order."""
    return _number_runs(rows[:, BAR], track)


def _number_runs(*columns: Ints) -> Ints:
    is_new = np.zeros(len(columns[0]), dtype=np.bool_)
    for column in columns:
        is_new[1:] |= column[1:] != column[:-1]
    return np.cumsum(is_new, dtype=np.int64)
