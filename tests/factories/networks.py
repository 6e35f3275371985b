"""Networks at the border of operations: they keep every promise that a request makes, and write what the seed says."""

import random
from dataclasses import replace

from inference.protocol import GenerateRequest, HarmonizeRequest, Result
from music.constraints import Check
from music.piece import DRUM_PROGRAM, Note, Track
from music.time_grid import TimeGrid


class StandInNetworks:
    """Notes every request and step. A hole gets ``num_notes`` notes a bar, a new track too, a continuation one bar line after it."""

    def __init__(self, *, num_notes=4):
        self.num_notes = num_notes
        self.requests = []
        self.steps = []

    async def write(self, request, *, step=None):
        """Return what the request asks for."""
        self.requests.append(request)
        self.steps.append(step)
        dice = random.Random(request.seed)
        if isinstance(request, GenerateRequest):
            piece = self._continue(request, dice)
        elif request.style == "fill":
            piece = self._fill(request, dice)
        else:
            piece = self._add(request, dice)
        check = Check(name="bars", asked="some", found="some", is_kept=True)
        return Result(job_id=request.job_id, piece=piece, checkpoint_id="stand-in", checks=(check,))

    def _notes(self, piece, dice, *, start_bar, stop_bar, pitch):
        grid, notes = TimeGrid(piece), []
        for bar in range(start_bar, stop_bar):
            start, stop = grid.bar_start_ticks(bar), grid.bar_start_ticks(bar + 1)
            length = (stop - start) // self.num_notes
            notes += [
                Note(start + length * n, pitch + dice.choice((0, 2, 4)), length, 80) for n in range(self.num_notes)
            ]
        return tuple(notes)

    def _fill(self, request: HarmonizeRequest, dice):
        piece, track = request.piece, request.piece.tracks[request.track]
        grid = TimeGrid(piece)
        start, stop = (grid.bar_start_ticks(bar) for bar in (request.bars.start_bar, request.bars.stop_bar))
        standing = tuple(note for note in track.notes if not start <= note.onset_ticks < stop)
        pitch = track.notes[0].pitch if track.notes else 60
        new = self._notes(piece, dice, start_bar=request.bars.start_bar, stop_bar=request.bars.stop_bar, pitch=pitch)
        tracks = list(piece.tracks)
        tracks[request.track] = replace(track, notes=(*standing, *new))
        return piece.with_tracks(tuple(tracks))

    def _add(self, request: HarmonizeRequest, dice):
        piece, num_bars = request.piece, TimeGrid(request.piece).num_bars
        (program,) = request.target_instruments
        is_drum = program == DRUM_PROGRAM
        notes = self._notes(piece, dice, start_bar=0, stop_bar=num_bars, pitch=36 if is_drum else 48)
        return piece.with_tracks(
            (*piece.tracks, Track(notes=notes, program=0 if is_drum else program, is_drum=is_drum))
        )

    def _continue(self, request: GenerateRequest, dice):
        num_given = 0 if request.prompt is None else TimeGrid(request.prompt).num_bars
        piece = request.prompt
        notes = self._notes(
            piece, dice, start_bar=num_given, stop_bar=num_given + request.constraints.num_bars, pitch=62
        )
        first = replace(piece.tracks[0], notes=(*piece.tracks[0].notes, *notes))
        return piece.with_tracks((first, *piece.tracks[1:]))
