"""What the remixer's network has to guess: bar-level masking and random notes, in numpy. It knows nothing of files.

Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3.3: one field of one instrument in one bar is masked together,
else the answer stands next to it. Beside that, single onsets are masked at random, because a remix changes a share of
the notes. The share follows the cosine schedule of Chang et al. 2022, "MaskGIT", arXiv 2202.04200, section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from inference.decoding.remixer_inputs import (
    Flags,
    Ints,
    bar_groups,
    make_inputs,
    onset_groups,
)
from inference.models.musicbert import NotePlaces
from music.tokenizers.octuple import DURATION, NUM_FIELDS, PAD_ID, PITCH, POSITION

TARGET_FIELDS = (PITCH, POSITION, DURATION)
_TASKS: tuple[tuple[int, ...], ...] = ((PITCH,), (POSITION, DURATION), (DURATION,), (PITCH, POSITION, DURATION))
_TASK_CHANCES = (0.5, 0.38, 0.06, 0.06)


class Batch(NamedTuple):
    """A batch of windows: ids (B, T, F), places, padding (B, T), and what to guess: masks and values (B, T, F)."""

    ids: Tensor
    places: NotePlaces
    is_padding: Tensor
    is_masked: Tensor
    values: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(
            self.ids.to(device),
            NotePlaces(*(place.to(device) for place in self.places)),
            self.is_padding.to(device),
            self.is_masked.to(device),
            self.values.to(device),
        )


def draw_mask(rows: Ints, track: Ints, random: np.random.Generator, *, task: Sequence[int], share: float) -> Flags:
    """Return (T, F): half of the time whole (bar, track) groups, half of the time single onsets, ``share`` of each."""
    groups = bar_groups(rows, track) if random.random() < 0.5 else onset_groups(rows, track)
    num_groups = int(groups[-1]) + 1
    chosen = random.random(num_groups) < share
    if not chosen.any():
        chosen[random.integers(num_groups)] = True
    is_masked = np.zeros((len(rows), NUM_FIELDS), dtype=np.bool_)
    for field in task:
        is_masked[:, field] = chosen[groups]
    return is_masked


def draw_training_mask(rows: Ints, track: Ints, random: np.random.Generator) -> Flags:
    """Return a mask of a random task and a share by the cosine schedule."""
    task = _TASKS[int(random.choice(len(_TASKS), p=_TASK_CHANCES))]
    share = math.cos(math.pi / 2 * random.random())
    return draw_mask(rows, track, random, task=task, share=max(share, 0.02))


def collate(windows: Sequence[tuple[Ints, Ints, Flags]], *, num_notes: int) -> Batch:
    """Return windows (rows, track, mask) as one batch, padded to ``num_notes``."""
    size = len(windows)
    ids = np.full((size, num_notes, NUM_FIELDS), PAD_ID, dtype=np.int64)
    places = np.full((len(NotePlaces._fields), size, num_notes), -1, dtype=np.int64)
    is_padding = np.ones((size, num_notes), dtype=np.bool_)
    masks = np.zeros((size, num_notes, NUM_FIELDS), dtype=np.bool_)
    values = np.zeros((size, num_notes, NUM_FIELDS), dtype=np.int64)
    for index, (rows, track, is_masked) in enumerate(windows):
        count = len(rows)
        inputs = make_inputs(rows, track, is_masked=is_masked)
        ids[index, :count] = inputs.ids
        for place, column in zip(places, inputs[1:], strict=True):
            place[index, :count] = column
        is_padding[index, :count] = False
        masks[index, :count] = is_masked
        values[index, :count] = rows
    return Batch(
        torch.from_numpy(ids),
        NotePlaces(*(torch.from_numpy(place) for place in places)),
        torch.from_numpy(is_padding),
        torch.from_numpy(masks),
        torch.from_numpy(values),
    )
