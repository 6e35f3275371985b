"""Evaluates the generator: nats per note beside a field-factored n-gram, and samples beside real excerpts.

``python -m training.evaluation.generator --folder weights/generator`` prints one JSON object. It trains nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder, read_prompt
from inference.protocol import Controls, GenerateRequest, Result, Sampling
from music.constraints import Constraints
from music.piece import Piece
from music.vocabulary import FIELDS, Kind
from training.collate import cut_bars
from training.corpus import Corpus, PieceEntry
from training.evaluation.ngram import FieldNGram
from training.evaluation.statistics import describe_rows, summarize
from training.generator import NOTE_FIELDS, held_out_excerpts, measure_nats
from training.train import CONFIGS, open_corpus

NUM_BARS = 16
BALANCED = Sampling(temperature_notes=0.95, temperature_rhythm=0.95, top_p=0.96)
"""How the product samples unless asked otherwise."""
_REAL_START_BAR = 16
_NGRAM_EVENTS = 4_000_000


def evaluate_generator(
    decoder: GeneratorDecoder, corpus: Corpus, *, num_pieces: int = 60, num_samples: int = 8, split: str = "test"
) -> dict[str, Any]:
    """Return nats per note on Lakh's held-out split, the baseline's, and statistics of real and generated excerpts."""
    excerpts = held_out_excerpts(corpus, split=split, num_pieces=num_pieces, num_bars=48)
    network = measure_nats(decoder.model, excerpts, device=next(decoder.model.parameters()).device)
    baseline = measure_ngram(corpus, excerpts)
    return {
        "checkpoint_id": decoder.checkpoint_id,
        "split": split,
        "num_pieces": len(excerpts),
        "num_notes": network["num_notes"],
        "nats_per_note": network["nats_per_note"],
        "fields": {name: network[name] for name in NOTE_FIELDS},
        "other_fields": {
            name: value for name, value in network.items() if name not in NOTE_FIELDS and not name.startswith("num_")
        },
        "ngram": baseline,
        "lower_by": 1 - network["nats_per_note"] / baseline["nats_per_note"],
        "samples": compare_samples(decoder, corpus, num_samples=num_samples, split=split),
    }


def measure_ngram(corpus: Corpus, excerpts: list[Any]) -> dict[str, float]:
    """Return the baseline's nats per note and per field on excerpts; it learns from a part of Lakh's training split."""
    pieces: list[Any] = []
    num_events = 0
    for piece in corpus.of_split("train"):
        if piece.data_set == "lakh_subset" and num_events < _NGRAM_EVENTS:
            pieces.append(np.asarray(corpus.rows[piece.start_row : piece.stop_row]))
            num_events += piece.stop_row - piece.start_row
    ngram = FieldNGram(pieces)
    totals: dict[str, float] = dict.fromkeys(NOTE_FIELDS, 0.0)
    num_notes = 0
    for rows in excerpts:
        for name, value in ngram.nats(rows).items():
            totals[name] += value
        num_notes += int((rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum())
    per_note = {name: value / num_notes for name, value in totals.items()}
    return {"nats_per_note": sum(per_note.values()), **per_note, "num_events_learned": num_events}


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


def main(
    folder: Annotated[Path, typer.Option(help="folder of the checkpoint")] = Path("weights/generator"),
    config: Annotated[str, typer.Option(help="the configuration whose corpus is used")] = "cpu",
    num_pieces: Annotated[int, typer.Option(help="held-out pieces for nats per note")] = 60,
    num_samples: Annotated[int, typer.Option(help="generated pieces")] = 8,
    split: Annotated[str, typer.Option(help="valid or test")] = "test",
) -> None:
    """Print the evaluation as JSON."""
    torch.set_num_threads(1)
    decoder = GeneratorDecoder.load(folder, torch.device("cpu"))
    corpus = open_corpus(CONFIGS / f"generator_{config}.toml", Settings())
    print(
        json.dumps(
            evaluate_generator(decoder, corpus, num_pieces=num_pieces, num_samples=num_samples, split=split), indent=1
        )
    )


if __name__ == "__main__":
    typer.run(main)
