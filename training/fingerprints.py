"""Builds the fingerprints of all training music: ``python -m training.fingerprints``. It knows no network.

The music is the training split of every data set that any configuration names, all files and all their tracks, also
those that a corpus leaves out: more than any network has seen, so a shared run can only be told too long. The lines
(see ``music/originality.py``) stay in ``runs/originality``, so that ``ExactIndex`` can tell the exact length; the
filter goes to ``weights/originality``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track

from core.errors import InputError
from core.settings import Settings
from music.originality import (
    BITS_NAME,
    CARD_NAME,
    FORMAT_VERSION,
    MIN_DISTINCT,
    WINDOW,
    Fingerprints,
    Hashes,
    Symbols,
    hash_windows,
    probes,
    spell_columns,
    spell_lines,
)
from training.archives import unpack_set
from training.datasets import LISTERS, Source, read_source
from training.harmonizer_sets import Split, read_jsb_chorales
from training.near_copies import PieceLines, find_near_copies, write_list

JSB = "jsb_chorales"
"""The one set that comes as steps, not as files."""
SETS = (
    "lakh_subset", "pop909", "openscore_lieder", "openscore_quartets", "open_game_music", "openewld", "js_fakes",
    JSB,
)  # fmt: skip
"""Every set but Groove, which has only drums."""
SETS_WITHOUT_JSB = tuple(name for name in SETS if name != JSB)
"""The benchmark keeps its own split, whatever is near what."""
HELD_OUT: tuple[Split, ...] = ("valid", "test")
BITS_PER_HASH = 15
NUM_PROBES = 10
LINES_NAME = "lines.npy"
_UNITS_PER_STEP = 6  # of jsb_chorales: 16ths


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """The lines of the training music and where each counted window lies, sorted by hash."""

    symbols: Symbols
    hashes: Hashes
    places: npt.NDArray[np.int32]

    @classmethod
    def of_lines(cls, symbols: Symbols) -> ExactIndex:
        hashes, counts = hash_windows(symbols)
        places = np.flatnonzero(counts).astype(np.int32)
        order = np.argsort(hashes[places], kind="stable")
        return cls(symbols, hashes[places][order], places[order])

    def longest_run(self, symbols: Symbols) -> int:
        """Return the notes of the longest run that stands in one place of the training music; 0: no window does."""
        hashes, counts = hash_windows(symbols)
        windows = np.flatnonzero(counts)
        first = np.searchsorted(self.hashes, hashes[windows], side="left")
        num_places = np.searchsorted(self.hashes, hashes[windows], side="right") - first
        here = np.repeat(windows, num_places)
        if not len(here):
            return 0
        offset = np.arange(len(here)) - np.repeat(np.cumsum(num_places) - num_places, num_places)
        there = self.places[np.repeat(first, num_places) + offset].astype(np.int64)
        # Two neighbouring windows go on in the same place exactly when their distance stays: sort by it and count.
        keys = np.sort((there - here + len(symbols)) * (len(symbols) + 1) + here)
        goes_on = np.concatenate([[0], (np.diff(keys) == 1).astype(np.int8), [0]])
        edges = np.flatnonzero(np.diff(goes_on))
        num_windows = 1 + int((edges[1::2] - edges[::2]).max(initial=0))
        return num_windows + WINDOW


def read_lines(
    data_folder: Path, *, split: Split, sets: tuple[str, ...] = SETS
) -> tuple[list[PieceLines], Counter[str]]:
    """Return the lines of every readable piece of a split, and what became of the files."""
    sources = [
        source
        for name in sets
        if name != JSB
        for source in LISTERS[name](unpack_set(data_folder, name))
        if source.split == split
    ]
    outcomes: Counter[str] = Counter()
    lines: list[PieceLines] = []
    with ProcessPoolExecutor(1) as pool:
        jobs = pool.map(_spell_source, sources, chunksize=32)
        done = zip(sources, jobs, strict=True)
        for source, symbols in track(done, total=len(sources), description="lines", console=Console(stderr=True)):
            outcomes[f"{source.data_set}: {'in' if symbols is not None else 'unreadable'}"] += 1
            if symbols is not None:
                lines.append(PieceLines(source.data_set, symbols, source.path.stem))
    for chorale in read_jsb_chorales(unpack_set(data_folder, JSB), split) if JSB in sets else ():
        outcomes[f"{JSB}: in"] += 1
        lines.append(PieceLines(JSB, spell_voices(chorale.pitches), chorale.name))
    return lines, outcomes


def spell_voices(pitches: npt.NDArray[np.int64]) -> Symbols:
    """Return the lines of voices on a grid of 16ths (T, voices), -1 for silence; a repeated pitch counts as held."""
    is_new = np.ones(pitches.shape, dtype=bool)
    is_new[1:] = pitches[1:] != pitches[:-1]
    step, voice = np.nonzero(is_new & (pitches >= 0))
    return spell_lines(step * _UNITS_PER_STEP, pitch=pitches[step, voice], line=voice)


def make_bits(hashes: Hashes) -> npt.NDArray[np.uint8]:
    """Return the Bloom filter (bytes,) of distinct hashes."""
    num_bytes = max(len(hashes) * BITS_PER_HASH // 8, 8)
    is_set = np.zeros(8 * num_bytes, dtype=bool)
    for place in probes(hashes, num_bits=8 * num_bytes, num_probes=NUM_PROBES):
        is_set[place] = True
    return np.packbits(is_set, bitorder="little")


def write_fingerprints(lines: Sequence[PieceLines], folder: Path) -> dict[str, Any]:
    """Write the filter of some lines and its card into a folder, and return the card."""
    symbols = np.concatenate([piece.symbols for piece in lines])
    hashes, counts = hash_windows(symbols)
    distinct = np.unique(hashes[counts])
    bits = make_bits(distinct)
    notes = Counter[str]()
    for piece in lines:
        notes[piece.data_set] += len(piece.symbols)
    card: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "window": WINDOW,
        "min_distinct": MIN_DISTINCT,
        "num_probes": NUM_PROBES,
        "num_bytes": len(bits),
        "num_hashes": len(distinct),
        "num_windows": int(counts.sum()),
        "false_share": round(float((np.unpackbits(bits).mean()) ** NUM_PROBES), 6),
        "pieces": dict(Counter(piece.data_set for piece in lines)),
        "notes_of_lines": dict(notes),
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / BITS_NAME, bits)
    (folder / CARD_NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def load_exact_index(settings: Settings) -> ExactIndex:
    """Return the exact index of the training music, its lines read anew if they are not in ``runs/originality``."""
    folder = settings.training.runs_folder / "originality"
    if not (folder / LINES_NAME).exists():
        _save_lines(read_training_lines(settings), folder)
    return open_exact_index(folder)


def open_exact_index(folder: Path) -> ExactIndex:
    """Return the exact index of the lines in a folder, mapped from disk; it is made at the first time."""
    lines = np.load(folder / LINES_NAME, mmap_mode="r")
    paths = [folder / f"{name}-{WINDOW}-{MIN_DISTINCT}.npy" for name in ("hashes", "places")]
    if not all(path.exists() for path in paths):
        index = ExactIndex.of_lines(np.asarray(lines))
        for path, values in zip(paths, (index.hashes, index.places), strict=True):
            np.save(path, values)
    return ExactIndex(lines, *(np.load(path, mmap_mode="r") for path in paths))


def read_training_lines(settings: Settings) -> list[PieceLines]:
    """Return the lines of the training split."""
    return read_lines(settings.training.data_folder, split="train")[0]


def _save_lines(lines: Sequence[PieceLines], folder: Path) -> None:
    """Write lines into a folder; an index of older ones goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.npy"):
        path.unlink()
    np.save(folder / LINES_NAME, np.concatenate([piece.symbols for piece in lines]))


def _spell_source(source: Source) -> Symbols | None:
    """Run in a child process."""
    try:
        return spell_columns(read_source(source))
    except (InputError, ValueError, IndexError, OverflowError):
        return None


def main(
    to: Annotated[Path, typer.Option(help="folder of the fingerprints")] = Path("weights/originality"),
) -> None:
    """Build the fingerprints of all training music, and list the held-out pieces that are nearly in it."""
    settings = Settings()
    lines = read_training_lines(settings)
    _save_lines(lines, settings.training.runs_folder / "originality")
    print(json.dumps(write_fingerprints(lines, to), indent=1))

    fingerprints = Fingerprints.load(to)
    assert fingerprints is not None
    held_out = [
        piece
        for split in HELD_OUT
        for piece in read_lines(settings.training.data_folder, split=split, sets=SETS_WITHOUT_JSB)[0]
    ]
    write_list(find_near_copies(held_out, fingerprints))


if __name__ == "__main__":
    typer.run(main)
