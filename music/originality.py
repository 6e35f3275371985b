"""How long a passage a piece shares with the training music, by hashed fingerprints. No files of music, no networks.

A part's *line* is the highest note of each onset. Each note of a line after its first is one symbol: the interval from
the note before and the time since then, on the grid of ``columns.snap_units``, rounded to a list of usual steps. So a
passage matches in any key, at any tempo and on any instrument. Drums have no line. Windows of ``WINDOW`` symbols are
hashed; a window of fewer than ``MIN_DISTINCT`` different symbols (a repeated note, a broken chord) says nothing of
where it comes from and never counts.

The fingerprints of all training windows lie in a Bloom filter (Bloom 1970, "Space/time trade-offs in hash coding with
allowable errors"), read by mapping the file, so that a process pays only for the pages it asks for. Winnowing
(Schleimer, Wilkerson and Aiken 2003, section 3) would store fewer but leave gaps in which the ends of a run are lost.
What is counted is an upper bound: a run of windows that all occur in the training music, though perhaps not all in
one place. ``training/fingerprints.py`` builds the filter and can tell the exact length.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from music.columns import Columns, columns_of_piece, snap_units
from music.piece import DRUM_PROGRAM, Piece
from music.vocabulary import UNITS_PER_QUARTER

Symbols = npt.NDArray[np.uint16]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

BREAK = 0
"""The symbol between two lines; no window reaches over it."""
WINDOW = 12
MIN_DISTINCT = 5
FORMAT_VERSION = 1
FINGERPRINTS_FOLDER = "originality"
"""Beside the folders of the networks' weights."""
CARD_NAME = "fingerprints.json"
BITS_NAME = "fingerprints.npy"

_STEPS = np.asarray((3, 4, 6, 8, 12, 16, 18, 24, 36, 48, 72, 96, 144))
_STEP_LIMITS = (_STEPS[1:] + _STEPS[:-1]) / 2
_WIDEST_INTERVAL = 24
_NUM_INTERVALS = 2 * _WIDEST_INTERVAL + 1
_FACTORS = np.random.default_rng(2003).integers(1, 2**64, size=64, dtype=np.uint64) | np.uint64(1)


def spell_piece(piece: Piece, *, given: Piece | None = None) -> Symbols:
    """Return the lines of a piece; notes that ``given`` has too are left out and cut their line."""
    columns = columns_of_piece(piece)
    if given is None:
        return spell_columns(columns)
    is_old = np.isin(_identities(columns), _identities(columns_of_piece(given)))
    order = np.lexsort((~is_old, columns.onset_ticks, columns.track))
    stretch = np.empty(len(order), dtype=np.int64)
    stretch[order] = np.cumsum(is_old[order])
    return _spell(columns, line=stretch * len(columns.programs) + columns.track, keep=~is_old)


def spell_columns(columns: Columns) -> Symbols:
    """Return the lines of a piece's tracks, drums left out, one after another with ``BREAK`` before each."""
    return _spell(columns, line=columns.track, keep=np.ones(len(columns.track), dtype=bool))


def spell_lines(units: npt.NDArray[np.int64], *, pitch: npt.NDArray[np.int64], line: npt.NDArray[np.int64]) -> Symbols:
    """Return the symbols of notes (N,): onsets in grid units, pitches, and the number of the line each belongs to."""
    order = np.lexsort((-pitch, units, line))
    units, pitch, line = units[order], pitch[order], line[order]
    is_top = np.ones(len(order), dtype=bool)
    is_top[1:] = (np.diff(units) != 0) | (np.diff(line) != 0)
    units, pitch, line = units[is_top], pitch[is_top], line[is_top]
    if not len(units):
        return np.zeros(0, dtype=np.uint16)
    interval = np.clip(np.diff(pitch), -_WIDEST_INTERVAL, _WIDEST_INTERVAL) + _WIDEST_INTERVAL
    step = np.searchsorted(_STEP_LIMITS, np.diff(units))
    symbols = np.zeros(len(units), dtype=np.uint16)
    symbols[1:] = np.where(np.diff(line) == 0, 1 + step * _NUM_INTERVALS + interval, BREAK)
    return symbols


def _spell(columns: Columns, *, line: npt.NDArray[np.int64], keep: Mask) -> Symbols:
    is_tonal = np.asarray([program != DRUM_PROGRAM for program in columns.programs], dtype=bool)
    keep = keep & is_tonal[columns.track] if len(is_tonal) else keep
    exact = columns.onset_ticks[keep].astype(np.float64) * (UNITS_PER_QUARTER / columns.ticks_per_quarter)
    return spell_lines(snap_units(exact).astype(np.int64), pitch=columns.pitch[keep], line=line[keep])


