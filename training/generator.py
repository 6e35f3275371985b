"""What the generator is trained on: nats of every field of the next event, and its part in the loop.

Legend: B lanes, T segment length, N places with a next event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.event_sizes import name_features
from inference.models.event_fields import EventFields
from inference.models.generator import Generator
from inference.models.transformer_xl import Memory
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import (
    CHOICE_BAR,
    CHOICE_CHORD,
    CHOICE_END,
    CHOICE_TRACK,
    COLUMNS,
    INPUT_WIDTH,
    NUM_CHOICES,
    NUM_COLUMNS,
    NUM_DURATIONS,
    NUM_PITCHES,
    NUM_POSITIONS,
    NUM_VELOCITIES,
    Features,
    Rows,
)
from music.vocabulary import EVENT_FIELDS, EVENT_WIDTH, FIELDS, Kind
from training.collate import Batch, ExcerptSource, LaneBatcher, assemble_excerpt, cut_bars
from training.corpus import Corpus
from training.loop import StepLoss

VELOCITY_WEIGHT = 0.5
NOTE_FIELDS = ("choice", "position", "pitch", "duration", "velocity")
"""Parts of the nats per note; chord, bar and track fields are listed apart."""
_NO_SUCH_BAR = {
    "position_back": NUM_POSITIONS + 1,
    "pitch_back": NUM_PITCHES + 1,
    "duration_back": NUM_DURATIONS + 1,
    "velocity_back": NUM_VELOCITIES + 1,
}
_CHOICES = {Kind.BAR: CHOICE_BAR, Kind.CHORD: CHOICE_CHORD, Kind.TRACK: CHOICE_TRACK, Kind.END: CHOICE_END}


@dataclass(frozen=True, slots=True)
class Nats:
    """Sums over a batch: nats of each part, and how many notes and events there were."""

    parts: dict[str, Tensor]
    num_notes: int
    num_events: int


def run_batch(model: Generator, batch: Batch, memory: Memory, device: torch.device) -> tuple[Nats, Memory]:
    """Return the nats of a batch (with gradients where enabled) and the next memory."""
    inputs = torch.from_numpy(batch.inputs).to(device)
    sequence = torch.from_numpy(batch.sequence).to(device)
    hidden, new_memory = model(inputs, sequence=sequence, memory=memory)
    targets = torch.from_numpy(batch.targets).to(device).flatten(0, 1).long()
    features = torch.from_numpy(batch.features).to(device).flatten(0, 1).long()
    known = (targets[:, 0] > 0).nonzero()[:, 0]
    return field_nats(model.fields, hidden.flatten(0, 1)[known], features[known], targets[known]), new_memory


def field_nats(fields: EventFields, body: Tensor, features: Tensor, targets: Tensor) -> Nats:
    """Return nats of every field of N events.

    Args:
        fields: the field decoder.
        body: (N, D).
        features: (N, columns) of ``music.tokenizers.tracker``.
        targets: (N, fields) ids.
    """
    kind = targets[:, 0] - FIELDS["kind"].offset
    choice = targets[:, 1] - FIELDS["slot"].offset
    for each, value in _CHOICES.items():
        choice = torch.where(kind == each, value, choice)
    known = name_features(features)
    parts = {"choice": _nats(fields.choose(body, known), choice)}
    for each, compute in (
        (Kind.NOTE, _note_nats), (Kind.CHORD, _chord_nats), (Kind.BAR, _bar_nats), (Kind.TRACK, _track_nats)
    ):  # fmt: skip
        rows = (kind == each).nonzero()[:, 0]
        if len(rows):
            values = {
                name: targets[rows, 1 + index] - FIELDS[name].offset for index, name in enumerate(EVENT_FIELDS[each])
            }
            parts |= compute(fields, body[rows], name_features(features[rows]), values)
    return Nats(parts, int((kind == Kind.NOTE).sum()), len(targets))


def hide_history(features: Features, targets: Rows) -> Features:
    """Return features (..., columns) that say of notes, and of what comes next, that there were no bars before.

    Heads that see earlier bars laid out hardly ask the body for them; where these are hidden, only the body can know.
    """
    hidden = features.copy()
    hidden[..., COLUMNS["choice_back"]] = NUM_CHOICES
    is_note = targets[..., 0] == FIELDS["kind"].offset + Kind.NOTE
    for name, value in _NO_SUCH_BAR.items():
        hidden[..., COLUMNS[name]] = np.where(is_note[..., None], value, hidden[..., COLUMNS[name]])
    return hidden


def total_loss(nats: Nats) -> Tensor:
    """Return the loss: nats of all fields per event, velocity at a lower weight."""
    weighted = [value * (VELOCITY_WEIGHT if name == "velocity" else 1.0) for name, value in nats.parts.items()]
    return torch.stack(weighted).sum() / max(nats.num_events, 1)


def _nats(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float(), target, reduction="sum")


def _note_nats(
    fields: EventFields, body: Tensor, known: dict[str, Tensor], values: dict[str, Tensor]
) -> dict[str, Tensor]:
    position, pitch, duration = values["position"], values["pitch"], values["duration"]
    return {
        "position": _nats(fields.place(body, known), position),
        "pitch": _nats(fields.tune(body, known, position), pitch),
        "duration": _nats(fields.hold(body, known, position, pitch), duration),
        "velocity": _nats(fields.strike(body, known, position, pitch, duration), values["velocity"]),
    }


def _chord_nats(
    fields: EventFields, body: Tensor, known: dict[str, Tensor], values: dict[str, Tensor]
) -> dict[str, Tensor]:
    position, root, quality = values["position"], values["root"], values["quality"]
    return {
        "chord_position": _nats(fields.place_chord(body, known), position),
        "root": _nats(fields.choose_root(body, known, position), root),
        "quality": _nats(fields.choose_quality(body, known, position, root), quality),
        "bass": _nats(fields.choose_bass(body, root, quality), values["bass"]),
    }


def _bar_nats(
    fields: EventFields, body: Tensor, known: dict[str, Tensor], values: dict[str, Tensor]
) -> dict[str, Tensor]:
    metre = values["metre"]
    return {
        "metre": _nats(fields.choose_metre(body, known), metre),
        "tempo": _nats(fields.choose_tempo(body, known, metre), values["tempo"]),
    }


def _track_nats(
    fields: EventFields, body: Tensor, known: dict[str, Tensor], values: dict[str, Tensor]
) -> dict[str, Tensor]:
    slot, role = values["slot"], values["role"]
    return {
        "slot": _nats(fields.choose_slot(body, known), slot),
        "role": _nats(fields.choose_role(body, slot), role),
        "program": _nats(fields.choose_program(body, known, role), values["program"]),
    }


class GeneratorTask:
    """The generator in the training loop: lanes, memory and validation."""

    def __init__(
        self,
        model: Generator,
        corpus: Corpus,
        *,
        num_lanes: int,
        seed: int,
        valid_pieces: int = 40,
        valid_bars: int = 24,
        hidden_share: float = 0.0,
    ) -> None:
        self.hidden_share = hidden_share
        self._seed = seed
        self._num_batches = 0
        self.model = model
        self.device = next(model.parameters()).device
        self.num_lanes = num_lanes
        self.source = ExcerptSource(corpus, split="train", seed=seed)
        self.batcher = LaneBatcher(self.source, num_lanes=num_lanes, segment_length=model.config.body.segment_length)
        self.memory = self._empty()
        self.valid_rows = held_out_excerpts(corpus, split="valid", num_pieces=valid_pieces, num_bars=valid_bars)

    def _empty(self) -> Memory:
        return self.model.body.empty_memory(self.num_lanes, self.model.config.body.memory_length)

    def next_loss(self) -> StepLoss:
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            nats, self.memory = run_batch(self.model, self._next_batch(), self.memory, self.device)
        totals = {name: float(value.detach()) for name, value in nats.parts.items()}
        return StepLoss(total_loss(nats), totals, nats.num_notes, nats.num_events)

    def _next_batch(self) -> Batch:
        """Return the next batch, with earlier bars hidden from a share of the lanes."""
        batch = self.batcher.next_batch()
        if not self.hidden_share:
            return batch
        self._num_batches += 1
        draw = np.random.default_rng((self._seed, self.batcher.counter, self._num_batches))
        is_hidden = draw.random(self.num_lanes) < self.hidden_share
        features = batch.features.copy()
        features[is_hidden] = hide_history(batch.features[is_hidden], batch.targets[is_hidden])
        return replace(batch, features=features)

    def validate(self) -> dict[str, float]:
        measured = measure_nats(self.model, self.valid_rows, device=self.device)
        return {name: value for name, value in measured.items() if not name.startswith("num_")}

    def state(self) -> dict[str, Any]:
        return {"counter": self.batcher.counter}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the next excerpts; what lay half-read in the lanes is skipped."""
        length = self.model.config.body.segment_length
        self.batcher = LaneBatcher(
            self.source, num_lanes=self.num_lanes, segment_length=length, counter=state["counter"]
        )
        self.memory = self._empty()


