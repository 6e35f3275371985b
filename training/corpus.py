"""Data sets by configuration -> memory-mapped arrays of events, with a report of what went in and what stayed out.

A corpus folder holds ``rows.npy`` (all events of all pieces, without headers), ``pieces.json`` (one entry a piece) and
``report.json``. It knows nothing of excerpts or batches (``collate.py``).
"""

from __future__ import annotations

import json
import logging
import os
import time
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from core.errors import ConfigurationError, InputError
from music.columns import Columns, find_bars, on_grid_share, snap
from music.tokenizers.event import encode_columns, place_of_bar
from music.vocabulary import FIELDS, NUM_PHASES, VOCABULARY_HASH, Kind
from training.archives import unpack_set
from training.corpus_report import make_report
from training.datasets import Source, list_set, read_source
from training.near_copies import REASON, known_near_copies

Rows = npt.NDArray[np.int16]
_NICENESS = 5
_BAR_ID = FIELDS["kind"].id_of(Kind.BAR)
_NOTE_ID = FIELDS["kind"].id_of(Kind.NOTE)


class SetConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One data set of a corpus and how much more often than its size its pieces are drawn."""

    name: str
    weight: float = 1.0


class CorpusConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which sets, and which pieces of them, make a corpus."""

    name: str
    sets: tuple[SetConfig, ...]
    min_grid_share: float = 0.75
    min_bars: int = 4
    max_notes: int = 20_000
    max_notes_in_bar: int = 400


class PieceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One piece: where its rows lie, what is known of it. ``parts`` are (slot, role, program).

    ``origins`` says for each genre where the label comes from; empty: from the set itself.
    """

    data_set: str
    name: str
    split: str
    genres: tuple[str, ...]
    key: int
    parts: tuple[tuple[int, int, int], ...]
    start_row: int
    stop_row: int
    num_bars: int
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """A prepared corpus, its rows mapped from disk."""

    rows: Rows
    pieces: tuple[PieceEntry, ...]
    weights: dict[str, float]
    report: dict[str, Any]

    def of_split(self, split: str) -> list[PieceEntry]:
        return [piece for piece in self.pieces if piece.split == split]


def load_config(path: Path) -> CorpusConfig:
    """Return the ``[corpus]`` table of a training configuration.

    Raises:
        ConfigurationError: if it is missing or wrong.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text())["corpus"], CorpusConfig)
    except (OSError, KeyError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}", variable="corpus") from error


def prepare_corpus(config: CorpusConfig, *, archives: Path, scratch: Path, out: Path, num_processes: int = 2) -> Corpus:
    """Write the corpus into ``out``, unless it stands there already, and return it.

    Raises:
        ConfigurationError: for a data set that is unknown or not there, or when no piece could be used.
    """
    if (out / "report.json").exists():
        return load_corpus(out)
    started = time.monotonic()
    listed = [
        source
        for each in config.sets
        for source in list_set(each.name, unpack_set(archives, each.name, scratch=scratch))
    ]
    sources = [source for source in listed if not is_near_copy(source)]
    outcomes = Counter(f"{source.data_set}: {REASON}" for source in listed if is_near_copy(source))
    entries: list[PieceEntry] = []
    chunks: list[Rows] = []
    total = 0
    with ProcessPoolExecutor(num_processes, initializer=os.nice, initargs=(_NICENESS,)) as pool:
        jobs = pool.map(_encode_source, sources, [config] * len(sources), chunksize=16)
        for source, (outcome, rows, facts) in track(
            zip(sources, jobs, strict=True), total=len(sources), description="corpus", console=Console(stderr=True)
        ):
            outcomes[f"{source.data_set}: {outcome}"] += 1
            if rows is None:
                continue
            entries.append(
                PieceEntry(
                    data_set=source.data_set, name=source.path.stem, split=source.split, genres=source.genres,
                    start_row=total, stop_row=total + len(rows), origins=source.origins, **facts,
                )
            )  # fmt: skip
            chunks.append(rows)
            total += len(rows)
    if not chunks:
        raise ConfigurationError(
            f"No piece of the corpus {config.name} could be used: {dict(outcomes)}.", variable="corpus"
        )
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rows.npy", np.concatenate(chunks))
    (out / "pieces.json").write_bytes(msgspec.json.encode(entries))
    report = {
        "name": config.name,
        "vocabulary_hash": VOCABULARY_HASH,
        "weights": {each.name: each.weight for each in config.sets},
        **make_report(names=[each.name for each in config.sets], entries=entries, chunks=chunks, outcomes=outcomes),
        "seconds": round(time.monotonic() - started, 1),
    }
    (out / "report.json").write_text(json.dumps(report, indent=1))
    return load_corpus(out)