def _identities(columns: Columns) -> npt.NDArray[np.int64]:
    """Return one number for each note's onset, pitch and instrument."""
    units = np.round(columns.onset_ticks * (4 * UNITS_PER_QUARTER / columns.ticks_per_quarter)).astype(np.int64)
    programs = np.asarray(columns.programs or (0,), dtype=np.int64)
    return (units * 256 + programs[columns.track]) * 128 + columns.pitch


def hash_windows(symbols: Symbols, *, length: int = WINDOW) -> tuple[Hashes, Mask]:
    """Return the hash of the window that begins at each symbol, and whether it counts, both (M - length + 1,)."""
    count = max(len(symbols) - length + 1, 0)
    hashes = np.zeros(count, dtype=np.uint64)
    distinct = np.zeros(count, dtype=np.int8)
    is_whole = np.ones(count, dtype=bool)
    before = _previous_place(symbols)
    start = np.arange(count)
    for offset in range(length):
        part = symbols[offset : offset + count]
        hashes += (part.astype(np.uint64) + np.uint64(1)) * _FACTORS[offset]
        distinct += before[offset : offset + count] < start
        is_whole &= part != BREAK
    return _mix(hashes), is_whole & (distinct >= MIN_DISTINCT)


def _previous_place(symbols: Symbols) -> npt.NDArray[np.int64]:
    """Return where each symbol (M,) stood last before; -1: nowhere."""
    order = np.argsort(symbols, kind="stable")
    before = np.full(len(symbols), -1, dtype=np.int64)
    is_same = symbols[order[1:]] == symbols[order[:-1]]
    before[order[1:][is_same]] = order[:-1][is_same]
    return before


def _mix(values: Hashes) -> Hashes:
    """Return values whose every bit depends on every bit (the finisher of splitmix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def longest_stretch(hits: Mask) -> int:
    """Return the length of the longest stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hits.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """A Bloom filter of window hashes: ``bits`` (bytes,), ``num_probes`` bits set for each hash."""

    bits: npt.NDArray[np.uint8]
    num_probes: int
    card: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Fingerprints | None:
        """Return the filter in a folder, mapped and not read; None when there is none.

        Raises:
            ConfigurationError: for one that another version of these rules made.
        """
        if not (folder / CARD_NAME).exists():
            return None
        try:
            card: dict[str, Any] = json.loads((folder / CARD_NAME).read_text(encoding="utf-8"))
            bits: npt.NDArray[np.uint8] = np.load(folder / BITS_NAME, mmap_mode="r")
            ours = {"format": FORMAT_VERSION, "window": WINDOW, "min_distinct": MIN_DISTINCT, "num_bytes": len(bits)}
            is_ours = ours == {name: card[name] for name in ours}
            num_probes = int(card["num_probes"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(f"The fingerprints in {folder} cannot be read: {error}.") from error
        if not is_ours:
            raise ConfigurationError(
                f"The fingerprints in {folder} were made by other rules. Make them again: python -m training.fingerprints."
            )
        return cls(bits, num_probes, card)

    def contains(self, hashes: Hashes) -> Mask:
        """Return for each hash whether it was put in; a few that were not seem so, too."""
        found = np.ones(len(hashes), dtype=bool)
        for place in probes(hashes, num_bits=8 * len(self.bits), num_probes=self.num_probes):
            found &= (self.bits[place >> 3] >> (place & 7).astype(np.uint8)) & 1 == 1
        return found

    def longest_run(self, symbols: Symbols) -> int:
        """Return the notes of the longest run whose windows all occur in the training music; 0: no window does."""
        hashes, counts = hash_windows(symbols)
        hits = np.zeros(len(hashes), dtype=bool)
        hits[counts] = self.contains(hashes[counts])
        num_windows = longest_stretch(hits)
        return num_windows + WINDOW if num_windows else 0


def probes(hashes: Hashes, *, num_bits: int, num_probes: int) -> list[npt.NDArray[np.int64]]:
    """Return the bits that stand for each hash: ``num_probes`` arrays (N,), by double hashing."""
    first, second = hashes, _mix(hashes + np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
    return [((first + np.uint64(index) * second) % np.uint64(num_bits)).astype(np.int64) for index in range(num_probes)]


def measure_shared_run(fingerprints: Fingerprints, piece: Piece, *, given: Piece | None = None) -> int:
    """Return the notes of the longest passage that a piece (what is not in ``given``) shares with the training music."""
    return fingerprints.longest_run(spell_piece(piece, given=given))
