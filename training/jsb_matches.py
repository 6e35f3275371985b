"""Where the chorale itself has been before: for each step of a voice, the longest earlier match that goes on with it.

Chorales repeat their first lines (bar form, A A B). A match is a run of frames that equals the frames just before the one
to be written; what followed it supports one step. It looks at earlier frames and the voices already written only.

Legend: T frames, S steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.chorale import MAX_STEP, NUM_STEPS, ChoraleFrames, Floats, Ids

MATCHES = ("all_voices", "own_voice", "soprano")
_LONGEST = 96


def run_lengths(is_equal: NDArray[np.bool_]) -> Ids:
    """Return (T, T): for frames t and j, how many frames ending with them are equal, diagonal by diagonal."""
    lengths = np.zeros(is_equal.shape, dtype=np.int64)
    lengths[0] = is_equal[0]
    for time in range(1, len(is_equal)):
        lengths[time] = is_equal[time]
        lengths[time, 1:] += lengths[time - 1, :-1] * is_equal[time, 1:]
    return np.minimum(lengths, _LONGEST)


def match_levels(frames: ChoraleFrames, voice: int, written: Sequence[int]) -> tuple[Floats, Ids]:
    """Return support (T, S, kinds of ``MATCHES``) in 0 .. 1, and the longest match of each kind in frames (T, kinds)."""
    pitches = frames.pitches
    is_equal = pitches[:, None, :] == pitches[None, :, :]  # (T, T, V)
    goes_on = is_equal[:, :, list(written)].all(axis=-1)  # the written voices agree in the frame itself
    soprano = run_lengths(is_equal[:, :, 0]) if 0 in written else np.zeros(is_equal.shape[:2], dtype=np.int64)
    kinds = (
        _shift(run_lengths(is_equal.all(axis=-1))) * goes_on,
        _shift(run_lengths(is_equal[:, :, voice])),
        soprano,
    )
    steps = frames.pitches[:, voice][None, :] - frames.anchors[:, voice][:, None]  # (T, T) of t and earlier j
    is_step = (np.abs(steps) <= MAX_STEP) & (pitches[:, voice] >= 0)[None, :] & (frames.anchors[:, voice] >= 0)[:, None]
    is_earlier = np.tri(len(pitches), k=-1, dtype=np.bool_)
    row, column = np.nonzero(is_step & is_earlier)
    support = np.zeros((len(kinds), len(pitches), NUM_STEPS), dtype=np.int64)
    longest = np.zeros((len(pitches), len(kinds)), dtype=np.int64)
    for index, lengths in enumerate(kinds):
        np.maximum.at(support[index], (row, steps[row, column] + MAX_STEP), lengths[row, column])
        longest[:, index] = (lengths * is_earlier).max(axis=1)
    scaled = np.log1p(support.transpose(1, 2, 0)) / np.log1p(_LONGEST)
    return scaled.astype(np.float32), longest


def _shift(lengths: Ids) -> Ids:
    """Return the lengths of the runs that end one frame before both frames."""
    shifted = np.zeros_like(lengths)
    shifted[1:, 1:] = lengths[:-1, :-1]
    return shifted
