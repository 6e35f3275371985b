"""What a remix changes: which notes are in reach, and which of them are chosen. It knows nothing of networks.

Chosen are *units*: all notes of one track and onset when the rhythm changes (a chord stays a chord), else single notes. ``share`` counts units. Every choice depends on the request's seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from core.errors import InputError, NoMusicError
from inference.decoding.remix_reach import find_reach
from inference.decoding.remixer_inputs import Flags, Ints, onset_groups, order_for_network
from inference.protocol import RemixField, RemixRequest
from music.piece import Piece
from music.tokenizers.octuple import Octuples, encode_octuples

FORCED_RHYTHM_SHARE = 0.75
"""Share of the chosen units whose position must change; pitches must change on all of them."""


@dataclass(slots=True, kw_only=True)
class RemixState:
    """A piece on its way: rows in the network's order, beside the exact times that they stand for. Changed in place."""

    octuples: Octuples
    rows: Ints  # (N, F)
    onset_ticks: Ints  # (N,)
    stop_ticks: Ints
    original_rows: Ints
    original_onset_ticks: Ints
    original_stop_ticks: Ints
    is_masked: Flags  # (N, F)
    onset: Ints  # (N,), equal for notes of one track that sound together, as they did and will

    @property
    def track(self) -> Ints:
        return self.octuples.track


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixPlan:
    """``units`` are the rows of each chosen unit; ``is_forced`` says which may not keep what they have."""

    units: tuple[Ints, ...]
    is_forced: tuple[bool, ...]
    num_units_in_reach: int


def open_piece(piece: Piece) -> RemixState:
    """Return the state of an untouched piece.

    Raises:
        NoMusicError: for a piece without notes.
    """
    found = encode_octuples(piece)
    order = order_for_network(found.rows, found.track)
    octuples = Octuples(
        rows=found.rows[order],
        track=found.track[order],
        note=found.note[order],
        bar_start_ticks=found.bar_start_ticks,
        ticks_per_quarter=found.ticks_per_quarter,
    )
    places: list[tuple[int, int]] = np.stack([octuples.track, octuples.note], axis=1).tolist()
    notes = [piece.tracks[track].notes[note] for track, note in places]
    onset = np.asarray([note.onset_ticks for note in notes], dtype=np.int64)
    stop = np.asarray([note.stop_ticks for note in notes], dtype=np.int64)
    return RemixState(
        octuples=octuples,
        rows=octuples.rows.copy(),
        onset_ticks=onset.copy(),
        stop_ticks=stop.copy(),
        original_rows=octuples.rows,
        original_onset_ticks=onset,
        original_stop_ticks=stop,
        is_masked=np.zeros(octuples.rows.shape, dtype=np.bool_),
        onset=onset_groups(octuples.rows, octuples.track),
    )


def plan_remix(request: RemixRequest, state: RemixState) -> RemixPlan:
    """Choose what the request changes.

    Raises:
        InputError: for a share outside 0..1 or a track that is not there.
        BarRangeError: for bars that the piece does not have.
        NoMusicError: when nothing may be changed.
    """
    if not 0.0 <= request.share <= 1.0:
        raise InputError("The share to change must lie between 0 and 100 percent.")
    in_reach = find_reach(request, track=state.track, onset_ticks=state.original_onset_ticks, note=state.octuples.note)
    if not in_reach.any():
        raise NoMusicError("There are no notes to change there. Choose other bars or tracks.")

    is_by_onset = "rhythm" in fields_of(request)
    groups = state.onset if is_by_onset else np.arange(len(state.rows))
    units = [np.flatnonzero(groups == group) for group in np.unique(groups[in_reach])]
    random = np.random.Generator(np.random.Philox(key=request.seed & (2**64 - 1)))
    num_chosen = max(round(request.share * len(units)), 1) if request.share > 0 else 0
    chosen: list[int] = np.sort(random.permutation(len(units))[:num_chosen]).tolist()
    forced_share = FORCED_RHYTHM_SHARE if is_by_onset else 1.0
    is_forced = random.random(num_chosen) < forced_share
    if num_chosen and not is_forced.any():
        is_forced[0] = True
    return RemixPlan(
        units=tuple(units[index] for index in chosen),
        is_forced=tuple(bool(flag) for flag in is_forced),
        num_units_in_reach=len(units),
    )


def split_units(plan: RemixPlan) -> RemixPlan:
    """Return the plan with every note of a unit as a unit of its own that may not keep what it has."""
    rows: list[int] = sorted(row for unit in plan.units for row in unit.tolist())
    return RemixPlan(
        units=tuple(np.asarray([row]) for row in rows),
        is_forced=(True,) * len(rows),
        num_units_in_reach=plan.num_units_in_reach,
    )


def fields_of(request: RemixRequest) -> tuple[RemixField, ...]:
    """Return what a request changes, each once, in the order in which it is done."""
    asked = request.changes or (request.change,)
    return tuple(field for field in get_args(RemixField) if field in asked)
