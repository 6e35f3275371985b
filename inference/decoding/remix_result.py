"""What a remix has become: rows back to notes, and what the reply says of them. It knows no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from inference.decoding.remix_plan import RemixPlan, RemixState, fields_of, split_units
from inference.decoding.remix_reach import find_reach, is_narrow
from inference.protocol import RemixField, RemixRequest
from music.checks import check_constraints
from music.constraints import Check
from music.piece import Note, Piece
from music.time_grid import TimeGrid
from music.tokenizers.octuple import FIRST_DRUM_PITCH, PITCH

_NOUNS: dict[RemixField, str] = {
    "pitch": "pitch", "rhythm": "rhythm", "velocity": "loudness", "instrument": "instruments",
}  # fmt: skip
_OF_NOTES: tuple[RemixField, ...] = ("pitch", "rhythm", "velocity")
_NO_UNITS = RemixPlan(units=(), is_forced=(), num_units_in_reach=0)


@dataclass(slots=True, kw_only=True)
class RemixWork:
    """One remix on its way. ``rest_of`` is that of ``remix_reach.Lifted``; ``velocities`` are by row."""

    request: RemixRequest
    state: RemixState
    rest_of: dict[int, int]
    plan: RemixPlan = _NO_UNITS
    velocities: dict[int, int] = field(default_factory=dict[int, int])

    def plan_of(self, name: RemixField) -> RemixPlan:
        """Return the units of one field: onsets of the rhythm, single notes of all others."""
        return self.plan if name == "rhythm" or "rhythm" not in fields_of(self.request) else split_units(self.plan)


def write_piece(piece: Piece, state: RemixState, *, velocities: dict[int, int] | None = None) -> Piece:
    """Return the piece with those notes replaced whose row changed; everything else is the very same."""
    loud = velocities or {}
    notes = [list(track.notes) for track in piece.tracks]
    for row in _changed_rows(state, loud):
        track, index = int(state.track[row]), int(state.octuples.note[row])
        onset_ticks = int(state.onset_ticks[row])
        notes[track][index] = Note(
            onset_ticks,
            int(state.rows[row, PITCH]) % FIRST_DRUM_PITCH,
            int(state.stop_ticks[row]) - onset_ticks,
            loud.get(row, notes[track][index].velocity),
        )
    return piece.with_tracks(
        tuple(replace(track, notes=tuple(new)) for track, new in zip(piece.tracks, notes, strict=True))
    )


def _changed_rows(state: RemixState, velocities: dict[int, int]) -> list[int]:
    has_changed = (
        (state.rows[:, PITCH] != state.original_rows[:, PITCH])
        | (state.onset_ticks != state.original_onset_ticks)
        | (state.stop_ticks != state.original_stop_ticks)
    )
    has_changed[list(velocities)] = True
    changed: list[int] = has_changed.nonzero()[0].tolist()
    return changed


def check_remix(request: RemixRequest, piece: Piece, work: RemixWork) -> Iterator[Check]:
    """Yield what was asked beside what the finished piece has, before its instruments are changed."""
    changed = set(_changed_rows(work.state, work.velocities))
    plan, fields = work.plan, fields_of(request)
    num_changed = sum(not changed.isdisjoint(unit.tolist()) for unit in plan.units)
    noun = "onsets" if "rhythm" in fields else "notes"
    yield Check(
        name="share",
        asked=f"{request.share:.0%} of {plan.num_units_in_reach} {noun}",
        found=f"{num_changed} {noun} changed",
        is_kept=num_changed > 0 or not plan.units,
    )
    if request.bars is not None:
        grid = TimeGrid(request.piece)
        start_ticks = grid.bar_start_ticks(request.bars.start_bar)
        stop_ticks = grid.bar_start_ticks(request.bars.stop_bar)
        is_kept = _outside(piece, start_ticks, stop_ticks) == _outside(request.piece, start_ticks, stop_ticks)
        yield Check(
            name="locked_bars",
            asked=f"nothing outside bars {request.bars.start_bar + 1}-{request.bars.stop_bar} touched",
            found="untouched" if is_kept else "changed",
            is_kept=is_kept,
        )
    if request.tracks or is_narrow(request):
        yield _check_reach(request, piece)
    if request.changes:
        yield _check_other_fields(request, piece, fields)
    # Instruments are what a change of instruments may take, not what plays in the end.
    constraints = replace(request.constraints, instruments=(), excluded_instruments=())
    if "pitch" not in fields:  # what was there keeps its pitches, wherever they lie
        constraints = replace(constraints, scale=None, pitch_range=None, parts=())
    yield from check_constraints(piece, constraints, before=request.piece)


def _check_reach(request: RemixRequest, piece: Piece) -> Check:
    """Every note out of reach is still there, in its track."""
    num_missing = 0
    for index, track in enumerate(request.piece.tracks):
        new = set(piece.tracks[index].notes)
        in_reach = find_reach_of_track(request, index)
        num_missing += sum(note not in new for note, is_in in zip(track.notes, in_reach, strict=True) if not is_in)
    voices = "" if request.voices == "all" else f"{request.voices} voice"
    asked = ", ".join(part for part in ("only what was chosen", voices) if part)
    found = "the rest is untouched" if num_missing == 0 else f"{num_missing} others changed"
    return Check(name="reach", asked=asked, found=found, is_kept=num_missing == 0)


def find_reach_of_track(request: RemixRequest, index: int) -> list[bool]:
    """Return for each note of a track whether it may be changed."""
    notes = request.piece.tracks[index].notes
    if not notes:
        return []
    flags = find_reach(
        request,
        track=np.full(len(notes), index, dtype=np.int64),
        onset_ticks=np.asarray([note.onset_ticks for note in notes], dtype=np.int64),
        note=np.arange(len(notes)),
    )
    return [bool(flag) for flag in flags]


def _check_other_fields(request: RemixRequest, piece: Piece, fields: tuple[RemixField, ...]) -> Check:
    """What was not to be changed is the same, track by track."""
    others: list[RemixField] = [name for name in _OF_NOTES if name not in fields]

    def seen(each: Piece) -> list[list[tuple[int, ...]]]:
        return [sorted(_kept_of(note, others) for note in track.notes) for track in each.tracks]

    is_kept = seen(piece) == seen(request.piece)
    asked = f"{' and '.join(_NOUNS[name] for name in others) or 'number of notes'} untouched"
    return Check(name="fields", asked=asked, found="untouched" if is_kept else "changed", is_kept=is_kept)


def _kept_of(note: Note, others: list[RemixField]) -> tuple[int, ...]:
    values: tuple[int, ...] = ()
    if "pitch" in others:
        values += (note.pitch,)
    if "rhythm" in others:
        values += (note.onset_ticks, note.duration_ticks)
    return (*values, note.velocity) if "velocity" in others else values


def _outside(piece: Piece, start_ticks: int, stop_ticks: int) -> list[tuple[Note, ...]]:
    return [
        tuple(note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks)
        for track in piece.tracks
    ]