def load_corpus(folder: Path) -> Corpus:
    """Return a prepared corpus.

    Raises:
        ConfigurationError: if it was made with another vocabulary.
    """
    report = json.loads((folder / "report.json").read_text())
    if report["vocabulary_hash"] != VOCABULARY_HASH:
        raise ConfigurationError(
            f"{folder} was made with another vocabulary. Delete it and start again.", variable="runs"
        )
    pieces = msgspec.json.decode((folder / "pieces.json").read_bytes(), type=tuple[PieceEntry, ...])
    return Corpus(np.load(folder / "rows.npy", mmap_mode="r"), pieces, report["weights"], report)


def encode_for_training(columns: Columns, config: CorpusConfig, *, is_played: bool) -> tuple[Rows, dict[str, Any]]:
    """Return a piece's rows, silent bars at both ends cut off, and its facts.

    Raises:
        InputError: with the reason (one short phrase) why the piece stays out.
    """
    bars = find_bars(columns)
    if len(columns.onset_ticks) > config.max_notes:
        raise InputError("too many notes")
    if not is_played and on_grid_share(columns, bars) < config.min_grid_share:
        raise InputError("off the grid")
    encoded = encode_columns(snap(columns, bars), bars)
    rows = trim_silence(encoded.rows)
    is_bar = rows[:, 0] == _BAR_ID
    num_bars = int(is_bar.sum())
    if num_bars < config.min_bars:
        raise InputError("too few bars")
    notes_in_bar = np.bincount((np.cumsum(is_bar) - 1)[rows[:, 0] == _NOTE_ID])
    if notes_in_bar.max() > config.max_notes_in_bar:
        raise InputError("too many notes in a bar")
    parts = tuple((part.slot, part.role, part.program) for part in encoded.parts)
    return rows, {"key": encoded.key, "parts": parts, "num_bars": num_bars}


def trim_silence(rows: Rows) -> Rows:
    """Cut bars without notes off both ends and number the places of the rest anew."""
    bar = np.cumsum(rows[:, 0] == _BAR_ID) - 1
    with_notes = bar[rows[:, 0] == _NOTE_ID]
    kept = rows[(bar >= with_notes[0]) & (bar <= with_notes[-1])].copy()
    is_bar = kept[:, 0] == _BAR_ID
    count = int(is_bar.sum())
    kept[is_bar, 3] = [FIELDS["place"].offset + place_of_bar(index, count) for index in range(count)]
    kept[is_bar, 4] = FIELDS["phase"].offset + np.arange(count) % NUM_PHASES
    return kept


def is_near_copy(source: Source) -> bool:
    """Whether a held-out piece is nearly in the training split (see ``near_copies.py``)."""
    return source.split != "train" and (source.data_set, source.path.stem) in known_near_copies()


def _encode_source(source: Source, config: CorpusConfig) -> tuple[str, Rows | None, dict[str, Any]]:
    """Run in a child process: outcome ("in" or why not), rows, facts."""
    try:
        rows, facts = encode_for_training(read_source(source), config, is_played=source.is_played)
    except InputError as error:
        return type(error).__name__ if type(error) is not InputError else error.reason, None, {}
    except (ValueError, IndexError, OverflowError):
        logging.getLogger(__name__).exception("piece_failed %s", source.path.name)
        return "failed", None, {}
    return "in", rows, facts
