"""OctupleMIDI: one row of eight numbers for each note (Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3.2).

Fields in order: bar, position (16 in a quarter note), instrument (128 is the drum kit), pitch (drums in the upper half),
duration, velocity, metre, tempo. Rows are sorted. Sizes and bins are the published ones, so that published checkpoints
would fit; they are derived here from their definition:

- duration: eight runs of 16 values, the steps of run i being 2^i positions (0..15, 16..46, 48..108, ...);
- velocity: bins of 4; tempo: 12 bins an octave from 16 to 256 quarter notes a minute;
- metre: every numerator up to two whole notes over 1, 2, 4, ... 64; longer bars are cut into equal smaller ones.

What it drops: controllers, bends, names, keys, chords, notes past bar 256, timing finer than a position, and the track
of a note, which the side map ``Octuples.track`` keeps. It knows nothing of networks.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import NoMusicError
from music.columns import Columns, columns_of_piece
from music.midi import is_sane_metre
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature, Track

Ints = npt.NDArray[np.int64]

FIELD_NAMES = ("bar", "position", "instrument", "pitch", "duration", "velocity", "metre", "tempo")
FIELD_SIZES = (256, 128, 129, 256, 128, 32, 254, 49)
BAR, POSITION, INSTRUMENT, PITCH, DURATION, VELOCITY, METRE, TEMPO = range(8)
NUM_FIELDS = len(FIELD_NAMES)

START_ID, PAD_ID, STOP_ID, UNKNOWN_ID = range(4)
NUM_SPECIALS = 4
FIELD_OFFSETS = tuple(NUM_SPECIALS + sum(FIELD_SIZES[:index]) for index in range(NUM_FIELDS))
MASK_ID = NUM_SPECIALS + sum(FIELD_SIZES)
NUM_IDS = MASK_ID + 1
"""Ids of all fields in one table: four specials, the fields one after the other, the mask."""

POSITIONS_PER_QUARTER = 16
MAX_BARS = FIELD_SIZES[BAR]
FIRST_DRUM_PITCH = 128
_NUM_DURATION_RUNS = 8
_VELOCITY_BIN = 4
_TEMPO_BINS_PER_OCTAVE = 12
_SLOWEST_BPM, _FASTEST_BPM = 16.0, 256.0
_LARGEST_DENOMINATOR_POWER = 6
_MAX_WHOLE_NOTES = 2
_DECODED_TICKS_PER_QUARTER = 480
_TICKS_PER_POSITION = _DECODED_TICKS_PER_QUARTER // POSITIONS_PER_QUARTER


def _list_durations() -> tuple[int, ...]:
    """Return the shortest length, in positions, that each duration stands for."""
    starts: list[int] = []
    length = 0
    for run in range(_NUM_DURATION_RUNS):
        for _ in range(POSITIONS_PER_QUARTER):
            starts.append(length)
            length += 2**run
    return tuple(starts)


def _list_metres() -> tuple[tuple[int, int], ...]:
    return tuple(
        (numerator, 2**power)
        for power in range(_LARGEST_DENOMINATOR_POWER + 1)
        for numerator in range(1, _MAX_WHOLE_NOTES * 2**power + 1)
    )


DURATIONS = _list_durations()
METRES = _list_metres()
_METRE_IDS = {metre: index for index, metre in enumerate(METRES)}
_DURATION_ARRAY = np.asarray(DURATIONS, dtype=np.int64)
_VOCABULARY: dict[str, Any] = {
    "fields": FIELD_NAMES, "sizes": FIELD_SIZES, "durations": DURATIONS, "metres": METRES, "velocity_bin": _VELOCITY_BIN,
    "tempo": (_SLOWEST_BPM, _FASTEST_BPM, _TEMPO_BINS_PER_OCTAVE), "positions": POSITIONS_PER_QUARTER, "offsets": FIELD_OFFSETS,
}  # fmt: skip
VOCABULARY_HASH = hashlib.sha256(json.dumps(_VOCABULARY, sort_keys=True).encode()).hexdigest()

assert tuple(map(len, (DURATIONS, METRES))) == (FIELD_SIZES[DURATION], FIELD_SIZES[METRE])


@dataclass(frozen=True, slots=True, kw_only=True)
class Octuples:
    """A piece as rows, and the way back to its notes.

    ``rows`` (N, 8) holds values without offsets; bars count on past 256 (a window takes them down again). ``track`` and
    ``note`` (N,) say which note a row came from. ``bar_start_ticks`` (bars + 1,) is where bars begin.
    """

    rows: Ints
    track: Ints
    note: Ints
    bar_start_ticks: Ints
    ticks_per_quarter: int

    def position_ticks(self, bar: int, position: int) -> int:
        """Return the tick of a position inside a bar."""
        scaled = (2 * position * self.ticks_per_quarter + POSITIONS_PER_QUARTER) // (2 * POSITIONS_PER_QUARTER)
        return int(self.bar_start_ticks[bar]) + scaled

    def num_positions(self, bar: int) -> int:
        """Return the positions in a bar, at least 1."""
        length_ticks = int(self.bar_start_ticks[bar + 1] - self.bar_start_ticks[bar])
        return max(min(positions_of_ticks(length_ticks, self.ticks_per_quarter), FIELD_SIZES[POSITION]), 1)


# --- values <-> bins


def positions_of_ticks(ticks: int, ticks_per_quarter: int) -> int:
    """Return the nearest position to a time since the beginning of the piece."""
    return (2 * ticks * POSITIONS_PER_QUARTER + ticks_per_quarter) // (2 * ticks_per_quarter)


def duration_bin(num_positions: int) -> int:
    """Return the duration that holds this many positions; beyond the table, the last one."""
    return int(np.searchsorted(_DURATION_ARRAY, min(num_positions, DURATIONS[-1]), side="right")) - 1


def duration_ticks(duration: int, ticks_per_quarter: int) -> int:
    """Return the length that a duration stands for, at least one tick."""
    return max(DURATIONS[duration] * ticks_per_quarter // POSITIONS_PER_QUARTER, 1)


def velocity_bin(velocity: int) -> int:
    """Return the bin of a velocity 1..127."""
    return velocity // _VELOCITY_BIN


def velocity_of_bin(velocity: int) -> int:
    """Return the velocity in the middle of a bin."""
    return velocity * _VELOCITY_BIN + _VELOCITY_BIN // 2


def tempo_bin(bpm: float) -> int:
    """Return the bin of a tempo; slower or faster ones go to the ends."""
    bpm = min(max(bpm, _SLOWEST_BPM), _FASTEST_BPM)
    return round(math.log2(bpm / _SLOWEST_BPM) * _TEMPO_BINS_PER_OCTAVE)


def tempo_of_bin(tempo: int) -> float:
    """Return the tempo that a bin stands for."""
    return _SLOWEST_BPM * 2 ** (tempo / _TEMPO_BINS_PER_OCTAVE)


def reduce_metre(numerator: int, denominator: int) -> tuple[int, int]:
    """Return a metre that the table has: coarser where all beats allow it, then the bar cut into equal smaller ones."""
    while denominator > 2**_LARGEST_DENOMINATOR_POWER and denominator % 2 == 0 and numerator % 2 == 0:
        numerator, denominator = numerator // 2, denominator // 2
    while numerator > _MAX_WHOLE_NOTES * denominator:
        factor = next(factor for factor in range(2, numerator + 1) if numerator % factor == 0)
        numerator //= factor
    return (numerator, denominator) if (numerator, denominator) in _METRE_IDS else (4, 4)


# --- encoding


def encode_octuples(piece: Piece) -> Octuples:
    """Return a piece as rows with their side maps.

    Raises:
        NoMusicError: for a piece without notes.
    """
    columns = columns_of_piece(piece)
    counts = [len(track.notes) for track in piece.tracks]
    note = np.concatenate([np.arange(count, dtype=np.int64) for count in counts]) if counts else np.zeros(0, np.int64)
    return encode_columns(columns, note=note)


def encode_columns(columns: Columns, *, note: Ints | None = None) -> Octuples:
    """Return columns as rows; ``note`` (N,) is each note's index in its track.

    Raises:
        NoMusicError: for columns without notes.
    """
    if not len(columns.onset_ticks):
        raise NoMusicError("The piece has no notes. Send one that has.")
    scale = columns.ticks_per_quarter
    onset = _to_positions(columns.onset_ticks, scale)
    length = _to_positions(columns.onset_ticks + columns.duration_ticks, scale) - onset
    starts_ticks, metres = _lay_bars(columns)
    starts = _to_positions(starts_ticks, scale)

    bar = np.searchsorted(starts, onset, side="right") - 1
    bar = np.clip(bar, 0, len(metres) - 1)
    instrument = np.asarray(columns.programs, dtype=np.int64)[columns.track]
    rows = np.empty((len(onset), NUM_FIELDS), dtype=np.int64)
    rows[:, BAR] = bar
    rows[:, POSITION] = np.clip(onset - starts[bar], 0, FIELD_SIZES[POSITION] - 1)
    rows[:, INSTRUMENT] = instrument
    rows[:, PITCH] = columns.pitch + FIRST_DRUM_PITCH * (instrument == DRUM_PROGRAM)
    rows[:, DURATION] = np.searchsorted(_DURATION_ARRAY, np.clip(length, 0, DURATIONS[-1]), side="right") - 1
    rows[:, VELOCITY] = columns.velocity // _VELOCITY_BIN
    rows[:, METRE] = metres[bar]
    rows[:, TEMPO] = _tempos_at(columns, onset)

    order = np.lexsort((columns.track, *(rows[:, field] for field in reversed(range(NUM_FIELDS)))))
    note = np.arange(len(onset), dtype=np.int64) if note is None else note
    return Octuples(
        rows=rows[order],
        track=columns.track[order],
        note=note[order],
        bar_start_ticks=starts_ticks,
        ticks_per_quarter=scale,
    )


def _to_positions(ticks: Ints, ticks_per_quarter: int) -> Ints:
    return (2 * ticks * POSITIONS_PER_QUARTER + ticks_per_quarter) // (2 * ticks_per_quarter)


def _lay_bars(columns: Columns) -> tuple[Ints, Ints]:
    """Return where bars begin, in ticks (bars + 1,), and the metre of each (bars,)."""
    changes = [each for each in sorted(columns.time_signatures) if is_sane_metre(each[1], each[2])]
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0, 4, 4))
    # One position beyond the last onset: an onset just before a bar line is rounded over it.
    stop_ticks = int(columns.onset_ticks.max()) + columns.ticks_per_quarter // POSITIONS_PER_QUARTER + 2
    starts: list[Ints] = []
    metres: list[Ints] = []
    end = 0
    for index, (start_ticks, *metre) in enumerate(changes):
        next_ticks = min(changes[index + 1][0], stop_ticks) if index + 1 < len(changes) else stop_ticks
        if next_ticks <= start_ticks:
            continue
        numerator, denominator = reduce_metre(metre[0], metre[1])
        bar_ticks = max(columns.ticks_per_quarter * 4 * numerator // denominator, 1)
        count = -(-(next_ticks - start_ticks) // bar_ticks)
        starts.append(start_ticks + bar_ticks * np.arange(count, dtype=np.int64))
        metres.append(np.full(count, _METRE_IDS[numerator, denominator], dtype=np.int64))
        end = start_ticks + bar_ticks * count
    return np.concatenate([*starts, np.asarray([end], dtype=np.int64)]), np.concatenate(metres)


def _tempos_at(columns: Columns, onset: Ints) -> Ints:
    """Return the tempo bin in force at each onset; notes of one position share it, however a change falls between them."""
    changes = sorted(each for each in columns.tempos if each[1] > 0) or [(0, 120.0)]
    starts = _to_positions(np.asarray([start for start, _ in changes], dtype=np.int64), columns.ticks_per_quarter)
    bins = np.asarray([tempo_bin(bpm) for _, bpm in changes], dtype=np.int64)
    return bins[np.clip(np.searchsorted(starts, onset, side="right") - 1, 0, None)]


# --- decoding


def decode_rows(rows: Ints, *, track: Sequence[int] | None = None) -> Piece:
    """Return the piece that rows describe, 480 ticks a quarter; without a side map each instrument is one track.

    Raises:
        ValueError: for rows outside the fields' sizes, or a position past the end of its bar.
    """
    _check_rows(rows)
    groups = rows[:, INSTRUMENT].tolist() if track is None else list(track)
    bar_starts, metres = _lay_decoded_bars(rows)
    tempos: dict[int, Tempo] = {}
    notes: dict[int, list[Note]] = {}
    instruments: dict[int, int] = {}
    table: list[list[int]] = rows.tolist()
    for group, row in zip(groups, table, strict=True):
        onset_ticks = (bar_starts[row[BAR]] + row[POSITION]) * _TICKS_PER_POSITION
        # Duration 0 is a note shorter than half a position; it must not become a whole one.
        length_ticks = DURATIONS[row[DURATION]] * _TICKS_PER_POSITION or _TICKS_PER_POSITION // 2 - 1
        pitch = row[PITCH] % FIRST_DRUM_PITCH
        note = Note(onset_ticks, pitch, length_ticks, velocity_of_bin(row[VELOCITY]))
        notes.setdefault(group, []).append(note)
        instruments[group] = row[INSTRUMENT]
        tempos.setdefault(onset_ticks, Tempo(onset_ticks, tempo_of_bin(row[TEMPO])))
    return Piece(
        tracks=tuple(
            Track(
                notes=tuple(notes[group]),
                program=instruments[group] % DRUM_PROGRAM,
                is_drum=instruments[group] == DRUM_PROGRAM,
            )
            for group in sorted(notes)
        ),
        ticks_per_quarter=_DECODED_TICKS_PER_QUARTER,
        tempos=_only_changes(tempos),
        time_signatures=metres,
    )


def _check_rows(rows: Ints) -> None:
    if rows.ndim != 2 or rows.shape[1] != NUM_FIELDS or not len(rows):
        raise ValueError(f"rows have shape {rows.shape}, not (notes, {NUM_FIELDS})")
    if (rows < 0).any() or (rows >= np.asarray(FIELD_SIZES)).any():
        raise ValueError("a value is outside its field")
    if ((rows[:, PITCH] >= FIRST_DRUM_PITCH) != (rows[:, INSTRUMENT] == DRUM_PROGRAM)).any():
        raise ValueError("pitches of the upper half belong to the drum kit, and to nothing else")


def _lay_decoded_bars(rows: Ints) -> tuple[list[int], tuple[TimeSignature, ...]]:
    """Return where each bar begins, in positions, and the metres; a silent bar has the metre of the one before."""
    table: list[list[int]] = rows.tolist()
    metre_of_bar = {row[BAR]: row[METRE] for row in table}
    longest = dict.fromkeys(metre_of_bar, 0)
    for row in table:
        longest[row[BAR]] = max(longest[row[BAR]], row[POSITION])
    starts = [0]
    signatures: list[TimeSignature] = []
    metre = metre_of_bar[min(metre_of_bar)]
    for bar in range(max(metre_of_bar) + 1):
        metre = metre_of_bar.get(bar, metre)
        numerator, denominator = METRES[metre]
        length = 4 * POSITIONS_PER_QUARTER * numerator // denominator
        if longest.get(bar, 0) >= length:
            raise ValueError(f"position {longest[bar]} is past the end of a bar of {numerator}/{denominator}")
        if not signatures or signatures[-1][1:] != (numerator, denominator):
            signatures.append(TimeSignature(starts[-1] * _TICKS_PER_POSITION, numerator, denominator))
        starts.append(starts[-1] + length)
    return starts, tuple(signatures)


def _only_changes(tempos: dict[int, Tempo]) -> tuple[Tempo, ...]:
    kept: list[Tempo] = []
    for _, tempo in sorted(tempos.items()):
        if not kept:
            kept.append(tempo._replace(onset_ticks=0))
        elif kept[-1].bpm != tempo.bpm:
            kept.append(tempo)
    return tuple(kept)


class OctupleTokenizer:
    """The encoding behind the interface that all tokenizers share; notes past bar 256 are dropped."""

    name = "octuple"
    vocabulary_hash = VOCABULARY_HASH

    def encode(self, piece: Piece) -> npt.NDArray[np.int16]:
        """Return the rows (notes, 8) of the first 256 bars.

        Raises:
            NoMusicError: for a piece without notes in those bars.
        """
        rows = encode_octuples(piece).rows
        rows = rows[rows[:, BAR] < MAX_BARS]
        if not len(rows):
            raise NoMusicError(f"The first {MAX_BARS} bars of the piece are silent. Send one that begins earlier.")
        return rows.astype(np.int16)

    def decode(self, rows: npt.NDArray[np.int16]) -> Piece:
        """Return the piece that rows describe.

        Raises:
            ValueError: for rows that no ``encode`` could have written.
        """
        return decode_rows(rows.astype(np.int64))
