"""A piece as columns of numbers, on bars: the form in which thousands of files are handled. No files, no networks.

Legend: N notes, B bars. Arrays are int64. ``units`` are steps of the vocabulary's grid (24 in a quarter note).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.errors import NoMusicError, UnsupportedMetreError
from music.constraints import METRES
from music.piece import Piece
from music.vocabulary import METRE_UNITS, UNITS_PER_QUARTER

Ints = npt.NDArray[np.int64]

# Files say these too; the bars are cut into bars of a metre that the vocabulary has.
_SAME_BARS: dict[tuple[int, int], tuple[int, int]] = {
    (2, 2): (4, 4), (4, 2): (4, 4), (8, 8): (4, 4), (4, 8): (2, 4), (6, 4): (3, 4), (8, 4): (4, 4), (12, 4): (4, 4),
}  # fmt: skip
_MAX_BARS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Notes as arrays (N,), tracks as tuples. ``programs`` holds ``DRUM_PROGRAM`` for drum tracks."""

    onset_ticks: Ints
    pitch: Ints
    duration_ticks: Ints
    velocity: Ints
    track: Ints
    programs: tuple[int, ...]
    names: tuple[str, ...]
    ticks_per_quarter: int
    time_signatures: tuple[tuple[int, int, int], ...]  # ticks, numerator, denominator
    tempos: tuple[tuple[int, float], ...]  # ticks, quarter notes per minute
    length_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The bars of a piece: ``start_ticks`` (B + 1,) with the end of the last, ``metre`` (B,) as indices of METRES."""

    start_ticks: Ints
    metre: Ints

    @property
    def num_bars(self) -> int:
        return len(self.metre)

    @property
    def units(self) -> Ints:
        """Grid units in each full bar (B,)."""
        return np.asarray(METRE_UNITS, dtype=np.int64)[self.metre]


def columns_of_piece(piece: Piece) -> Columns:
    """Return a piece's notes as columns, in the order of its tracks."""
    rows = [(*note, index) for index, track in enumerate(piece.tracks) for note in track.notes]
    table = np.asarray(rows, dtype=np.int64).reshape(-1, 5)
    return Columns(
        onset_ticks=table[:, 0],
        pitch=table[:, 1],
        duration_ticks=table[:, 2],
        velocity=table[:, 3],
        track=table[:, 4],
        programs=tuple(track.instrument for track in piece.tracks),
        names=tuple(track.name for track in piece.tracks),
        ticks_per_quarter=piece.ticks_per_quarter,
        time_signatures=tuple((each.onset_ticks, each.numerator, each.denominator) for each in piece.time_signatures),
        tempos=tuple((each.onset_ticks, each.bpm) for each in piece.tempos),
        length_ticks=piece.length_ticks,
    )


def find_bars(columns: Columns) -> Bars:
    """Return the bars from tick 0 to the end of the piece; a change of metre inside a bar cuts that bar short.

    Raises:
        NoMusicError: for a piece without notes, or one too long to be music.
        UnsupportedMetreError: for a metre that the vocabulary does not have.
    """
    if not len(columns.onset_ticks):
        raise NoMusicError("The piece has no notes. Send one that has.")
    changes = sorted(columns.time_signatures) or [(0, 4, 4)]
    if changes[0][0] > 0:
        changes.insert(0, (0, 4, 4))
    stop_ticks = max(columns.length_ticks, int(columns.onset_ticks.max()) + 1)

    starts: list[int] = []
    metres: list[int] = []
    end = 0
    for index, (change_ticks, numerator, denominator) in enumerate(changes):
        next_ticks = changes[index + 1][0] if index + 1 < len(changes) else stop_ticks
        if change_ticks >= stop_ticks or next_ticks <= change_ticks:
            continue
        metre = _metre_index(numerator, denominator)
        bar_ticks = METRE_UNITS[metre] * columns.ticks_per_quarter / UNITS_PER_QUARTER
        count = int(np.ceil((next_ticks - change_ticks) / bar_ticks - 1e-9))
        if len(starts) + count > _MAX_BARS:
            raise NoMusicError(f"The piece has more than {_MAX_BARS} bars. Send a shorter one.")
        starts += [round(change_ticks + number * bar_ticks) for number in range(count)]
        metres += [metre] * count
        end = round(change_ticks + count * bar_ticks)
    return Bars(start_ticks=np.asarray([*starts, end], dtype=np.int64), metre=np.asarray(metres, dtype=np.int64))


def _metre_index(numerator: int, denominator: int) -> int:
    metre = _SAME_BARS.get((numerator, denominator), (numerator, denominator))
    if metre not in METRES:
        names = tuple(f"{beats}/{unit}" for beats, unit in METRES)
        raise UnsupportedMetreError(metre=f"{numerator}/{denominator}", supported=names)
    return METRES.index(metre)


def exact_units(columns: Columns, bars: Bars, *, ticks: Ints) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Return bar index and place in the bar, in units with fractions, of times in ticks (N,)."""
    bar = np.clip(np.searchsorted(bars.start_ticks, ticks, side="right") - 1, 0, bars.num_bars - 1)
    inside = ((ticks - bars.start_ticks[bar]) * (UNITS_PER_QUARTER / columns.ticks_per_quarter)).astype(np.float64)
    return bar, inside


def on_grid_share(columns: Columns, bars: Bars) -> float:
    """Return the share of onsets within half a unit of a 16th or a triplet 8th, 0..1."""
    _, units = exact_units(columns, bars, ticks=columns.onset_ticks)
    distance = np.minimum(np.abs(units - np.round(units / 6) * 6), np.abs(units - np.round(units / 4) * 4))
    return float(np.mean(distance <= 0.5))


def snap(columns: Columns, bars: Bars) -> Columns:
    """Move onsets to the nearest 16th, triplet or 32nd, the simpler one when in doubt; lengths stay.

    The networks learn from notes that were snapped so; the tokenizer itself keeps every 24th of a quarter note.
    """
    bar, units = exact_units(columns, bars, ticks=columns.onset_ticks)
    best = snap_units(units)
    moved = bars.start_ticks[bar] + np.round(best * columns.ticks_per_quarter / UNITS_PER_QUARTER).astype(np.int64)
    return replace(columns, onset_ticks=moved)


def snap_units(units: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return places in a bar, in units, moved to the nearest 16th, triplet or 32nd, the simpler one when in doubt."""
    best = np.round(units / 6) * 6
    cost = np.abs(units - best)
    for step, penalty in ((4, 0.4), (3, 1.0)):
        near = np.round(units / step) * step
        near_cost = np.abs(units - near) + penalty
        best = np.where(near_cost < cost, near, best)
        cost = np.minimum(near_cost, cost)
    return best
