"""Harmonizes a melody: four-part chorale, or chords with a simple accompaniment; other tasks go to ``arranger.py``. It knows nothing of processes or queues.

What is given stays as it is, note for note: everything written goes into new tracks. How the melody is read (16th grid,
top line, register, metre) is said in ``melody_reading.py``; what that reading lost is reported as a check.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from core.errors import InferenceError, InputError
from inference.checkpoint import load_checkpoint
from inference.decoding.arranger import arrange_piece
from inference.decoding.asked_chords import check_symbols, check_voices, forced_steps, limited_reach
from inference.decoding.cadences import find_cadence
from inference.decoding.chorale_rules import ChoraleRules, reach_of
from inference.decoding.chorale_writer import ChoraleWriter
from inference.decoding.chord_writer import ChordRules, ChordWriter
from inference.decoding.harmonic_rhythm import find_places, span_starts, steps_at
from inference.decoding.harmony_checks import check_part_writing, check_spans, check_voice_ranges
from inference.decoding.harmony_realisation import (
    PIANO_PROGRAM,
    leave_locked_bars,
    make_chord_symbols,
    make_chord_track,
    make_parts,
)
from inference.decoding.harmony_session import TorchSession, WindowSession
from inference.decoding.harmony_wishes import check_chords
from inference.decoding.melody_reading import MelodyReading, read_melody, sung_frames
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from inference.protocol import HarmonizeRequest, Progress, Request, Result
from music.analysis import find_chords, find_key, find_main_metre
from music.checks import check_constraints
from music.chords import chord_name
from music.constraints import Check, Constraints
from music.piece import DRUM_PROGRAM, ChordSymbol, Piece, Track
from music.tokenizers.harmony import VOCABULARY_HASH, Ids

STAGE = "harmonizing"
_TOLERANCE_FRAMES = 0.25
"""How far from a 16th a note may begin and still count as on it: a 64th."""


class HarmonizerDecoder:
    """The harmonizer with its checkpoint loaded."""

    def __init__(self, model: Seq2Seq, *, checkpoint_id: str, device: torch.device) -> None:
        self.model = model.to(device).eval()
        self._numpy = NumpySeq2Seq(self.model) if self.model.device.type == "cpu" else None
        self.checkpoint_id = checkpoint_id

    @classmethod
    def load(cls, folder: Path, device: torch.device | str) -> Self:
        """Load the checkpoint in a folder.

        Raises:
            CheckpointError: when it is missing, damaged, or made for another vocabulary.
        """
        checkpoint = load_checkpoint(folder, model="harmonizer", vocabulary_hash=VOCABULARY_HASH)
        model = Seq2Seq(Seq2SeqConfig.from_dict(checkpoint.config))
        model.load_state_dict(checkpoint.state)
        return cls(model, checkpoint_id=checkpoint.checkpoint_id, device=torch.device(device))

    def decode(self, request: Request) -> Iterator[Progress | Result]:
        """Yield progress by bars and then the piece with its new tracks.

        Raises:
            NoMusicError: when there is no melody.
            InputError: when range and scale leave nothing to write.
        """
        if not isinstance(request, HarmonizeRequest):
            raise InferenceError(f"the harmonizer cannot serve {type(request).__name__}", job_id=request.job_id)
        if request.style not in ("chorale", "chords"):
            if self.model.arranger is not None:
                yield from arrange_piece(self.model.arranger, request, checkpoint_id=self.checkpoint_id)
                return
            raise InputError(
                "The weights that I have loaded cannot do that yet: they write a four-part chorale or chords. Choose one of the two."
            )
        reading = read_melody(request.piece, request.melody_track)
        yield _progress(request, reading, 0)
        if request.style == "chorale":
            yield from self._write_chorale(request, reading)
        else:
            yield from self._write_chords(request, reading)

    def _open_window(self, encoder_features: Ids) -> WindowSession:
        if self._numpy is not None:
            return self._numpy.open_window(encoder_features)
        return TorchSession(self.model, encoder_features, self.model.device)

    def _write_chorale(self, request: HarmonizeRequest, reading: MelodyReading) -> Iterator[Progress | Result]:
        start_seconds = time.perf_counter()
        piece, constraints = request.piece, request.constraints
        frames, melody = sung_frames(reading)
        # A melody that was moved up to be read is low: its parts go down again with it, but never below the piano.
        shift = -min(max(reading.shift, 0), 12)
        scale = constraints.scale.pitch_classes if constraints.scale else None
        voice_ranges = {each.voice: (each.low, each.high) for each in request.voice_ranges}
        reach = reach_of(
            shift=shift, pitch_range=constraints.pitch_range, pitch_classes=scale, voice_ranges=voice_ranges
        )
        if not all(flags.any() for flags in reach.values()):
            raise InputError(
                "The range leaves no notes for some of the voices. Ask for at least two octaves around middle C, or for none."
            )
        frame_ticks: list[int] = reading.frame_ticks[frames].tolist()
        cadence = find_cadence(request, track_index=reading.track_index)
        chords = request.chords or (cadence.chords if cadence else ())
        limits = limited_reach(chords, frame_ticks, reach, shift=shift)
        places = find_places(request)
        writer = ChoraleWriter(
            open_window=self._open_window,
            melody=melody,
            rules=ChoraleRules(reach=reach),
            sampling=request.sampling,
            seed=request.seed,
            limits=limits,
            span_starts=None if places is None else span_starts(frame_ticks, places),
        )
        for num_written in writer.write():
            yield _progress(request, reading, reading.bar_of_frame(int(frames[num_written - 1])) + 1)

        programs = _melodic_programs(constraints)
        parts = make_parts(
            piece, reading, frames, writer.voices, shift=shift, programs=programs,
            follows_dynamics=request.harmony.follows_dynamics,
        )  # fmt: skip
        result = _with_new_tracks(piece, parts, constraints)
        four_parts = Piece(
            tracks=(piece.tracks[reading.track_index], *parts),
            ticks_per_quarter=piece.ticks_per_quarter,
            time_signatures=piece.time_signatures,
        )
        asked = check_voices(chords, frame_ticks, writer.voices, shift=shift)
        checks = [
            *_checks(request, result),
            check_part_writing(writer),
            *check_voice_ranges(request.voice_ranges, parts),
            *([asked] if request.chords else [cadence.check(is_kept=asked.is_kept)] if cadence else []),
            *([] if places is None else [check_spans(request.harmony, writer)]),
        ]
        yield self._result(
            request,
            result,
            (*checks, *_reading_checks(piece, reading)),
            chords=find_chords(four_parts, stretches_per_bar=find_main_metre(piece).numerator),
            num_events=writer.report.num_events,
            start_seconds=start_seconds,
        )

    def _write_chords(self, request: HarmonizeRequest, reading: MelodyReading) -> Iterator[Progress | Result]:
        start_seconds = time.perf_counter()
        piece, constraints = request.piece, request.constraints
        rules = ChordRules(constraints.scale.pitch_classes if constraints.scale else None, request.harmony)
        cadence = find_cadence(request, track_index=reading.track_index)
        chords = request.chords or (cadence.chords if cadence else ())
        step_ticks: list[int] = reading.frame_ticks[reading.step_frames].tolist()
        places = find_places(request)
        writer = ChordWriter(
            open_window=self._open_window,
            melody=reading.melody,
            step_frames=reading.step_frames,
            bars=reading.bars,
            rules=rules,
            sampling=request.sampling,
            seed=request.seed,
            forced=forced_steps(chords, step_ticks),
            places=None if places is None else steps_at(step_ticks, places),
        )
        for num_bars in writer.write():
            yield _progress(request, reading, num_bars)

        symbols = make_chord_symbols(reading, writer.chords)
        programs = _melodic_programs(constraints)
        track = make_chord_track(
            piece,
            reading,
            symbols,
            program=programs[0] if programs else PIANO_PROGRAM,
            pitch_range=_chord_range(constraints, programs[0] if programs else PIANO_PROGRAM),
            follows_dynamics=request.harmony.follows_dynamics,
        )
        result = replace(_with_new_tracks(piece, (track,), constraints), chords=symbols)
        under = tuple(chord for chord in chords if chord.start_ticks < reading.frame_ticks[-1])
        asked = check_symbols(under, symbols)
        changes = None if places is None else [step_ticks[step] for step in steps_at(step_ticks, places)]
        asked_ticks = {ticks for chord in request.chords for ticks in (chord.start_ticks, chord.stop_ticks)}
        free = [symbol for symbol in symbols if symbol.onset_ticks not in asked_ticks]
        checks = [
            *_checks(request, result),
            *([asked] if under and request.chords else [cadence.check(is_kept=asked.is_kept)] if cadence else []),
            *check_chords(request.harmony, free, changes),
        ]
        yield self._result(
            request,
            result,
            (*checks, *_reading_checks(piece, reading)),
            chords=symbols,
            num_events=writer.num_events,
            start_seconds=start_seconds,
        )

    def _result(
        self,
        request: HarmonizeRequest,
        piece: Piece,
        checks: tuple[Check, ...],
        *,
        chords: tuple[ChordSymbol, ...],
        num_events: int,
        start_seconds: float,
    ) -> Result:
        estimate = find_key(piece)
        key = piece.key_signatures[0] if piece.key_signatures else estimate.key if estimate else None
        return Result(
            job_id=request.job_id,
            piece=piece,
            checkpoint_id=self.checkpoint_id,
            checks=checks,
            chord_names=tuple(chord_name(chord, key) for chord in chords),
            num_events=num_events,
            decode_seconds=time.perf_counter() - start_seconds,
        )


def _progress(request: HarmonizeRequest, reading: MelodyReading, num_done: int) -> Progress:
    return Progress(job_id=request.job_id, stage=STAGE, num_done=num_done, num_total=reading.num_bars)


def _melodic_programs(constraints: Constraints) -> tuple[int, ...]:
    """Return the asked instruments that can play chords and parts, in the order they were asked for."""
    return tuple(instrument for instrument in constraints.instruments if instrument != DRUM_PROGRAM)


def _chord_range(constraints: Constraints, program: int) -> tuple[int, int] | None:
    """Return where chords may lie: the instrument's own asked range before that of all."""
    return {part.instrument: part.pitch_range for part in constraints.parts}.get(program) or constraints.pitch_range


