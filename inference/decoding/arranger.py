"""Serves the harmonizer's event tasks: piano, band, a part, a melody, a hole. It knows nothing of processes or queues.

The given piece is read, never rewritten: new parts are new tracks; a hole's notes are replaced and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from msgspec import structs

from inference.decoding.cadences import Cadence, find_cadence
from inference.decoding.harmony_realisation import leave_locked_bars
from inference.decoding.harmony_wishes import check_chords
from inference.decoding.passage_piece import add_parts, chord_symbols, fill_hole, join_chords
from inference.decoding.passage_plan import ArrangementPlan, make_plan
from inference.decoding.passage_rules import PassageRules
from inference.decoding.passage_writer import ArrangedChord, PassageWriter
from inference.masking import CHORD_SPLITS
from inference.models.arranger import Arranger
from inference.protocol import HarmonizeRequest, Progress, Result
from music.analysis import find_key
from music.checks import check_constraints
from music.chords import chord_name
from music.constraints import METRES, Check
from music.piece import ChordSymbol, Piece
from music.ranges import playable_range
from music.vocabulary import CHORD_QUALITIES, DRUM_PITCH

STAGE = "arranging"
_BAR = 1_000  # more units than a bar has


def arrange_piece(model: Arranger, request: HarmonizeRequest, *, checkpoint_id: str) -> Iterator[Progress | Result]:
    """Yield progress by bars and then the piece with what was missing.

    Raises:
        InputError: for a request that cannot be served; its sentence says what to change.
    """
    started = time.perf_counter()
    cadence = find_cadence(request, track_index=request.melody_track)
    asked = request if cadence is None else structs.replace(request, chords=cadence.chords)
    plan = make_plan(asked)
    rules = PassageRules(plan, request.constraints, request.harmony)
    writer = PassageWriter(model, plan, rules, sampling=request.sampling, seed=request.seed)
    num_total = plan.stop_bar - plan.start_bar
    yield Progress(job_id=request.job_id, stage=STAGE, num_done=0, num_total=num_total)
    steps = writer.write()
    while True:  # the mode must not stay on between two steps: other networks run in between
        with torch.inference_mode():
            num_done = next(steps, None)
        if num_done is None:
            break
        yield Progress(job_id=request.job_id, stage=STAGE, num_done=num_done, num_total=num_total)

    symbols = chord_symbols(request.piece, plan, writer.chords)
    if request.style == "fill" and request.track is not None:
        piece = fill_hole(request.piece, plan, writer.notes, track_index=request.track)
    else:
        tracks = tuple(
            replace(leave_locked_bars(track, request.piece, request.constraints.locked_bars), is_drum=track.is_drum)
            for track in add_parts(request.piece, plan, writer.notes)
        )
        piece = request.piece.with_tracks((*request.piece.tracks, *tracks))
        piece = replace(piece, length_ticks=max(piece.length_ticks, int(plan.bars.start_ticks[-1])))
    piece = replace(piece, chords=join_chords(request.piece, plan, symbols))
    estimate = find_key(piece)
    key = piece.key_signatures[0] if piece.key_signatures else estimate.key if estimate else None
    yield Result(
        job_id=request.job_id,
        piece=piece,
        checkpoint_id=checkpoint_id,
        checks=(
            *_checks(request, piece),
            *_own_checks(request, plan, piece, writer, cadence),
            *_harmony_checks(request, plan, writer),
        ),
        chord_names=tuple(chord_name(chord, key) for chord in symbols),
        num_events=writer.num_events,
        decode_seconds=time.perf_counter() - started,
    )


def _checks(request: HarmonizeRequest, result: Piece) -> tuple[Check, ...]:
    """Return what ``music/checks.py`` finds; bars, metre and tempo are the given piece's and not asked for."""
    kept = tuple(
        index for index in range(len(request.piece.tracks)) if request.style != "fill" or index != request.track
    )
    constraints = replace(
        request.constraints, num_bars=None, metre=None, tempo_bpm=None, locked_tracks=kept, instruments=()
    )
    return check_constraints(result, constraints, before=request.piece)


def _own_checks(
    request: HarmonizeRequest, plan: ArrangementPlan, result: Piece, writer: PassageWriter, cadence: Cadence | None
) -> Iterator[Check]:
    """Return the promises of these tasks: playable notes, a hole that is not left, chords as asked."""
    programs = {slot: program for slot, _, program in plan.parts}
    outside = 0
    for note in writer.notes:
        low, high = playable_range(programs[note.slot])
        outside += not low <= note.pitch % DRUM_PITCH <= high
    found = "every note" if outside == 0 else f"{outside} notes outside"
    yield Check(name="playable", asked="notes inside the instruments' ranges", found=found, is_kept=outside == 0)
    if request.style == "fill" and request.track is not None:
        num_changed = _changed_outside(request, plan, result)
        found = "untouched" if num_changed == 0 else f"{num_changed} changed"
        asked = f"all but bars {plan.start_bar + 1}-{plan.stop_bar} untouched"
        yield Check(name="hole", asked=asked, found=found, is_kept=num_changed == 0)
    num_missing = _missing_chords(plan, writer.chords)
    if cadence is not None:
        yield cadence.check(is_kept=num_missing == 0)
    elif plan.chords:
        found = "every chord" if num_missing == 0 else f"{num_missing} missing"
        yield Check(name="chords", asked="the chords you typed", found=found, is_kept=num_missing == 0)


def _harmony_checks(request: HarmonizeRequest, plan: ArrangementPlan, writer: PassageWriter) -> list[Check]:
    """Return what was asked of chords that nobody typed, beside those that were written."""
    wishes, given = request.harmony, {(bar, each.position) for bar, chords in plan.chords.items() for each in chords}
    own = [chord for chord in writer.chords if (chord.bar, chord.position) not in given]
    symbols = [
        ChordSymbol(chord.bar * _BAR + chord.position, chord.root % 12, CHORD_QUALITIES[chord.quality], 0)
        for chord in own
    ]
    splits = [CHORD_SPLITS.get(METRES[int(metre)], 0) for metre in plan.bars.metre]
    places = [bar * _BAR + place for bar, split in enumerate(splits) for place in (0, split)]
    return check_chords(
        wishes, symbols, places if wishes.chords_per_bar == 2 else [bar * _BAR for bar in range(len(splits))]
    )


def _changed_outside(request: HarmonizeRequest, plan: ArrangementPlan, result: Piece) -> int:
    """Count the notes of the hole's track outside the hole that differ."""
    start_ticks, stop_ticks = (int(plan.bars.start_ticks[bar]) for bar in (plan.start_bar, plan.stop_bar))
    before, after = (
        {note for note in piece.tracks[request.track or 0].notes if not start_ticks <= note.onset_ticks < stop_ticks}
        for piece in (request.piece, result)
    )
    return len(before ^ after)


def _missing_chords(plan: ArrangementPlan, written: list[ArrangedChord]) -> int:
    """Count asked chords in the written bars that do not stand where they were asked for."""
    there = {(chord.bar, chord.position, chord.root, chord.quality, chord.bass) for chord in written}
    return sum(
        (bar, each.position, each.root, each.quality, each.bass) not in there
        for bar, chords in plan.chords.items()
        if plan.start_bar <= bar < plan.stop_bar
        for each in chords
    )
