"""Networks that write by rule: what they make depends on the request alone, and keeps what the real ones promise to keep."""

import random
from dataclasses import replace

from inference.protocol import GenerateRequest, HarmonizeRequest, RemixRequest, Result
from music.names import instrument_name
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature, Track
from music.roles import is_bass
from music.time_grid import TimeGrid
from music.transform import concatenate

SCALE = (0, 2, 4, 5, 7, 9, 11)


def make_part(instrument, *, num_bars, bar_ticks, seed, name=""):
    """Eighth notes of a bar that comes again with another ending every other bar; drums beat."""
    dice = random.Random(f"{seed}:{instrument}")
    if instrument == DRUM_PROGRAM:
        steps = range(0, num_bars * bar_ticks, 480)
        notes = tuple(Note(step, 36 if step // 480 % 2 == 0 else 38, 120, 90) for step in steps)
        return Track(notes=notes, is_drum=True, name="Drums")
    base = 36 if is_bass(instrument) else 60
    pattern = [base + dice.choice(SCALE) for _ in range(bar_ticks // 480)]
    notes = []
    for bar in range(num_bars):
        for beat, pitch in enumerate(pattern):
            moved = base + dice.choice(SCALE) if bar % 2 and beat == len(pattern) - 1 else pitch
            notes.append(Note(bar * bar_ticks + beat * 480, moved, 440, 80))
    return Track(notes=tuple(notes), program=instrument, name=name or instrument_name(instrument))


class RuleNetworks:
    """Implements ``operations.base.Networks``. ``requests`` and ``steps`` tell what was asked."""

    def __init__(self, *, error=None):
        self.requests = []
        self.steps = []
        self.error = error

    async def write(self, request, *, step=None):
        self.requests.append(request)
        self.steps.append(step)
        if self.error is not None:
            raise self.error
        made = {GenerateRequest: generate, HarmonizeRequest: harmonize, RemixRequest: remix}[type(request)](request)
        kind = type(request).__name__.removesuffix("Request").casefold()
        return Result(job_id=request.job_id, piece=made, checkpoint_id=f"{kind}-0123456789ab")


def generate(request):
    wishes = request.constraints
    metre = TimeSignature(0, *(wishes.metre or (4, 4)))
    empty = Piece(time_signatures=(metre,), tempos=(Tempo(0, wishes.tempo_bpm or 120.0),))
    bar_ticks = TimeGrid(empty).bar_start_ticks(1)
    tracks = tuple(
        make_part(instrument, num_bars=wishes.num_bars, bar_ticks=bar_ticks, seed=request.seed)
        for instrument in wishes.instruments
    )
    new = replace(empty, tracks=tracks, length_ticks=wishes.num_bars * bar_ticks)
    return new if request.prompt is None else concatenate(request.prompt, new)


def harmonize(request):
    grid = TimeGrid(request.piece)
    bar_ticks = grid.bar_start_ticks(1)
    if request.style == "chorale":
        names, programs = ("Alto", "Tenor", "Bass"), (52, 52, 52)
    else:
        names, programs = ("",) * len(request.target_instruments), request.target_instruments
    added = tuple(
        make_part(program, num_bars=grid.num_bars, bar_ticks=bar_ticks, seed=f"{request.seed}:{name}", name=name)
        for name, program in zip(names, programs, strict=True)
    )
    return replace(request.piece, tracks=(*request.piece.tracks, *added))


def remix(request):
    dice = random.Random(request.seed)

    def change(note):
        return note._replace(pitch=note.pitch + 12) if dice.random() < request.share else note

    return request.piece.with_tracks(
        tuple(
            replace(track, notes=tuple(map(change, track.notes))) if index in request.tracks else track
            for index, track in enumerate(request.piece.tracks)
        )
    )
