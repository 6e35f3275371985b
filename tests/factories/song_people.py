"""People who work on a shared song, for tests: a band of three layers, edits of bars, merges, and a network that fills gaps."""

from __future__ import annotations

import random
from dataclasses import replace

from bot.services.model import Author, FromRevision, Place, Upload
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.together.merging.service import MergeOrder
from inference.protocol import HarmonizeRequest, Result
from music.midi import write_midi
from music.piece import Note
from music.time_grid import TimeGrid
from tests.factories.doors import CHECKPOINT_ID, StandInWriter
from tests.factories.layered_songs import make_song
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
EVE = Author(user_id=5, name="Eve")
MODERATOR = Author(user_id=6, name="Max", is_moderator=True)
PEOPLE = (ADA, BEN, EVE)


class FillingWriter(StandInWriter):
    """Writes into the bars and the track that are asked for, and leaves the rest of the piece as it is."""

    async def submit(self, request, *, user_id, guild_id):
        if not isinstance(request, HarmonizeRequest):
            async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
                yield message
            return
        self.requests.append(request)
        yield fill(request)


def fill(request):
    """The result of a request to fill bars of a track: quarter notes that depend on the seed."""
    dice, grid = random.Random(request.seed), TimeGrid(request.piece)
    start_ticks, stop_ticks = (grid.bar_start_ticks(bar) for bar in (request.bars.start_bar, request.bars.stop_bar))
    new = [
        Note(onset_ticks, dice.randint(50, 70), 240, 77)
        for onset_ticks in range(start_ticks, stop_ticks, request.piece.ticks_per_quarter)
    ]
    tracks = list(request.piece.tracks)
    kept = [note for note in tracks[request.track].notes if not start_ticks <= note.onset_ticks < stop_ticks]
    tracks[request.track] = replace(tracks[request.track], notes=(*kept, *new))
    return Result(job_id=request.job_id, piece=request.piece.with_tracks(tuple(tracks)), checkpoint_id=CHECKPOINT_ID)


async def found_band(studio, songs, *, num_bars=4, place=THREAD, author=ADA, **fields):
    """Begin a song with three layers (Piano, Bass, Guitar), made from a file; return its view."""
    piece = make_song(num_layers=3, num_bars=num_bars, seed=5).piece
    upload = Upload(filename="band.mid", data=write_midi(piece))
    plain = await make_result(studio, make_order(ArrangeOptions(transpose_semitones=1), source=upload, author=author))
    return await songs.found(author, place, FoundOptions(title="Ours"), from_revision_id=plain.revision_id, **fields)


async def work(studio, songs, *, author=ADA, place=THREAD, options=None, bars=None, tracks=(), semitones=2, at=None):
    """Change the newest state of the branch that somebody is on, and return the new revision."""
    if options is None:
        options = ArrangeOptions(transpose_semitones=semitones, bars=bars, tracks=tracks)
    if at is None:
        at = (await songs.here(place, author=author)).branch.head_id
    order = make_order(options, author=author, place=place, source=FromRevision(revision_id=at))
    return await make_result(studio, order)


async def carry_out(studio, step):
    """Submit a merge with nothing left to decide, and return its revision."""
    assert isinstance(step, MergeOrder), step
    return await make_result(studio, replace(step.order, reply_token="token"))


def notes_of(state, name, bar):
    """The notes that one layer begins in one bar (from 0)."""
    names = [layer.name for layer in state.layers]
    assert name in names, names
    index = names.index(name)
    grid = TimeGrid(state.piece)
    return [note for note in state.piece.tracks[index].notes if grid.bar_of_tick(note.onset_ticks) == bar]
