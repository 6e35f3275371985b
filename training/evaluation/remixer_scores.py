"""How often the remixer guesses what was masked, beside a constant guess. No decoding: each window is read once.

The protocol. A *stretch* of up to 1,024 notes begins with a bar of a random piece of the split (by size and weight of its
set). One field of one track in one bar is masked together (Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3.3), each
(track, bar) with the chance ``share``, over the whole stretch. The network reads a window of 256 notes of it and what the
shown rest of the stretch lays out. Tasks: ``pitch`` alone; ``duration`` alone, onsets shown; ``rhythm``, position and duration
together, where the order of onsets and which notes sound together are given, as in a remix.

The baseline is *most frequent in context*: for every masked value the one value that is most frequent among the shown notes
of the same track in the same stretch, the lowest of equals; of the whole stretch (tones or drums apart) where the track
shows none. Windows and masks depend on the split and a fixed seed alone.
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
from inference.models.remixer import RemixerNetwork
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import DURATION, FIELD_NAMES, FIELD_SIZES, INSTRUMENT, PITCH, POSITION
from training.octuple_corpus import TRACK, OctupleCorpus, WindowSampler
from training.remixer_batches import Example, collate, draw_window, mask_units, number_units

SHARES = (0.15, 0.5)
_TASKS: dict[str, tuple[int, ...]] = {"pitch": (PITCH,), "duration": (DURATION,), "rhythm": (POSITION, DURATION)}
_SEED = 20_261_122
_WINDOWS_PER_BATCH = 8
_NOTES_PER_STRETCH = 1024

Sums = dict[str, npt.NDArray[np.float64]]


def score_remixer(
    model: RemixerNetwork, corpus: OctupleCorpus, *, split: str, num_windows: int, notes_per_window: int = 256
) -> dict[str, dict[str, Any]]:
    """Return, for each task and share, nats, accuracy, the baseline's accuracy and what they make.

    Keys are such as ``pitch 15%``, ``tones 15%`` and ``drums 15%`` (pitches apart), ``rhythm position 50%``. Values: ``nats``,
    ``accuracy``, ``baseline_accuracy``, ``ratio``, ``error_reduction`` (share of the baseline's errors that are gone) and
    ``num_masked``. ``num_windows`` are read for each task and share.
    """
    was_training = model.training
    model.eval()
    sums: Sums = defaultdict(lambda: np.zeros(4))
    for task, fields in _TASKS.items():
        for share in SHARES:
            examples = list(_draw(corpus, split, num_windows, notes_per_window, task=task, share=share))
            for start in range(0, len(examples), _WINDOWS_PER_BATCH):
                part = examples[start : start + _WINDOWS_PER_BATCH]
                _add(sums, model, part, notes_per_window, fields=fields, label=(task, f"{share:.0%}"))
    model.train(was_training)
    return {name: _report(total) for name, total in sorted(sums.items())}


def _report(total: npt.NDArray[np.float64]) -> dict[str, Any]:
    nats, hits, baseline_hits, count = total.tolist()
    return {
        "nats": round(nats / count, 4),
        "accuracy": round(hits / count, 4),
        "baseline_accuracy": round(baseline_hits / count, 4),
        "ratio": round(hits / max(baseline_hits, 1.0), 3),
        "error_reduction": round((hits - baseline_hits) / max(count - baseline_hits, 1.0), 4),
        "num_masked": int(count),
    }


def _draw(
    corpus: OctupleCorpus, split: str, num_windows: int, notes_per_window: int, *, task: str, share: float
) -> Iterator[Example]:
    """Yield the same examples at every call."""
    sampler = WindowSampler(corpus, split=split, num_notes=_NOTES_PER_STRETCH, seed=_SEED)
    for _ in range(num_windows):
        stretch = sampler.draw()
        start, stop = draw_window(stretch, sampler.random, num_notes=notes_per_window)
        units = number_units(stretch[:, :TRACK], stretch[:, TRACK], "bar")
        is_masked = mask_units(units, sampler.random, task=_TASKS[task], share=share)
        if not is_masked[start:stop].any():
            first = units[int(sampler.random.integers(start, stop))]
            is_masked[np.ix_(units == first, _TASKS[task])] = True
        yield Example(stretch, is_masked, start, stop)


@torch.no_grad()
def _add(
    sums: Sums,
    model: RemixerNetwork,
    examples: list[Example],
    notes_per_window: int,
    *,
    fields: tuple[int, ...],
    label: tuple[str, str],
) -> None:
    batch = collate(examples, num_notes=notes_per_window).to(next(model.parameters()).device)
    encoded = model(batch.ids, places=batch.places, laid=batch.laid, is_padding=batch.is_padding)
    for field in fields:
        logits, values = model.logits(encoded, field=field, laid=batch.laid[field]), batch.values[field]
        nats = functional.cross_entropy(logits, values, reduction="none").cpu().numpy()
        hits = (logits.argmax(dim=1) == values).cpu().numpy()
        guesses = np.concatenate([guess_constant(each, field) for each in examples])
        baseline_hits = guesses == values.cpu().numpy()
        is_drum = np.concatenate([_masked_instruments(each, field) for each in examples]) == DRUM_PROGRAM
        for name, chosen in _names(field, is_drum, label):
            sums[name] += [nats[chosen].sum(), hits[chosen].sum(), baseline_hits[chosen].sum(), chosen.sum()]


def _names(field: int, is_drum: Flags, label: tuple[str, str]) -> Iterator[tuple[str, Flags]]:
    """Yield under which names which masked values count; drums also apart, where there are any."""
    task, share = label
    name = task if task == FIELD_NAMES[field] else f"{task} {FIELD_NAMES[field]}"
    yield f"{name} {share}", np.ones(len(is_drum), dtype=np.bool_)
    if field == PITCH:
        yield from (
            (f"{kind} {share}", flags) for kind, flags in (("tones", ~is_drum), ("drums", is_drum)) if flags.any()
        )


def _masked_instruments(example: Example, field: int) -> Ints:
    window = slice(example.start, example.stop)
    return example.stretch[window, INSTRUMENT][example.is_masked[window, field]]


def guess_constant(example: Example, field: int) -> Ints:
    """Return the baseline's guess for each masked note of the window (M,)."""
    stretch, shown = example.stretch, ~example.is_masked[:, field]
    is_drum = stretch[:, INSTRUMENT] == DRUM_PROGRAM
    guesses = np.zeros(len(stretch), dtype=np.int64)
    for track in np.unique(stretch[:, TRACK]):
        members = stretch[:, TRACK] == track
        for pool in (shown & members, shown & (is_drum == is_drum[members][0]), shown):
            if pool.any():
                guesses[members] = np.bincount(stretch[pool, field], minlength=FIELD_SIZES[field]).argmax()
                break
    window = slice(example.start, example.stop)
    return guesses[window][example.is_masked[window, field]]
