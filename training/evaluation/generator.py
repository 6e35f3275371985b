"""Evaluates the generator: likelihood beside a field-factored n-gram, use of memory, samples beside people's music.

It puts the parts together; each is measured in a module of its own. It trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from inference.models.generator import Generator
from inference.protocol import GenerateRequest
from music.piece import Piece
from music.tokenizers.tracker import Rows
from music.vocabulary import FIELDS, Kind
from training.corpus import Corpus
from training.evaluation.engine_nats import measure_engines
from training.evaluation.event_nats import PieceNats, score_readings, whole_reading
from training.evaluation.intervals import paired_interval, ratio_interval
from training.evaluation.memory_use import measure_memory
from training.evaluation.midi_folder import FOLDER_SET, read_events
from training.evaluation.ngram import CHORD_FIELDS, score_ngram
from training.evaluation.obedience import generator_requests, measure_obedience
from training.evaluation.originality import OriginalityIndex, measure_originality, real_excerpts
from training.evaluation.parts import run_parts
from training.evaluation.people import measure_people
from training.evaluation.samples import (
    BALANCED,
    band_requests,
    compare,
    describe_piece,
    piano_requests,
    real_band_excerpts,
    real_piano_excerpts,
    shuffled_excerpts,
    write_pieces,
)
from training.evaluation.statistics import describe_rows, summarize
from training.evaluation.wishes import measure_wishes
from training.generator import NOTE_FIELDS, held_out_excerpts

EXCERPT_BARS = 48
"""Likelihood is measured on the first bars of pieces, at most so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything is measured; pieces, except ``ngram_events``."""

    likelihood: int = 100
    memory: int = 100
    engines: int = 20
    samples: int = 100
    requests: int = 63  # nine of each metre
    people: int = 200
    ngram_events: int = 9_000_000
    ngram_tuning: int = 60


FULL = Sizes()
QUICK = Sizes(
    likelihood=12, memory=6, engines=2, samples=4, requests=7, people=20, ngram_events=500_000, ngram_tuning=12
)  # fmt: skip


def evaluate_generator(
    decoder: GeneratorDecoder, corpus: Corpus, settings: Settings, *, split: str, sizes: Sizes, num_processes: int = 1
) -> dict[str, Any]:
    """Return everything the table says of the generator; new pieces come from the weights in the settings' folder.

    A part that fails is named under ``failed`` and does not take the others with it.
    """
    weights = settings.inference.weights_folder / "generator"
    written: list[Piece] = []

    def write(requests: Sequence[GenerateRequest]) -> list[Piece]:
        pieces = write_pieces(weights, requests, num_processes=num_processes)
        written.extend(pieces)
        return pieces

    def obey() -> dict[str, Any]:
        given = real_excerpts(corpus, split=split, num_pieces=8)
        return measure_obedience(decoder, generator_requests(sizes.requests, sampling=BALANCED, given=given))

    excerpts = held_out_excerpts(corpus, split=split, num_pieces=sizes.likelihood, num_bars=EXCERPT_BARS)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "memory": lambda: measure_memory(decoder.model, corpus, split=split, num_pieces=sizes.memory),
        "engines": lambda: measure_engines(decoder.model, excerpts[: sizes.engines]),
        "wishes": lambda: measure_wishes(decoder.model, corpus, split=split, num_pieces=sizes.memory),
        "band": lambda: compare_samples(write(band_requests(sizes.samples)), real_band_excerpts(corpus, split=split)),
        "piano": lambda: compare_samples(
            write(piano_requests(sizes.samples)), real_piano_excerpts(corpus, split=split)
        ),
        "obedience": obey,
        "people": lambda: measure_people(corpus, settings.training.data_folder),
        "originality": lambda: compare_originality(settings, corpus, written, split=split, num=sizes.people),
    }
    return {
        "checkpoint_id": decoder.checkpoint_id,
        "split": split,
        **compare_likelihood(decoder.model, corpus, excerpts, sizes=sizes),
        **run_parts(parts),
    }


def compare_samples(new: Sequence[Piece], real: Sequence[Rows]) -> dict[str, Any]:
    """Return the statistics of new pieces beside real excerpts, and those of real bars in nobody's order."""
    people = [describe_rows(rows) for rows in real]
    shuffled = [describe_rows(rows) for rows in shuffled_excerpts(real, num_excerpts=len(real))]
    return {
        "num_new": len(new),
        "num_real": len(real),
        "seeds": f"1-{len(new)}",
        "statistics": compare(people, [describe_piece(piece) for piece in new]),
        "shuffled": summarize(shuffled),
    }


