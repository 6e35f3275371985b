"""What every piece costs the generator in nats, with as much of the past as one allows it. It knows no baselines.

Pieces lie in lanes and are read in segments, memory carried, as in training; sums are kept apart by piece, so that
whoever compares can draw pieces anew (bootstrap).

Legend: N events, B lanes, T segment length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from inference.models.generator import Generator
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import INPUT_WIDTH, NUM_COLUMNS, Features, Rows
from music.vocabulary import EVENT_WIDTH, FIELDS, PAD_ID, Kind
from training.generator import NOTE_FIELDS, field_nats

_NUM_LANES = 16
_BAR_ID = FIELDS["kind"].id_of(Kind.BAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the network reads and is asked: ``inputs`` (N, ids), ``targets`` (N, ids; ``PAD_ID``: not asked) and the
    features (N, columns) known before each target.
    """

    inputs: Rows
    targets: Rows
    features: Features


@dataclass(slots=True)
class PieceNats:
    """Sums over one piece."""

    parts: dict[str, float] = field(default_factory=dict[str, float])  # field -> nats
    num_notes: int = 0

    @property
    def note_nats(self) -> float:
        """Nats of notes: their fields and the choices before every event."""
        return sum(self.parts.get(name, 0.0) for name in NOTE_FIELDS)


def whole_reading(rows: Rows, *, is_asked: npt.NDArray[np.bool_] | None = None) -> Reading:
    """Return an excerpt with header as it is read from its beginning; ``is_asked`` (N,) picks the events that count."""
    inputs, features = extract_features(rows)
    targets = rows.copy()
    if is_asked is not None:
        targets[~is_asked] = PAD_ID
    return Reading(inputs=inputs[:-1], targets=targets[1:], features=features[1:])


def bars_of(rows: Rows) -> npt.NDArray[np.int64]:
    """Return the bar of every event (N,), from 0; the header is in bar -1."""
    return np.cumsum(rows[:, 0] == _BAR_ID) - 1


@torch.no_grad()
def score_readings(
    model: Generator, readings: Sequence[Reading], *, memory_length: int | None = None, num_lanes: int = _NUM_LANES
) -> list[PieceNats]:
    """Return the nats of every reading, in their order; ``memory_length`` is in events, by default the checkpoint's."""
    device = next(model.parameters()).device
    memory_length = model.config.body.memory_length if memory_length is None else memory_length
    scores = [PieceNats() for _ in readings]
    order = sorted(range(len(readings)), key=lambda index: len(readings[index].inputs))
    for start in range(0, len(order), num_lanes):
        lanes = order[start : start + num_lanes]
        memory = model.body.empty_memory(len(lanes), memory_length)
        for segment in _segments([readings[index] for index in lanes], model.config.body.segment_length):
            inputs, sequence = (
                torch.from_numpy(segment.inputs).to(device),
                torch.from_numpy(segment.sequence).to(device),
            )
            with torch.autocast(device.type, dtype=torch.bfloat16):
                hidden, memory = model(inputs, sequence=sequence, memory=memory)
            for lane, index in enumerate(lanes):
                _add(scores[index], model, hidden[lane], segment, lane)
    return scores


@dataclass(frozen=True, slots=True)
class _Segment:
    inputs: Rows  # (B, T, ids)
    targets: Rows
    features: Features
    sequence: npt.NDArray[np.int64]  # (B, T), -1: padding


def _segments(readings: Sequence[Reading], length: int) -> Iterator[_Segment]:
    longest = max(len(each.inputs) for each in readings)
    shape = (len(readings), -(-longest // length) * length)
    inputs = np.zeros((*shape, INPUT_WIDTH), dtype=np.int16)
    targets = np.zeros((*shape, EVENT_WIDTH), dtype=np.int16)
    features = np.zeros((*shape, NUM_COLUMNS), dtype=np.int32)
    sequence = np.full(shape, -1, dtype=np.int64)
    for lane, each in enumerate(readings):
        count = len(each.inputs)
        inputs[lane, :count], targets[lane, :count], features[lane, :count] = each.inputs, each.targets, each.features
        sequence[lane, :count] = lane
    for start in range(0, shape[1], length):
        where = slice(start, start + length)
        yield _Segment(inputs[:, where], targets[:, where], features[:, where], sequence[:, where])


def _add(score: PieceNats, model: Generator, hidden: torch.Tensor, segment: _Segment, lane: int) -> None:
    asked = np.flatnonzero(segment.targets[lane, :, 0] != PAD_ID)
    if not len(asked):
        return
    targets = torch.from_numpy(segment.targets[lane, asked]).to(hidden.device).long()
    features = torch.from_numpy(segment.features[lane, asked]).to(hidden.device).long()
    with torch.autocast(hidden.device.type, dtype=torch.bfloat16):
        nats = field_nats(model.fields, hidden[torch.from_numpy(asked).to(hidden.device)], features, targets)
    score.num_notes += nats.num_notes
    for name, value in nats.parts.items():
        score.parts[name] = score.parts.get(name, 0.0) + float(value)
