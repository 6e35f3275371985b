"""Remixes a piece: new pitches under the old rhythm, or a new rhythm for the old pitches; describes one. No processes here.

What is not chosen stays identical, micro-timing included: rows are mapped back to the very notes they came from, and a
note gets only those fields anew that changed. The number of notes and their order in a track's bar stay.

- "pitch": every chosen note moves to another pitch, wherever another one is legal (``remix_rules.PitchRules``).
- "velocity" and "instrument" have no output of the network: see ``remix_loudness`` and ``remix_instruments``.
- "rhythm": chosen onsets get a position, then a duration. Three quarters of them may not keep their position, and where
  they cannot move, not their duration; so something changes wherever anything legal is left to change to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import torch

from core.errors import InputError
from inference.checkpoint import load_checkpoint
from inference.decoding.description import read_piece
from inference.decoding.remix_filling import FieldTask, Filler
from inference.decoding.remix_instruments import change_instruments
from inference.decoding.remix_loudness import draw_velocities
from inference.decoding.remix_plan import RemixPlan, RemixState, fields_of, open_piece, plan_remix
from inference.decoding.remix_prediction import Network, load_network, make_predictor
from inference.decoding.remix_reach import Lifted, lift, put_back
from inference.decoding.remix_result import RemixWork, check_remix, write_piece
from inference.decoding.remix_rules import PitchRules, RhythmRules
from inference.decoding.remixer_inputs import Ints
from inference.models.remixer import RemixerNetwork
from inference.protocol import DescribeRequest, GenreChance, Progress, RemixField, RemixRequest, Request, Result
from music.tokenizers.octuple import BAR, DURATION, PITCH, POSITION, VOCABULARY_HASH, duration_ticks

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
        fields = fields_of(request)
        lifted = lift(request) if "rhythm" in fields else Lifted(request=request, rest_of={})
        work = RemixWork(request=lifted.request, state=open_piece(lifted.request.piece), rest_of=lifted.rest_of)
        written, num_filled = request.piece, 0
        if fields != ("instrument",):
            work.plan = plan_remix(lifted.request, work.state)
            for step in self._fill(work, fields):
                num_filled = step if isinstance(step, int) else num_filled
                if isinstance(step, Progress):
                    yield step
            written = write_piece(lifted.request.piece, work.state, velocities=work.velocities)
            written = put_back(written, lifted, num_tracks=len(request.piece.tracks))
        checks = list(check_remix(request, written, work)) if fields != ("instrument",) else []
        if "instrument" in fields:
            written, check = change_instruments(written, request)
            checks.append(check)
        yield Result(
            job_id=request.job_id,
            piece=written,
            checkpoint_id=self.checkpoint_id,
            checks=tuple(checks),
            num_events=num_filled,
            decode_seconds=time.perf_counter() - started,
        )

    def _fill(self, work: RemixWork, fields: tuple[RemixField, ...]) -> Iterator[Progress | int]:
        """Fill field after field; yields progress and, last, how many values were filled."""
        request = work.request
        predictor = make_predictor(self.model, work.state)
        stages = [stage for name, stage in _STAGES if name in fields]
        fillers = [
            Filler(predictor, work.state, plan, sampling=request.sampling, seed=request.seed)
            for plan in (work.plan_of(name) for name, _ in _STAGES if name in fields)
        ]
        limits = [
            [filler.limit_passes(num_passes) for num_passes in stage.num_passes]
            for filler, stage in zip(fillers, stages, strict=True)
        ]
        num_total = sum(map(sum, limits)) + ("velocity" in fields)

        def progress(num_done: int) -> Progress:
            return Progress(job_id=request.job_id, stage=_STAGE, num_done=num_done, num_total=num_total, unit="pass")

        num_before = 0
        yield progress(0)
        for filler, stage, passes in zip(fillers, stages, limits, strict=True):
            for task, num_passes in zip(stage.make(work), passes, strict=True):
                for num_done in filler.run(replace(task, num_passes=num_passes)):
                    yield progress(num_before + num_done)
                num_before += num_passes
        if "velocity" in fields:
            work.velocities = draw_velocities(
                request.piece, work.state, work.plan_of("velocity"), sampling=request.sampling, seed=request.seed
            )
            yield progress(num_total)
        yield sum(filler.num_filled for filler in fillers)


# --- what is filled, field by field


def _pitch_tasks(work: RemixWork) -> tuple[FieldTask, ...]:
    request, state, plan = work.request, work.state, work.plan_of("pitch")
    _mask(state, plan, PITCH)
    rules = PitchRules(state, request.constraints, rest_of=work.rest_of)

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


def _rhythm_tasks(work: RemixWork) -> tuple[FieldTask, ...]:
    request, state, plan = work.request, work.state, work.plan_of("rhythm")
    _mask(state, plan, POSITION)
    _mask(state, plan, DURATION)
    rules = RhythmRules(state, plan, length_ticks=request.piece.length_ticks, rest_of=work.rest_of)
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


@dataclass(frozen=True, slots=True)
class _Stage:
    """How one field of a request is filled: what makes its tasks, and how many passes each of them has."""

    make: Callable[[RemixWork], tuple[FieldTask, ...]]
    num_passes: tuple[int, ...]


_STAGES: tuple[tuple[RemixField, _Stage], ...] = (
    ("pitch", _Stage(_pitch_tasks, (_PITCH_PASSES,))),
    ("rhythm", _Stage(_rhythm_tasks, (_POSITION_PASSES, _DURATION_PASSES))),
)
