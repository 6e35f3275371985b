"""Remixes a piece: new pitches under the old rhythm, or a new rhythm for the old pitches; describes one. No processes here.

What is not chosen stays identical, micro-timing included: rows are mapped back to the very notes they came from, and a
note gets only those fields anew that changed. The number of notes and their order in a track's bar stay.

- "pitch": every chosen note moves to another pitch, wherever another one is legal (``remix_rules.PitchRules``).
- "rhythm": chosen onsets get a position, then a duration. Three quarters of them may not keep their position, and where
  they cannot move, not their duration; so something changes wherever anything legal is left to change to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import torch

from core.errors import InputError
from inference.checkpoint import load_checkpoint
from inference.decoding.description import read_piece
from inference.decoding.remix_filling import FieldTask, Filler
from inference.decoding.remix_plan import RemixPlan, RemixState, open_piece, plan_remix
from inference.decoding.remix_prediction import Network, load_network, make_predictor
from inference.decoding.remix_rules import PitchRules, RhythmRules
from inference.decoding.remixer_inputs import Ints
from inference.models.remixer import RemixerNetwork
from inference.protocol import DescribeRequest, GenreChance, Progress, RemixRequest, Request, Result
from music.checks import check_constraints
from music.constraints import Check
from music.piece import Note, Piece
from music.time_grid import TimeGrid
from music.tokenizers.octuple import (
    BAR,
    DURATION,
    FIRST_DRUM_PITCH,
    PITCH,
    POSITION,
    VOCABULARY_HASH,
    duration_ticks,
)

_STAGE = "remixing"
_PITCH_PASSES = 8
_POSITION_PASSES = 6
_DURATION_PASSES = 3


class RemixerDecoder:
    """The remixer with its checkpoint loaded."""

    def __init__(self, model: Network, *, checkpoint_id: str) -> None:
        self.model = model.eval()
        self.checkpoint_id = checkpoint_id

    @classmethod
    def load(cls, folder: Path, device: torch.device | str) -> Self:
        """Return the decoder of the checkpoint in ``folder``.

        Raises:
            CheckpointError: if it is missing, damaged or of another vocabulary.
        """
        checkpoint = load_checkpoint(folder, model="remixer", vocabulary_hash=VOCABULARY_HASH)
        return cls(load_network(checkpoint).to(device), checkpoint_id=checkpoint.checkpoint_id)

    def decode(self, request: Request) -> Iterator[Progress | Result]:
        """Yield progress in passes, then the remixed piece; for a description the piece as it is, with genres.

        Raises:
            InputError: for a piece without notes, or bars, tracks or shares that make no sense.
        """
        if isinstance(request, DescribeRequest):
            yield self._describe(request)
        elif isinstance(request, RemixRequest):
            yield from self._remix(request)
        else:
            raise InputError("The remixer only remixes and describes.")

    def _describe(self, request: DescribeRequest) -> Result:
        if not isinstance(self.model, RemixerNetwork):
            raise InputError("These weights tell no genres. Use the remixer's own to describe a piece.")
        started = time.perf_counter()
        found = read_piece(self.model, request.piece)
        pairs = zip(self.model.config.genres, found.chances, strict=True)
        genres = [GenreChance(genre=genre, chance=chance) for genre, chance in pairs]
        return Result(
            job_id=request.job_id,
            piece=request.piece,
            checkpoint_id=self.checkpoint_id,
            genres=tuple(sorted(genres, key=lambda each: -each.chance)),
            embedding=found.embedding,
            num_events=found.num_notes,
            decode_seconds=time.perf_counter() - started,
        )

    def _remix(self, request: RemixRequest) -> Iterator[Progress | Result]:
        started = time.perf_counter()
        state = open_piece(request.piece)
        plan = plan_remix(request, state)
        predictor = make_predictor(self.model, state)
        filler = Filler(predictor, state, plan, sampling=request.sampling, seed=request.seed)
        tasks = _pitch_tasks(request, state, plan) if request.change == "pitch" else _rhythm_tasks(request, state, plan)
        tasks = tuple(replace(task, num_passes=filler.limit_passes(task.num_passes)) for task in tasks)
        num_total = sum(task.num_passes for task in tasks)

        num_before = 0
        yield Progress(job_id=request.job_id, stage=_STAGE, num_done=0, num_total=num_total, unit="pass")
        for task in tasks:
            for num_done in filler.run(task):
                done = num_before + num_done
                yield Progress(job_id=request.job_id, stage=_STAGE, num_done=done, num_total=num_total, unit="pass")
            num_before += task.num_passes

        piece = write_piece(request.piece, state)
        yield Result(
            job_id=request.job_id,
            piece=piece,
            checkpoint_id=self.checkpoint_id,
            checks=tuple(_check(request, piece, state, plan)),
            num_events=filler.num_filled,
            decode_seconds=time.perf_counter() - started,
        )


# --- what is filled, field by field


def _pitch_tasks(request: RemixRequest, state: RemixState, plan: RemixPlan) -> tuple[FieldTask, ...]:
    _mask(state, plan, PITCH)
    rules = PitchRules(state, request.constraints)

    def commit(unit: Ints, value: int) -> None:
        state.rows[unit, PITCH] = value

    pitch = FieldTask(
        field=PITCH,
        temperature=request.sampling.temperature_notes,
        num_passes=_PITCH_PASSES,
        allowed=rules.allowed,
        commit=commit,
        must_change=lambda number: plan.is_forced[number],
    )
    return (pitch,)


def _rhythm_tasks(request: RemixRequest, state: RemixState, plan: RemixPlan) -> tuple[FieldTask, ...]:
    _mask(state, plan, POSITION)
    _mask(state, plan, DURATION)
    rules = RhythmRules(state, plan, length_ticks=request.piece.length_ticks)
    scale = state.octuples.ticks_per_quarter

    def commit_position(unit: Ints, value: int) -> None:
        state.rows[unit, POSITION] = value
        for row in unit.tolist():
            if value != state.original_rows[row, POSITION]:
                state.onset_ticks[row] = state.octuples.position_ticks(int(state.rows[row, BAR]), value)

    def commit_duration(unit: Ints, value: int) -> None:
        for row in unit.tolist():
            old_ticks = int(state.original_stop_ticks[row] - state.original_onset_ticks[row])
            is_old = value == state.original_rows[row, DURATION]
            length_ticks = min(old_ticks if is_old else duration_ticks(value, scale), rules.room_ticks(row))
            state.rows[row, DURATION] = value
            state.stop_ticks[row] = state.onset_ticks[row] + length_ticks

    def must_change_duration(number: int) -> bool:
        first = plan.units[number][0]
        return plan.is_forced[number] and state.rows[first, POSITION] == state.original_rows[first, POSITION]

    temperature = request.sampling.temperature_rhythm
    position = FieldTask(
        field=POSITION,
        temperature=temperature,
        num_passes=_POSITION_PASSES,
        allowed=rules.allowed_positions,
        commit=commit_position,
        must_change=lambda number: plan.is_forced[number],
        finish=lambda: rules.restore_conflicts(plan),
    )
    duration = FieldTask(
        field=DURATION,
        temperature=temperature,
        num_passes=_DURATION_PASSES,
        allowed=rules.allowed_durations,
        commit=commit_duration,
        must_change=must_change_duration,
    )
    return position, duration


def _mask(state: RemixState, plan: RemixPlan, field: int) -> None:
    for unit in plan.units:
        state.is_masked[unit, field] = True


# --- rows -> piece


def write_piece(piece: Piece, state: RemixState) -> Piece:
    """Return the piece with those notes replaced whose row changed; everything else is the very same."""
    notes = [list(track.notes) for track in piece.tracks]
    for row in _changed_rows(state):
        track, index = int(state.track[row]), int(state.octuples.note[row])
        onset_ticks = int(state.onset_ticks[row])
        notes[track][index] = Note(
            onset_ticks,
            int(state.rows[row, PITCH]) % FIRST_DRUM_PITCH,
            int(state.stop_ticks[row]) - onset_ticks,
            notes[track][index].velocity,
        )
    return piece.with_tracks(
        tuple(replace(track, notes=tuple(new)) for track, new in zip(piece.tracks, notes, strict=True))
    )


def _changed_rows(state: RemixState) -> list[int]:
    has_changed = (
        (state.rows[:, PITCH] != state.original_rows[:, PITCH])
        | (state.onset_ticks != state.original_onset_ticks)
        | (state.stop_ticks != state.original_stop_ticks)
    )
    changed: list[int] = has_changed.nonzero()[0].tolist()
    return changed


def _check(request: RemixRequest, piece: Piece, state: RemixState, plan: RemixPlan) -> Iterator[Check]:
    """Yield what was asked beside what the finished piece has."""
    changed = set(_changed_rows(state))
    num_changed = sum(not changed.isdisjoint(unit.tolist()) for unit in plan.units)
    noun = "notes" if request.change == "pitch" else "onsets"
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
    yield from check_constraints(piece, request.constraints, before=request.piece)


def _outside(piece: Piece, start_ticks: int, stop_ticks: int) -> list[tuple[Note, ...]]:
    return [
        tuple(note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks)
        for track in piece.tracks
    ]