def _with_new_tracks(piece: Piece, tracks: tuple[Track, ...], constraints: Constraints) -> Piece:
    """Return the piece with tracks added at its end; what was there keeps its place."""
    added = tuple(leave_locked_bars(track, piece, constraints.locked_bars) for track in tracks)
    return piece.with_tracks((*piece.tracks, *added))


def _checks(request: HarmonizeRequest, result: Piece) -> tuple[Check, ...]:
    """Return what ``music/checks.py`` finds; bars, metre and tempo are those of the given piece and not asked for."""
    constraints = replace(
        request.constraints,
        num_bars=None,
        metre=None,
        tempo_bpm=None,
        locked_tracks=tuple(range(len(request.piece.tracks))),
    )
    return check_constraints(result, constraints, before=request.piece)


def _reading_checks(piece: Piece, reading: MelodyReading) -> tuple[Check, ...]:
    """Return a remark on what reading the melody on a grid of 16ths lost, or nothing when all notes lie on it."""
    notes = piece.tracks[reading.track_index].notes
    places = np.interp([note.onset_ticks for note in notes], reading.frame_ticks, np.arange(len(reading.frame_ticks)))
    num_between = int((np.abs(places - np.round(places)) > _TOLERANCE_FRAMES).sum())
    if num_between == 0:
        return ()
    found = (
        f"{num_between} of {len(notes)} notes lie between them and were read at the nearest; they are kept as they are"
    )
    return (Check(name="reading", asked="melody read in 16ths", found=found, is_kept=True),)
