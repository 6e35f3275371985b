"""What the harmonizer's event layers pay for the notes they write: piano, band, track, melody and hole. No decoding.

Passages are drawn with a fixed seed from a corpus of events, as in training but never transposed; nats are those of the
chosen events (notes, the bar lines after them, and chords unless they are given) over the number of notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import torch

from inference.models.seq2seq import Seq2Seq
from music.tokenizers.arrangement_features import ArrangementExample, extract_arrangement
from training.arrangement_windows import PassageSource
from training.arranger import TASK_SHARES, batch_nats, stack_examples
from training.corpus import Corpus

_SEED = 20_261_122
_BATCH = 8
_STAND_INS = ("lakh_subset", "openscore_lieder")  # passages are drawn from named sets; a folder stands for all tasks'


def score_arrangements(
    model: Seq2Seq, corpus: Corpus, *, split: str, num_passages: int, is_folder: bool = False
) -> dict[str, Any]:
    """Return, for each task, nats per note with and without velocity, passages and notes; nothing without event layers.

    A task that no piece suits is left out. ``nats_per_note`` of the whole is the mean over the notes of all tasks.
    """
    if model.arranger is None:
        return {}
    if is_folder:
        corpus = replace(
            corpus,
            pieces=tuple(
                msgspec.structs.replace(piece, data_set=name) for name in _STAND_INS for piece in corpus.pieces
            ),
        )
    source = PassageSource(corpus, split=split, seed=_SEED)
    source.is_transposing = False
    tasks: dict[str, Any] = {}
    for task in TASK_SHARES:
        examples = list(_examples(source, task, num_passages))
        if examples:
            tasks[task] = _score(model, examples)
    notes = sum(row["num_notes"] for row in tasks.values())
    total = sum(row["nats_per_note"] * row["num_notes"] for row in tasks.values())
    return {"tasks": tasks, "nats_per_note": total / notes if notes else None}


def _examples(source: PassageSource, task: str, num_passages: int) -> Iterator[ArrangementExample]:
    for number in range(num_passages):
        try:
            passage = source.passage(task, number)
        except ValueError:  # no piece of the split suits the task
            return
        yield extract_arrangement(passage)


@torch.no_grad()
def _score(model: Seq2Seq, examples: list[ArrangementExample]) -> dict[str, Any]:
    assert model.arranger is not None
    totals: dict[str, float] = {}
    num_notes = 0
    ordered = sorted(examples, key=lambda example: len(example.written))
    for start in range(0, len(ordered), _BATCH):
        batch = stack_examples(ordered[start : start + _BATCH], model.device)
        with torch.autocast(model.device.type, dtype=torch.bfloat16):
            nats, count, _ = batch_nats(model.arranger, batch)
        num_notes += count
        for name, value in nats.items():
            totals[name] = totals.get(name, 0.0) + float(value)
    whole, velocity = sum(totals.values()), totals.get("velocity", 0.0)
    return {
        "nats_per_note": whole / max(num_notes, 1),
        "without_velocity": (whole - velocity) / max(num_notes, 1),
        "num_passages": len(examples),
        "num_notes": num_notes,
    }
