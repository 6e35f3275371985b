"""Evaluates the generator: likelihood beside a field-factored n-gram, use of memory, and samples beside real music.

It puts the parts together; each is measured in a module of its own. It trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference.decoding.generator import GeneratorDecoder, read_prompt
from inference.models.generator import Generator
from inference.protocol import Controls, GenerateRequest, Result, Sampling
from music.constraints import Constraints
from music.piece import Piece
from music.tokenizers.tracker import Rows
from music.vocabulary import FIELDS, Kind
from training.collate import cut_bars
from training.corpus import Corpus, PieceEntry
from training.evaluation.event_nats import PieceNats, score_readings, whole_reading
from training.evaluation.intervals import ratio_interval
from training.evaluation.midi_folder import FOLDER_SET, read_events
from training.evaluation.ngram import CHORD_FIELDS, score_ngram
from training.evaluation.statistics import describe_rows, summarize
from training.generator import NOTE_FIELDS, held_out_excerpts

NUM_BARS = 16
EXCERPT_BARS = 48
"""Likelihood is measured on the first bars of pieces, at most so many."""
BALANCED = Sampling(temperature_notes=0.95, temperature_rhythm=0.95, top_p=0.96)
"""How the product samples unless asked otherwise."""
_REAL_START_BAR = 16
NGRAM_EVENTS = 9_000_000
"""Half of Lakh's training split: all of it takes twice the time and memory, and changes the second digit after the point."""


def evaluate_generator(
    decoder: GeneratorDecoder, corpus: Corpus, *, num_pieces: int = 60, num_samples: int = 8, split: str = "test"
) -> dict[str, Any]:
    """Return nats per note on Lakh's held-out split, the baseline's, and statistics of real and generated excerpts."""
    excerpts = held_out_excerpts(corpus, split=split, num_pieces=num_pieces, num_bars=EXCERPT_BARS)
    network = measure_likelihood(decoder.model, excerpts)
    baseline = measure_ngram(corpus, excerpts)
    baseline.pop("piece_nats")
    return {
        "checkpoint_id": decoder.checkpoint_id,
        "split": split,
        **network,
        "ngram": baseline,
        "lower_by": 1 - network["nats_per_note"] / baseline["nats_per_note"],
        "samples": compare_samples(decoder, corpus, num_samples=num_samples, split=split),
    }


def evaluate_generator_folder(
    decoder: GeneratorDecoder, files: list[Path], *, split: str, num_processes: int = 1
) -> dict[str, Any]:
    """Return nats per note on the first 48 bars of every usable file, and what was not usable."""
    corpus, report = read_events(files, split=split, max_bars=EXCERPT_BARS, num_processes=num_processes)
    result: dict[str, Any] = {"checkpoint_id": decoder.checkpoint_id, "split": split, "nats_per_note": None}
    if corpus.pieces:
        excerpts = held_out_excerpts(
            corpus, split=split, num_pieces=len(corpus.pieces), num_bars=EXCERPT_BARS, data_set=FOLDER_SET
        )
        result |= measure_likelihood(decoder.model, excerpts)
    return {**result, "max_bars": EXCERPT_BARS, **report.as_dict()}


def measure_likelihood(model: Generator, excerpts: Sequence[Rows]) -> dict[str, Any]:
    """Return nats per note with its interval, field by field; bar, chord and control fields stand apart."""
    scores = score_readings(model, [whole_reading(rows) for rows in excerpts])
    num_notes = sum(score.num_notes for score in scores)
    parts = _sum_parts(scores)
    per_note = {name: value / max(num_notes, 1) for name, value in parts.items()}
    low, high = ratio_interval([score.note_nats for score in scores], [score.num_notes for score in scores])
    return {
        "num_pieces": len(excerpts),
        "num_notes": num_notes,
        "nats_per_note": sum(per_note.get(name, 0.0) for name in NOTE_FIELDS),
        "interval": [low, high],
        "all_nats_per_note": sum(per_note.values()),
        "fields": {name: per_note[name] for name in NOTE_FIELDS if name in per_note},
        "other_fields": {name: value for name, value in per_note.items() if name not in NOTE_FIELDS},
    }


def _sum_parts(scores: Sequence[PieceNats]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for score in scores:
        for name, value in score.parts.items():
            totals[name] = totals.get(name, 0.0) + value
    return totals


def measure_ngram(
    corpus: Corpus, excerpts: Sequence[Rows], *, num_events: int = NGRAM_EVENTS, num_tuning: int = 60
) -> dict[str, Any]:
    """Return the baseline's nats per note and per field on excerpts, and note nats by piece (``piece_nats``).

    It counts pieces spread over Lakh's training split, ``num_events`` in all, and is tuned on the validation split.
    """
    pieces = [piece for piece in corpus.of_split("train") if piece.data_set == "lakh_subset"]
    step = max(sum(piece.stop_row - piece.start_row for piece in pieces) // num_events, 1)
    train = [np.asarray(corpus.rows[piece.start_row : piece.stop_row]) for piece in pieces[::step]]
    tune = held_out_excerpts(corpus, split="valid", num_pieces=num_tuning, num_bars=EXCERPT_BARS)
    scores = score_ngram(train, tune, excerpts)
    num_notes = sum(int((rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum()) for rows in excerpts)
    per_note = {name: float(values.sum()) / num_notes for name, values in scores.items()}
    return {
        "nats_per_note": sum(per_note[name] for name in NOTE_FIELDS),
        "fields": {name: per_note[name] for name in NOTE_FIELDS},
        "other_fields": {name: per_note[name] for name in CHORD_FIELDS},
        "num_events_learned": sum(len(rows) for rows in train),
        "piece_nats": np.sum([scores[name] for name in NOTE_FIELDS], axis=0).tolist(),
    }


def compare_samples(
    decoder: GeneratorDecoder, corpus: Corpus, *, num_samples: int, split: str, sampling: Sampling | None = None
) -> dict[str, Any]:
    """Return statistics of real bars 17 to 32 of rock and pop, of new pieces, and of continuations of four real bars."""
    pieces = [
        piece
        for piece in corpus.of_split(split)
        if piece.data_set == "lakh_subset"
        and piece.num_bars >= _REAL_START_BAR + NUM_BARS
        and {"rock", "pop"} & set(piece.genres)
    ]
    real = [describe_rows(_real_rows(corpus, piece)) for piece in pieces]
    new = [
        describe_rows(read_prompt(piece)[0].rows)
        for piece in generate_samples(decoder, num_samples=num_samples, sampling=sampling or BALANCED)
    ]
    return {"real": summarize(real), "new": summarize(new), "num_samples": num_samples}


def generate_samples(decoder: GeneratorDecoder, *, num_samples: int, sampling: Sampling) -> list[Piece]:
    """Return pieces of 16 bars in 4/4, rock and pop in turn, free instruments, seeds 1, 2, 3 ..."""
    pieces: list[Piece] = []
    for seed in range(1, num_samples + 1):
        request = GenerateRequest(
            job_id=f"sample-{seed}",
            seed=seed,
            constraints=Constraints(num_bars=NUM_BARS, metre=(4, 4)),
            controls=Controls(genre="rock" if seed % 2 else "pop"),
            sampling=sampling,
        )
        pieces += [message.piece for message in decoder.decode(request) if isinstance(message, Result)]
    return pieces


def _real_rows(corpus: Corpus, piece: PieceEntry) -> Any:
    rows = corpus.rows[piece.start_row : piece.stop_row]
    return cut_bars(rows, start_bar=_REAL_START_BAR, stop_bar=_REAL_START_BAR + NUM_BARS)
