"""Cuts the harmonizer's pieces into windows, augments them, and stacks them into batches.

Augmentation happens after the split: transposition (chorales within the vocal ranges, lead sheets by -5 to +6), spans
in which the network does not see a voice it wrote (so it cannot lean on holding alone). It knows nothing of networks.

Legend: B batch, S encoder frames, T decoder steps, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.tokenizers.harmony import (
    FRAMES_PER_QUARTER,
    HOLD,
    NO_CHORD,
    VOICE_RANGES,
    VOICES,
    Ids,
    MelodyFrames,
    chorale_features,
    chord_features,
    encoder_features,
    voice_values,
)
from music.tokenizers.harmony_reading import read_chorale_line
from training.harmonizer_sets import Chorale, LeadSheet

WINDOW_BARS = 16
WINDOW_FRAMES = WINDOW_BARS * 4 * FRAMES_PER_QUARTER
NO_CLASS = 12


@dataclass(frozen=True, slots=True)
class Example:
    """One window: what is read, what was written before each step, and what is to be written."""

    group: str
    encoder: Ids  # (S, F)
    decoder: Ids  # (T, F)
    frames: Ids  # (T,) encoder frame of each step
    targets: dict[str, Ids]  # field -> (T,)
    weights: dict[str, NDArray[np.float32]]  # field -> (T,), 1 where the field counts
    values: dict[str, Ids]  # anchors -> (T,)


@dataclass(slots=True)
class Batch:
    """Examples of one group, right-padded."""

    group: str
    encoder: Tensor  # (B, S, F)
    encoder_mask: Tensor  # (B, S)
    decoder: Tensor  # (B, T, F)
    frames: Tensor  # (B, T)
    targets: dict[str, Tensor] = field(default_factory=dict[str, Tensor])  # (B, T)
    weights: dict[str, Tensor] = field(default_factory=dict[str, Tensor])  # (B, T)
    values: dict[str, Tensor] = field(default_factory=dict[str, Tensor])  # (B, T)
    num_steps: int = 0

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        for name in ("encoder", "encoder_mask", "decoder", "frames"):
            setattr(self, name, getattr(self, name).to(device))
        for name in ("targets", "weights", "values"):
            setattr(self, name, {key: value.to(device) for key, value in getattr(self, name).items()})
        return self


def chorale_example(
    pitches: Ids, melody: MelodyFrames, *, start: int = 0, hidden: NDArray[np.bool_] | None = None
) -> Example:
    """Return the window of a chorale (T, 4); steps before ``start`` are read but not scored."""
    voices = voice_values(pitches)
    before = np.zeros_like(voices)
    before[1:] = voices[:-1]
    if hidden is not None:
        before[hidden] = 0
    weight = np.ones(len(voices), dtype=np.float32)
    weight[:start] = 0.0
    values = {f"previous.{voice}": before[:, index] for index, voice in enumerate(VOICES)}
    return Example(
        group="chorale",
        encoder=encoder_features(melody, "chorale"),
        decoder=chorale_features(melody, voices, hidden),
        frames=np.arange(len(voices)),
        targets={voice: voices[:, VOICES.index(voice)] for voice in ("bass", "alto", "tenor")},
        weights=dict.fromkeys(("bass", "alto", "tenor"), weight),
        values={**values, "now.soprano": voices[:, 0]},
    )


def chords_example(melody: MelodyFrames, step_frames: Ids, chords: Ids, *, start: int = 0) -> Example:
    """Return the window of a lead sheet; steps before ``start`` are read but not scored."""
    is_hold = np.zeros(len(chords), dtype=np.bool_)
    is_hold[1:] = (chords[1:] == chords[:-1]).all(axis=1)
    roots = np.where(is_hold, HOLD, chords[:, 0])
    weight = np.ones(len(chords), dtype=np.float32)
    weight[:start] = 0.0
    shape_weight = weight * (roots < NO_CHORD)
    now = melody.pitches[step_frames]
    before = np.full(len(chords), NO_CHORD, dtype=np.int64)
    before[1:] = chords[:-1, 0]
    return Example(
        group="chords",
        encoder=encoder_features(melody, "chords"),
        decoder=chord_features(melody, step_frames, chords),
        frames=step_frames,
        targets={"chord_root": roots, "chord_quality": chords[:, 1], "chord_bass": chords[:, 2]},
        weights={"chord_root": weight, "chord_quality": shape_weight, "chord_bass": shape_weight},
        values={"previous.chord_root": before, "now.melody_class": np.where(now >= 0, now % 12, NO_CLASS)},
    )


def transposition_range(pitches: Ids) -> tuple[int, int]:
    """Return the lowest and highest transposition that keeps every voice in its range; (0, 0) if none does."""
    lowest, highest = -6, 6
    for voice, name in enumerate(VOICES):
        sounding = pitches[pitches[:, voice] >= 0, voice]
        if len(sounding):
            lowest = max(lowest, VOICE_RANGES[name][0] - int(sounding.min()))
            highest = min(highest, VOICE_RANGES[name][1] - int(sounding.max()))
    return (min(lowest, 0), max(highest, 0))


def transpose_pitches(pitches: Ids, semitones: int) -> Ids:
    """Return MIDI pitches moved; silence stays."""
    return np.where(pitches >= 0, pitches + semitones, pitches)


def transpose_chords(chords: Ids, semitones: int) -> Ids:
    """Return chords moved; the absence of a chord stays."""
    moved = chords.copy()
    moved[:, 0] = np.where(chords[:, 0] < NO_CHORD, (chords[:, 0] + semitones) % 12, chords[:, 0])
    return moved


def hide_spans(num_steps: int, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return (T, 4): spans of 4 to 32 steps in which one written voice is hidden, about ``share`` of all."""
    hidden = np.zeros((num_steps, 4), dtype=np.bool_)
    for voice in (1, 2, 3):
        num_spans = random.poisson(share * num_steps / 18)
        for start in random.integers(0, num_steps, num_spans):
            hidden[start : start + random.integers(4, 33), voice] = True
    return hidden