def compare_originality(
    settings: Settings, corpus: Corpus, pieces: Sequence[Piece], *, split: str, num: int
) -> dict[str, Any]:
    """Return the longest runs shared with the training music, of new pieces and of people's own of the split."""
    index = OriginalityIndex.load(settings)
    return {
        "new": measure_originality(pieces, index),
        "people": measure_originality(real_excerpts(corpus, split=split, num_pieces=num), index),
    }


def compare_likelihood(model: Generator, corpus: Corpus, excerpts: Sequence[Rows], *, sizes: Sizes) -> dict[str, Any]:
    """Return nats per note of network and n-gram on the same events, and the paired interval of their difference."""
    scores = score_readings(model, [whole_reading(rows) for rows in excerpts])
    network = describe_scores(scores)
    baseline, piece_nats = measure_ngram(corpus, excerpts, sizes=sizes)
    difference, low, high = paired_interval(
        [score.note_nats for score in scores], piece_nats, [score.num_notes for score in scores]
    )
    base = baseline["nats_per_note"]
    return {
        **network,
        "ngram": baseline,
        "lower_by": -difference / base,
        "lower_by_interval": [-high / base, -low / base],
    }


def measure_ngram(corpus: Corpus, excerpts: Sequence[Rows], *, sizes: Sizes) -> tuple[dict[str, Any], list[float]]:
    """Return the baseline's nats per note and per field on excerpts, and the nats of each excerpt's notes.

    It counts pieces spread over Lakh's training split, and is tuned on the validation split.
    """
    pieces = [piece for piece in corpus.of_split("train") if piece.data_set == "lakh_subset"]
    step = max(sum(piece.stop_row - piece.start_row for piece in pieces) // sizes.ngram_events, 1)
    train = [np.asarray(corpus.rows[piece.start_row : piece.stop_row]) for piece in pieces[::step]]
    tune = held_out_excerpts(corpus, split="valid", num_pieces=sizes.ngram_tuning, num_bars=EXCERPT_BARS)
    scores = score_ngram(train, tune, excerpts)
    num_notes = sum(int((rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum()) for rows in excerpts)
    per_note = {name: float(values.sum()) / num_notes for name, values in scores.items()}
    baseline = {
        "nats_per_note": sum(per_note[name] for name in NOTE_FIELDS),
        "fields": {name: per_note[name] for name in NOTE_FIELDS},
        "other_fields": {name: per_note[name] for name in CHORD_FIELDS},
        "num_events_counted": sum(len(rows) for rows in train),
    }
    return baseline, np.sum([scores[name] for name in NOTE_FIELDS], axis=0).tolist()


def describe_scores(scores: Sequence[PieceNats]) -> dict[str, Any]:
    """Return nats per note with its interval, field by field; bar, chord and control fields stand apart."""
    num_notes = sum(score.num_notes for score in scores)
    totals: dict[str, float] = {}
    for score in scores:
        for name, value in score.parts.items():
            totals[name] = totals.get(name, 0.0) + value
    per_note = {name: value / max(num_notes, 1) for name, value in totals.items()}
    low, high = ratio_interval([score.note_nats for score in scores], [score.num_notes for score in scores])
    return {
        "num_pieces": len(scores),
        "num_notes": num_notes,
        "nats_per_note": sum(per_note.get(name, 0.0) for name in NOTE_FIELDS),
        "interval": [low, high],
        "all_nats_per_note": sum(per_note.values()),
        "fields": {name: per_note[name] for name in NOTE_FIELDS if name in per_note},
        "other_fields": {name: value for name, value in per_note.items() if name not in NOTE_FIELDS},
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
        result |= describe_scores(score_readings(decoder.model, [whole_reading(rows) for rows in excerpts]))
    return {**result, "max_bars": EXCERPT_BARS, **report.as_dict()}
