"""Deals prepared chorales out: shuffled and transposed in lanes for training, whole pieces for scoring. It knows no network.

Legend: B lanes, T segment length, W columns read by the body, V voices in the order of writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.tokenizers.chorale import LOWEST_PITCH, NUM_VOICES, PITCH_COLUMNS, VOICE_COLUMNS, Floats, Ids
from training.jsb_data import Prepared

_SPAN_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """One segment of each lane."""

    reading: Tensor  # (B, T, W) ids, 0 where hidden
    sequence: Tensor  # (B, T) number of the piece, -1 for padding
    head_ids: Tensor  # (B, T, V, H)
    dense: Tensor  # (B, T, V, numbers)
    columns: Tensor  # (B, T, V, S, K)
    anchors: Tensor  # (B, T, V) as values; below 0: none
    values: Tensor  # (B, T, V)


def gather(
    data: Prepared, frames: Ids, *, shifts: Ids, sequence: Ids, hidden: NDArray[np.bool_] | None = None
) -> Batch:
    """Return the frames (B, T), transposed by ``shifts`` (B, T); the body does not read ``hidden`` (B, T, 4) voices."""
    reading = data.reading[frames].astype(np.int64)
    for column in PITCH_COLUMNS:
        ids = reading[:, :, column]
        reading[:, :, column] = np.where(ids > 1, ids + shifts, ids)
    if hidden is not None:
        for voice, columns in enumerate(VOICE_COLUMNS):
            reading[:, :, list(columns)] *= ~hidden[:, :, voice, None]
    values = data.values[frames].astype(np.int64)
    anchors = data.anchors[frames].astype(np.int64)
    moved = shifts[:, :, None]
    return Batch(
        reading=torch.from_numpy(reading),
        sequence=torch.from_numpy(sequence),
        head_ids=torch.from_numpy(data.head_ids[frames].astype(np.int64)),
        dense=torch.from_numpy(data.dense[frames]).float(),
        columns=torch.from_numpy(data.columns[frames]),
        anchors=torch.from_numpy(np.where(anchors >= 0, anchors + moved - LOWEST_PITCH + 1, -1)),
        values=torch.from_numpy(np.where(values > 0, values + moved, 0)),
    )


@dataclass(slots=True)
class _Open:
    """What is left of the piece in a lane."""

    start: int
    stop: int
    shift: int
    number: int


class Lanes:
    """Endless batches: each lane reads piece after piece, each from its beginning, in a random key within the ranges."""

    def __init__(
        self,
        data: Prepared,
        shares: Floats,
        *,
        num_lanes: int,
        segment_length: int,
        hidden_share: float,
        seed: int,
        counter: int = 0,
    ) -> None:
        self.data = data
        self.shares = shares / shares.sum()
        self.segment_length = segment_length
        self.hidden_share = hidden_share
        self.counter = counter
        self.random = np.random.default_rng([seed, counter])
        self._open = [self._draw() for _ in range(num_lanes)]

    def _draw(self) -> _Open:
        self.counter += 1
        piece = int(self.random.choice(len(self.shares), p=self.shares))
        low, high = self.data.shifts[piece]
        shift = int(self.random.integers(low, high + 1))
        return _Open(int(self.data.starts[piece]), int(self.data.starts[piece + 1]), shift, self.counter)

    def next_batch(self) -> Batch:
        """Return the next segment of every lane."""
        shape = (len(self._open), self.segment_length)
        frames, shifts, sequence = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        for lane in range(shape[0]):
            at = 0
            while at < self.segment_length:
                piece = self._open[lane]
                count = min(piece.stop - piece.start, self.segment_length - at)
                frames[lane, at : at + count] = np.arange(piece.start, piece.start + count)
                shifts[lane, at : at + count] = piece.shift
                sequence[lane, at : at + count] = piece.number
                at += count
                piece.start += count
                if piece.start == piece.stop:
                    self._open[lane] = self._draw()
        return gather(self.data, frames, shifts=shifts, sequence=sequence, hidden=self._hide(shape))

    def _hide(self, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
        """Draw spans of voices (B, T, 4) that the body shall not read."""
        if self.hidden_share == 0.0:
            return None
        spans = self.random.random((shape[0], -(-shape[1] // _SPAN_FRAMES) + 1, NUM_VOICES)) < self.hidden_share
        offset = int(self.random.integers(_SPAN_FRAMES))
        return np.repeat(spans, _SPAN_FRAMES, axis=1)[:, offset : offset + shape[1]]


def whole_pieces(data: Prepared, pieces: Sequence[int], *, segment_length: int, shift: int) -> Iterator[Batch]:
    """Yield the segments of whole pieces, one a lane; shorter ones are padded (sequence -1)."""
    lengths = [int(data.starts[piece + 1] - data.starts[piece]) for piece in pieces]
    count = -(-max(lengths) // segment_length)
    frames = np.zeros((len(pieces), count * segment_length), dtype=np.int64)
    sequence = np.full(frames.shape, -1, dtype=np.int64)
    for lane, (piece, length) in enumerate(zip(pieces, lengths, strict=True)):
        frames[lane, :length] = np.arange(data.starts[piece], data.starts[piece + 1])
        sequence[lane, :length] = lane
    shifts = np.full((len(pieces), segment_length), shift, dtype=np.int64)
    for start in range(0, frames.shape[1], segment_length):
        where = slice(start, start + segment_length)
        yield gather(data, frames[:, where], shifts=shifts, sequence=sequence[:, where])
