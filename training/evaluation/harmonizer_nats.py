"""Scores the harmonizer's network in nats on held-back pieces, window by window as it is used. It knows nothing of decoding.

Windows are 16 bars with hop 8: the first 8 bars of every window but the first are read and not scored, so each step
counts once. Padding and unused fields never count. Chorales: nats per note over the steps of bass, alto and tenor (the
soprano is given). Lead sheets: nats per step (beat) and per chord (all nats, holding included, over the number of chords).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from inference.models.seq2seq import Seq2Seq
from music.tokenizers.harmony import WRITTEN_VOICES
from music.tokenizers.harmony_reading import read_chorale_line
from training.harmonizer_batches import (
    WINDOW_BARS,
    WINDOW_FRAMES,
    Batch,
    Example,
    chorale_example,
    lead_sheet_window,
    stack,
)
from training.harmonizer_sets import Chorale, LeadSheet, count_chords

CHORD_FIELDS = ("chord_root", "chord_quality", "chord_bass")
_BATCH = 8


@dataclass(slots=True)
class SetScores:
    """Sums over one data set."""

    nats: dict[str, float] = field(default_factory=dict[str, float])  # field -> nats
    hits: dict[str, float] = field(default_factory=dict[str, float])  # field -> most likely value was right
    counts: dict[str, float] = field(default_factory=dict[str, float])  # field -> values scored
    num_steps: int = 0
    num_chords: int = 0
    num_pieces: int = 0

    def as_dict(self) -> dict[str, float]:
        """Return the measures people read."""
        row: dict[str, float] = {"num_pieces": self.num_pieces, "num_steps": self.num_steps}
        if self.num_chords:
            row["nats_per_step"] = sum(self.nats.values()) / self.num_steps
            row["nats_per_chord"] = sum(self.nats.values()) / self.num_chords
        else:
            row["nats_per_note"] = sum(self.nats.values()) / sum(self.counts.values())
        for name, count in self.counts.items():
            row[f"{name}_nats"] = self.nats[name] / count
            row[f"{name}_accuracy"] = self.hits[name] / count
        return {name: round(value, 4) for name, value in row.items()}


@dataclass(slots=True)
class HarmonizerScores:
    """Scores by data set."""

    sets: dict[str, SetScores]

    @property
    def total(self) -> float:
        """What model selection minimizes: JSB nats per note (else any chorales') plus the mean nats per step of lead sheets."""
        rows = {name: scores.as_dict() for name, scores in self.sets.items()}
        chorales = {name: row["nats_per_note"] for name, row in rows.items() if "nats_per_note" in row}
        steps = [row["nats_per_step"] for row in rows.values() if "nats_per_step" in row]
        chorale = chorales.get("jsb_chorales", sum(chorales.values()) / max(len(chorales), 1))
        return chorale + sum(steps) / max(len(steps), 1)

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return the measures of each set."""
        return {name: scores.as_dict() for name, scores in self.sets.items()}


def chorale_windows(chorale: Chorale) -> Iterator[Example]:
    """Yield the windows of a whole chorale; each step is scored once."""
    pitches = chorale.pitches
    melody = read_chorale_line(pitches[:, 0])
    hop = WINDOW_FRAMES // 2
    for start in range(0, max(len(pitches) - hop, 1), hop):
        stop = min(start + WINDOW_FRAMES, len(pitches))
        yield chorale_example(pitches[start:stop], melody.window(start, stop), start=hop if start else 0)


def lead_sheet_windows(sheet: LeadSheet) -> Iterator[Example]:
    """Yield the windows of a whole lead sheet; each step is scored once."""
    num_bars = len(sheet.bar_frames) - 1
    hop = WINDOW_BARS // 2
    for bar in range(0, max(num_bars - hop, 1), hop):
        yield lead_sheet_window(sheet, bar, score_from_bar=bar + hop if bar else bar)


def windows_of(pieces: Sequence[Chorale | LeadSheet]) -> Iterator[Example]:
    """Yield the windows of all pieces, shortest first so that batches hold little padding."""
    examples: list[Example] = []
    for piece in pieces:
        examples.extend(chorale_windows(piece) if isinstance(piece, Chorale) else lead_sheet_windows(piece))
    yield from sorted(examples, key=lambda example: len(example.encoder))


@torch.no_grad()
def field_losses(model: Seq2Seq, batch: Batch) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return loss in nats and whether the most likely value is right, each (B, T) by field."""
    frames = torch.arange(batch.encoder.shape[1], device=batch.encoder.device)[None].expand(len(batch.encoder), -1)
    encoded = model.encode(batch.encoder, frames, batch.encoder_mask)
    states = model.decode(batch.decoder, batch.frames, encoded, batch.encoder_mask)
    known = dict(batch.values)
    losses, hits = dict[str, torch.Tensor](), dict[str, torch.Tensor]()
    for spec in model.field_decoder.fields_of(batch.group):
        target = batch.targets[spec.name]
        logits = model.field_decoder.field_logits(spec.name, states, known).float().log_softmax(-1)
        losses[spec.name] = -logits.gather(-1, target[..., None])[..., 0]
        hits[spec.name] = (logits.argmax(-1) == target).float()
        known[f"now.{spec.name}"] = target
        states = model.field_decoder.add_written(spec.name, states, target)
    return losses, hits


def score_set(model: Seq2Seq, pieces: Sequence[Chorale | LeadSheet]) -> SetScores:
    """Score all pieces of one data set."""
    scores = SetScores(num_pieces=len(pieces))
    scores.num_chords = sum(count_chords(piece) for piece in pieces if isinstance(piece, LeadSheet))
    windows = list(windows_of(pieces))
    for first in range(0, len(windows), _BATCH):
        batch = stack(windows[first : first + _BATCH]).to(model.device)
        losses, hits = field_losses(model, batch)
        for name, loss in losses.items():
            weight = batch.weights[name]
            scores.nats[name] = scores.nats.get(name, 0.0) + float((loss * weight).sum())
            scores.hits[name] = scores.hits.get(name, 0.0) + float((hits[name] * weight).sum())
            scores.counts[name] = scores.counts.get(name, 0.0) + float(weight.sum())
    first_field = WRITTEN_VOICES[0] if WRITTEN_VOICES[0] in scores.counts else CHORD_FIELDS[0]
    scores.num_steps = round(scores.counts.get(first_field, 0.0))
    return scores


def score_pieces(model: Seq2Seq, sets: dict[str, list[Any]]) -> HarmonizerScores:
    """Score every data set with the network in evaluation mode; dropout is off while it runs."""
    was_training = model.training
    model.eval()
    scores = HarmonizerScores({name: score_set(model, pieces) for name, pieces in sets.items()})
    model.train(was_training)
    return scores
