"""How well the remixer guesses what was masked: nats per masked note and accuracy, beside a baseline. No decoding.

Windows and masks are drawn with a fixed seed: half of the (track, bar) groups or half of the onsets are masked. The
baseline is "most frequent in context": values are as likely as they are frequent among the shown notes of the same track
in the window (for pitch), or of the same track at other notes (for position and duration), smoothed with the frequencies
in the whole window and a uniform share. No padding, no special tokens are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from inference.decoding.remixer_inputs import Flags, Ints
from inference.models.musicbert import MusicBERT
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import (
    DURATION,
    FIELD_NAMES,
    FIELD_SIZES,
    FIRST_DRUM_PITCH,
    INSTRUMENT,
    PITCH,
    POSITION,
)
from training.octuple_corpus import TRACK, OctupleCorpus, WindowSampler
from training.octuple_masking import Batch, collate, draw_mask

_SEED = 20_261_122
_SHARE = 0.5
_TASKS: tuple[tuple[int, ...], ...] = ((PITCH,), (POSITION, DURATION))
_WINDOWS_PER_BATCH = 8

Sums = dict[str, npt.NDArray[np.float64]]


def evaluate_remixer(
    model: MusicBERT, corpus: OctupleCorpus, *, split: str = "test", num_windows: int = 400, notes_per_window: int = 256
) -> dict[str, Any]:
    """Return ``nats``, ``accuracy``, their baselines and ``num_masked`` for pitch, drum, position and duration."""
    scores = score_model(model, corpus, split=split, num_windows=num_windows, notes_per_window=notes_per_window)
    sums: Sums = defaultdict(lambda: np.zeros(3))
    for rows, track, is_masked in _draw_windows(corpus, split, num_windows, notes_per_window):
        _add_baseline(sums, rows, track, is_masked)
    for name, total in sums.items():
        scores[name]["baseline_nats"] = round(float(total[0] / total[2]), 4)
        scores[name]["baseline_accuracy"] = round(float(total[1] / total[2]), 4)
    return {**scores, "num_windows": num_windows, "split": split}


def score_model(
    model: MusicBERT, corpus: OctupleCorpus, *, split: str, num_windows: int, notes_per_window: int = 256
) -> dict[str, Any]:
    """Return ``nats``, ``accuracy`` and ``num_masked`` for pitch, drum, position and duration, without the baseline."""
    sums: Sums = defaultdict(lambda: np.zeros(3))
    windows = list(_draw_windows(corpus, split, num_windows, notes_per_window))
    for start in range(0, len(windows), _WINDOWS_PER_BATCH):
        _add_model(sums, model, collate(windows[start : start + _WINDOWS_PER_BATCH], num_notes=notes_per_window))
    return {
        name: {
            "nats": round(float(total[0] / total[2]), 4),
            "accuracy": round(float(total[1] / total[2]), 4),
            "num_masked": int(total[2]),
        }
        for name, total in sorted(sums.items())
    }


def _draw_windows(
    corpus: OctupleCorpus, split: str, num_windows: int, notes_per_window: int
) -> Iterator[tuple[Ints, Ints, Flags]]:
    """Yield the same windows and masks at every call."""
    sampler = WindowSampler(corpus, split=split, num_notes=notes_per_window, seed=_SEED)
    for index in range(num_windows):
        window = sampler.draw()
        rows, track = window[:, :TRACK], window[:, TRACK]
        yield rows, track, draw_mask(rows, track, sampler.random, task=_TASKS[index % len(_TASKS)], share=_SHARE)


def _names(rows: Ints, field: int) -> npt.NDArray[np.str_]:
    """Pitches of drums are judged apart from pitches of tones."""
    if field != PITCH:
        return np.full(len(rows), FIELD_NAMES[field])
    return np.where(rows[:, INSTRUMENT] == DRUM_PROGRAM, "drum", "pitch")


@torch.no_grad()
def _add_model(sums: Sums, model: MusicBERT, batch: Batch) -> None:
    was_training = model.training
    model.eval()
    batch = batch.to(next(model.parameters()).device)
    encoded = model(batch.ids, places=batch.places, is_padding=batch.is_padding)
    for field in (PITCH, POSITION, DURATION):
        chosen = batch.is_masked[:, :, field]
        if not bool(chosen.any()):
            continue
        log_chances = model.log_chances(encoded, field=field, chosen=chosen)
        values = batch.values[chosen]
        nats = functional.nll_loss(log_chances, values[:, field], reduction="none").cpu().numpy()
        hits = (log_chances.argmax(dim=-1) == values[:, field]).cpu().numpy()
        names = _names(values.cpu().numpy(), field)
        for name in set(names.tolist()):
            sums[name][0] += nats[names == name].sum()
            sums[name][1] += hits[names == name].sum()
            sums[name][2] += (names == name).sum()
    model.train(was_training)


def _add_baseline(sums: Sums, rows: Ints, track: Ints, is_masked: Flags) -> None:
    for field in (PITCH, POSITION, DURATION):
        masked = np.flatnonzero(is_masked[:, field])
        if not len(masked):
            continue
        names = _names(rows, field)
        shown = ~is_masked[:, field]
        for index in masked.tolist():
            chances = _context_chances(rows, track, shown, field, index)
            name = str(names[index])
            sums[name][0] -= np.log(chances[rows[index, field]])
            sums[name][1] += int(chances.argmax()) == rows[index, field]
            sums[name][2] += 1


def _context_chances(rows: Ints, track: Ints, shown: Flags, field: int, index: int) -> npt.NDArray[np.float64]:
    """Return the baseline's distribution for one masked value."""
    size = FIELD_SIZES[field]
    is_drum = rows[index, INSTRUMENT] == DRUM_PROGRAM
    same_kind = (rows[:, INSTRUMENT] == DRUM_PROGRAM) == is_drum
    own = np.bincount(rows[shown & (track == track[index]), field], minlength=size).astype(np.float64)
    others = np.bincount(rows[shown & same_kind, field], minlength=size).astype(np.float64)
    uniform = np.full(size, 1.0 / size)
    if field == PITCH:
        uniform = np.zeros(size)
        uniform[FIRST_DRUM_PITCH:] = is_drum / FIRST_DRUM_PITCH
        uniform[:FIRST_DRUM_PITCH] += (1 - is_drum) / FIRST_DRUM_PITCH
    chances = own + 2.0 * (others / max(others.sum(), 1.0)) + 0.5 * uniform
    return chances / chances.sum()
