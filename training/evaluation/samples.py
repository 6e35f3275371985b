"""Generated pieces beside real excerpts: new music with fixed seeds, as shipped, measured like people's own.

Two comparisons: rock and pop with free instruments beside Lakh's test pieces, and pop for piano and melody beside POP909's.
A mean "lies in the spread" when it is no further out than 95 % of the means of as many real excerpts, drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference.decoding.generator import GeneratorDecoder, read_prompt
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import Controls, GenerateRequest, Result, Sampling
from music.constraints import Constraints
from music.piece import Piece
from music.tokenizers.tracker import Rows
from music.vocabulary import FIELDS, Kind
from training.collate import cut_bars
from training.corpus import Corpus, PieceEntry
from training.evaluation.intervals import mean_interval
from training.evaluation.statistics import describe_rows, summarize

NUM_BARS = 16
BALANCED = PRESET_SAMPLINGS["balanced"]
"""How the product samples unless asked otherwise (a test holds it against the bot's own table)."""
PIANO = 0
_GENRES = ("rock", "pop")
_REAL_START_BAR = 16
_CHUNK = 4
_SEED = 20_261_122
_BAR_ID = FIELDS["kind"].id_of(Kind.BAR)

Statistics = list[dict[str, float]]


def band_requests(num_samples: int, *, sampling: Sampling = BALANCED) -> list[GenerateRequest]:
    """Return requests for 16 bars in 4/4, rock and pop in turn, free instruments, seeds 1, 2, 3 ..."""
    return [
        GenerateRequest(
            job_id=f"band-{seed}", seed=seed, sampling=sampling,
            constraints=Constraints(num_bars=NUM_BARS, metre=(4, 4)), controls=Controls(genre=_GENRES[(seed + 1) % 2]),
        )
        for seed in range(1, num_samples + 1)
    ]  # fmt: skip


def piano_requests(num_samples: int, *, sampling: Sampling = BALANCED) -> list[GenerateRequest]:
    """Return requests for 16 bars of pop in 4/4, melody, second voice and piano as POP909 has them, seeds 1, 2, 3 ..."""
    return [
        GenerateRequest(
            job_id=f"piano-{seed}", seed=seed, sampling=sampling,
            constraints=Constraints(num_bars=NUM_BARS, metre=(4, 4), instruments=(PIANO,) * 3),
            controls=Controls(genre="pop"),
        )
        for seed in range(1, num_samples + 1)
    ]  # fmt: skip


def write_pieces(weights: Path, requests: Sequence[GenerateRequest], *, num_processes: int = 1) -> list[Piece]:
    """Return the pieces for requests, in their order; how many processes write them changes nothing but the time."""
    if num_processes == 1:
        return _write(weights, requests)
    chunks = [requests[start : start + _CHUNK] for start in range(0, len(requests), _CHUNK)]
    with ProcessPoolExecutor(num_processes, mp_context=get_context("spawn")) as pool:
        return [piece for found in pool.map(_write, [weights] * len(chunks), chunks) for piece in found]


def _write(weights: Path, requests: Sequence[GenerateRequest]) -> list[Piece]:
    torch.set_num_threads(1)
    decoder = GeneratorDecoder.load(weights, torch.device("cpu"))
    return [piece for request in requests for piece in write_piece(decoder, request)]


def write_piece(decoder: GeneratorDecoder, request: GenerateRequest) -> Iterator[Piece]:
    """Yield the one piece that answers a request."""
    return (message.piece for message in decoder.decode(request) if isinstance(message, Result))


def describe_piece(piece: Piece) -> dict[str, float]:
    """Return the statistics of a piece, read as the networks read it."""
    return describe_rows(read_prompt(piece)[0].rows)


def real_band_excerpts(corpus: Corpus, *, split: str) -> list[Rows]:
    """Return bars 17 to 32 of every rock and pop piece of Lakh's split."""
    pieces = [
        piece
        for piece in corpus.of_split(split)
        if piece.data_set == "lakh_subset"
        and piece.num_bars >= _REAL_START_BAR + NUM_BARS
        and set(_GENRES) & set(piece.genres)
    ]
    return [_cut(corpus, piece, _REAL_START_BAR) for piece in pieces]


def real_piano_excerpts(corpus: Corpus, *, split: str) -> list[Rows]:
    """Return every 16 bars in a row, none twice, of POP909's split."""
    return [
        _cut(corpus, piece, start)
        for piece in corpus.of_split(split)
        if piece.data_set == "pop909"
        for start in range(0, piece.num_bars - NUM_BARS + 1, NUM_BARS)
    ]


def _cut(corpus: Corpus, piece: PieceEntry, start_bar: int) -> Rows:
    rows = corpus.rows[piece.start_row : piece.stop_row]
    return cut_bars(rows, start_bar=start_bar, stop_bar=start_bar + NUM_BARS)


def shuffled_excerpts(excerpts: Sequence[Rows], *, num_excerpts: int) -> list[Rows]:
    """Return excerpts whose every bar comes from another real one: bars are people's, their order is nobody's."""
    rng = np.random.default_rng(_SEED)
    starts = [np.flatnonzero(rows[:, 0] == _BAR_ID) for rows in excerpts]
    found: list[Rows] = []
    for _ in range(num_excerpts):
        bars: list[Rows] = []
        for place in range(NUM_BARS):
            index = int(rng.integers(len(excerpts)))
            edges = np.append(starts[index], len(excerpts[index]))
            bars.append(excerpts[index][edges[place] : edges[place + 1]])
        found.append(np.concatenate(bars))
    return found


def compare(real: Statistics, new: Statistics) -> dict[str, Any]:
    """Return, for each statistic, real and new mean and deviation, the new mean's interval, and whether it is in the spread."""
    people, ours = summarize(real), summarize(new)
    table: dict[str, Any] = {}
    for name in people:
        if name not in ours:
            continue
        values = [each[name] for each in new if name in each]
        low, high = mean_interval([each[name] for each in real if name in each], size=len(values))
        mean = float(np.mean(values))
        table[name] = {
            "real": people[name], "new": ours[name], "interval": list(mean_interval(values)),
            "distance": abs(mean - people[name]["mean"]), "share_of_real": mean / people[name]["mean"] if people[name]["mean"] else None,
            "spread_of_real": [low, high], "is_in_spread": low <= mean <= high,
        }  # fmt: skip
    return table
