"""Data sets -> one memory-mapped array of octuple rows, and windows drawn from it. It knows nothing of masks or networks.

A corpus folder holds ``rows.npy`` (N, 9) int16 (the eight fields and the track, notes in the network's order, bars from
0 in each piece) and ``corpus.json``. Splits are those of ``training/datasets.py``.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from rich.progress import track as show_progress

from core.errors import ConfigurationError, InputError
from inference.decoding.remixer_inputs import order_for_network
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import (
    BAR,
    FIRST_DRUM_PITCH,
    INSTRUMENT,
    NUM_FIELDS,
    PITCH,
    POSITION,
    POSITIONS_PER_QUARTER,
    VOCABULARY_HASH,
    encode_columns,
)
from training.archives import unpack_set
from training.datasets import LISTERS, Source, read_source

Ints = npt.NDArray[np.int64]
TRACK = NUM_FIELDS
_GRID = (0, 4, 5, 8, 11, 12)  # 16ths and triplet 8ths among the 16 positions of a quarter


class OctupleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which sets, and which pieces of them, make the remixer's corpus. ``weights`` are by set, against their size."""

    name: str
    weights: dict[str, float]
    min_grid_share: float = 0.7
    min_notes: int = 64
    max_notes: int = 20_000
    max_bars: int = 1_000
    max_tracks: int = 32


class PieceRows(msgspec.Struct, frozen=True, kw_only=True):
    """One piece: where its rows lie."""

    data_set: str
    name: str
    split: str
    start_row: int
    stop_row: int


@dataclass(frozen=True, slots=True)
class OctupleCorpus:
    """A prepared corpus, its rows mapped from disk."""

    rows: npt.NDArray[np.int16]
    pieces: tuple[PieceRows, ...]
    weights: dict[str, float]
    report: dict[str, Any]

    def of_split(self, split: str) -> list[PieceRows]:
        return [piece for piece in self.pieces if piece.split == split]