def held_out_excerpts(
    corpus: Corpus, *, split: str, num_pieces: int, num_bars: int, data_set: str = "lakh_subset"
) -> list[Rows]:
    """Return the first bars of pieces of a held-out split, no controls given, the same ones every time."""
    chosen = sorted(
        (piece for piece in corpus.of_split(split) if piece.data_set == data_set), key=lambda piece: piece.name
    )
    step = max(len(chosen) // num_pieces, 1)
    excerpts: list[Rows] = []
    for piece in chosen[::step][:num_pieces]:
        stop = min(num_bars, piece.num_bars)
        body = cut_bars(corpus.rows[piece.start_row : piece.stop_row], start_bar=0, stop_bar=stop)
        is_end = stop == piece.num_bars
        excerpts.append(assemble_excerpt(piece, body, (None, None, None, None), is_end=is_end))
    return excerpts


@torch.no_grad()
def measure_nats(
    model: Generator,
    excerpts: list[Rows],
    *,
    device: torch.device,
    num_lanes: int = 16,
    memory_length: int | None = None,
) -> dict[str, float]:
    """Return nats per note of whole excerpts, memory carried, per field and as the sum ``nats_per_note``.

    Every sum is divided by the number of notes. ``nats_per_note`` holds the note fields and the choice before each
    event; fields of chords, bars and tracks are listed apart, and ``all_nats_per_note`` is everything.
    """
    totals: dict[str, float] = {}
    num_notes = num_events = 0
    length = model.config.body.segment_length
    memory_length = model.config.body.memory_length if memory_length is None else memory_length
    ordered = sorted(excerpts, key=len)
    for start in range(0, len(ordered), num_lanes):
        group = ordered[start : start + num_lanes]
        memory = model.body.empty_memory(len(group), memory_length)
        for batch in _segments(group, length):
            with torch.autocast(device.type, dtype=torch.bfloat16):
                nats, memory = run_batch(model, batch, memory, device)
            num_notes += nats.num_notes
            num_events += nats.num_events
            for name, value in nats.parts.items():
                totals[name] = totals.get(name, 0.0) + float(value)
    per_note = {name: value / max(num_notes, 1) for name, value in totals.items()}
    return {
        "nats_per_note": sum(per_note.get(name, 0.0) for name in NOTE_FIELDS),
        "all_nats_per_note": sum(per_note.values()),
        **per_note,
        "num_notes": num_notes,
        "num_events": num_events,
        "num_pieces": len(excerpts),
    }


def _segments(group: list[Rows], length: int) -> Iterator[Batch]:
    """Cut whole excerpts, one a lane, into segments; shorter lanes are padded."""
    longest = max(len(rows) for rows in group) - 1
    count = -(-longest // length)
    shape = (len(group), count * length)
    inputs = np.zeros((*shape, INPUT_WIDTH), dtype=np.int16)
    targets = np.zeros((*shape, EVENT_WIDTH), dtype=np.int16)
    features = np.zeros((*shape, NUM_COLUMNS), dtype=np.int32)
    sequence = np.full(shape, -1, dtype=np.int64)
    for lane, rows in enumerate(group):
        places = len(rows) - 1
        found, known = extract_features(rows)
        inputs[lane, :places], targets[lane, :places] = found[:-1], rows[1:]
        features[lane, :places], sequence[lane, :places] = known[1:], lane
    for index in range(count):
        where = slice(index * length, (index + 1) * length)
        yield Batch(inputs[:, where], targets[:, where], features[:, where], sequence[:, where])