def sample_chorale(chorale: Chorale, random: np.random.Generator, *, hidden_share: float) -> Example:
    """Return a random window of a randomly transposed chorale."""
    pitches = chorale.pitches
    low, high = transposition_range(pitches)
    pitches = transpose_pitches(pitches, int(random.integers(low, high + 1)))
    melody = read_chorale_line(pitches[:, 0])
    latest = max(len(pitches) - WINDOW_FRAMES // 2, 0) // FRAMES_PER_QUARTER
    start = 0 if random.random() < 0.4 else int(random.integers(0, latest + 1)) * FRAMES_PER_QUARTER
    stop = min(start + WINDOW_FRAMES, len(pitches))
    hidden = hide_spans(stop - start, hidden_share, random)
    return chorale_example(pitches[start:stop], melody.window(start, stop), hidden=hidden)


def sample_lead_sheet(sheet: LeadSheet, random: np.random.Generator) -> Example:
    """Return a random window of a randomly transposed lead sheet."""
    semitones = int(random.integers(-5, 7))
    num_bars = len(sheet.bar_frames) - 1
    bar = 0 if random.random() < 0.2 else int(random.integers(0, max(num_bars - WINDOW_BARS // 2, 0) + 1))
    return lead_sheet_window(sheet, bar, semitones=semitones)


def lead_sheet_window(sheet: LeadSheet, bar: int, *, semitones: int = 0, score_from_bar: int | None = None) -> Example:
    """Return the window of at most 16 bars that begins at a bar; ``score_from_bar`` is counted in the piece."""
    start = sheet.bar_frames[bar]
    stop = sheet.bar_frames[min(bar + WINDOW_BARS, len(sheet.bar_frames) - 1)]
    first, last = np.searchsorted(sheet.step_frames, [start, stop])
    melody = sheet.melody.window(start, stop)
    melody = replace(melody, pitches=transpose_pitches(melody.pitches, semitones))
    score_from = (
        0
        if score_from_bar is None
        else int(np.searchsorted(sheet.step_frames, sheet.bar_frames[score_from_bar]) - first)
    )
    chords = transpose_chords(sheet.chords[first:last], semitones)
    return chords_example(melody, sheet.step_frames[first:last] - start, chords, start=score_from)


def stack(examples: Sequence[Example]) -> Batch:
    """Return examples of one group as one right-padded batch."""
    num_frames = max(len(example.encoder) for example in examples)
    num_steps = max(len(example.frames) for example in examples)
    first = examples[0]

    def pad(rows: Sequence[NDArray[np.generic]], length: int) -> Tensor:
        out = np.zeros((len(rows), length, *rows[0].shape[1:]), dtype=rows[0].dtype)
        for index, row in enumerate(rows):
            out[index, : len(row)] = row
        return torch.from_numpy(out)

    mask = torch.zeros(len(examples), num_frames, dtype=torch.bool)
    for index, example in enumerate(examples):
        mask[index, : len(example.encoder)] = True
    return Batch(
        group=first.group,
        encoder=pad([example.encoder for example in examples], num_frames),
        encoder_mask=mask,
        decoder=pad([example.decoder for example in examples], num_steps),
        frames=pad([example.frames for example in examples], num_steps),
        targets={key: pad([example.targets[key] for example in examples], num_steps) for key in first.targets},
        weights={key: pad([example.weights[key] for example in examples], num_steps) for key in first.weights},
        values={key: pad([example.values[key] for example in examples], num_steps) for key in first.values},
        num_steps=sum(len(example.frames) for example in examples),
    )