class WindowSampler:
    """Draws windows of one split: a piece by its weight and size, then a bar of it, then up to ``num_notes`` notes."""

    def __init__(self, corpus: OctupleCorpus, *, split: str, num_notes: int, seed: int) -> None:
        self.corpus = corpus
        self.pieces = corpus.of_split(split)
        self.num_notes = num_notes
        self.random = np.random.default_rng(seed)
        sizes = np.asarray([piece.stop_row - piece.start_row for piece in self.pieces], dtype=np.float64)
        chances = sizes * np.asarray([corpus.weights.get(piece.data_set, 1.0) for piece in self.pieces])
        self._cumulative = np.cumsum(chances / chances.sum())
        self.last_piece = self.pieces[0]
        """The piece of the window drawn last."""

    def draw(self) -> Ints:
        """Return rows (up to ``num_notes``, 9) that begin with a bar."""
        index = int(np.searchsorted(self._cumulative, self.random.random()))
        piece = self.last_piece = self.pieces[min(index, len(self.pieces) - 1)]
        rows = self.corpus.rows[piece.start_row : piece.stop_row]
        latest = max(len(rows) - self.num_notes // 2, 1)
        start = int(self.random.integers(latest))
        start = int(np.searchsorted(rows[:, BAR], rows[start, BAR]))
        return rows[start : start + self.num_notes].astype(np.int64)

    def draw_transposed(self) -> Ints:
        """Return a window moved by -5..+6 semitones as far as its notes stay in range; drums stay."""
        window = self.draw()
        is_pitched = window[:, INSTRUMENT] != DRUM_PROGRAM
        pitches = window[is_pitched, PITCH]
        if len(pitches):
            shift = int(self.random.integers(-5, 7))
            if pitches.min() + shift >= 0 and pitches.max() + shift < FIRST_DRUM_PITCH:
                window[is_pitched, PITCH] += shift
        return window


def prepare_octuples(
    config: OctupleConfig, *, archives: Path, scratch: Path, out: Path, num_processes: int = 1
) -> OctupleCorpus:
    """Write the corpus into ``out``, unless it stands there already, and return it.

    Raises:
        ConfigurationError: for a data set that is not there.
    """
    if (out / "corpus.json").exists():
        return load_octuples(out)
    started = time.monotonic()
    sources = [
        source for name in config.weights for source in LISTERS[name](unpack_set(archives, name, scratch=scratch))
    ]
    outcomes: Counter[str] = Counter()
    pieces: list[PieceRows] = []
    chunks: list[npt.NDArray[np.int16]] = []
    total = 0
    with ProcessPoolExecutor(num_processes) as pool:
        jobs = pool.map(_encode_source, sources, [config] * len(sources), chunksize=32)
        for source, (outcome, rows) in show_progress(
            zip(sources, jobs, strict=True), total=len(sources), description="octuples"
        ):
            outcomes[f"{source.data_set}: {outcome}"] += 1
            if rows is None:
                continue
            stop = total + len(rows)
            entry = PieceRows(
                data_set=source.data_set, name=source.path.stem, split=source.split, start_row=total, stop_row=stop
            )
            pieces.append(entry)
            chunks.append(rows)
            total = stop
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rows.npy", np.concatenate(chunks))
    notes = Counter[str]()
    for piece in pieces:
        notes[f"{piece.data_set} {piece.split}"] += piece.stop_row - piece.start_row
    report = {
        "name": config.name, "vocabulary_hash": VOCABULARY_HASH, "weights": config.weights, "num_notes": total,
        "notes": dict(notes), "outcomes": dict(sorted(outcomes.items())),
        "seconds": round(time.monotonic() - started, 1), "pieces": [msgspec.to_builtins(piece) for piece in pieces],
    }  # fmt: skip
    (out / "corpus.json").write_text(json.dumps(report))
    return load_octuples(out)


def load_octuples(folder: Path) -> OctupleCorpus:
    """Return a prepared corpus.

    Raises:
        ConfigurationError: if it was made with another vocabulary.
    """
    report = json.loads((folder / "corpus.json").read_text())
    if report["vocabulary_hash"] != VOCABULARY_HASH:
        raise ConfigurationError(
            f"{folder} was made with another vocabulary. Delete it and start again.", variable="runs"
        )
    pieces = msgspec.convert(report.pop("pieces"), tuple[PieceRows, ...])
    return OctupleCorpus(np.load(folder / "rows.npy", mmap_mode="r"), pieces, report["weights"], report)


def encode_for_training(source: Source, config: OctupleConfig) -> npt.NDArray[np.int16]:
    """Return a piece's rows with their tracks.

    Raises:
        InputError: with the reason (one short phrase) why the piece stays out.
    """
    columns = read_source(source)
    if not config.min_notes <= len(columns.onset_ticks) <= config.max_notes:
        raise InputError("too few or too many notes")
    octuples = encode_columns(columns)
    rows, tracks = octuples.rows, octuples.track
    if int(rows[-1, BAR]) >= config.max_bars or len(set(tracks.tolist())) > config.max_tracks:
        raise InputError("too many bars or tracks")
    on_grid = np.isin(rows[:, POSITION] % POSITIONS_PER_QUARTER, _GRID).mean()
    if not source.is_played and on_grid < config.min_grid_share:
        raise InputError("off the grid")
    order = order_for_network(rows, tracks)
    return np.concatenate([rows, tracks[:, None]], axis=1)[order].astype(np.int16)


def _encode_source(source: Source, config: OctupleConfig) -> tuple[str, npt.NDArray[np.int16] | None]:
    """Run in a child process: outcome ("in" or why not) and rows."""
    try:
        return "in", encode_for_training(source, config)
    except InputError as error:
        return error.reason, None
    except (ValueError, IndexError, OverflowError) as error:
        return f"failed: {type(error).__name__}", None
