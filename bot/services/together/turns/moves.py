"""What the bot plays when it is its turn: it goes on, joins in, or changes what is its own. It decides nothing about rights.

Which of them comes first goes round with the bot's turns in a song, so a replay of the evening would hear the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.model import FromRevision
from bot.services.operations.adding import AddOptions
from bot.services.options import GenerateOptions, Options, RemixOptions
from bot.services.together.model import THE_BOT
from bot.services.together.rights import rules_of
from bot.services.together.states import load_state
from core.errors import NotFoundError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.turns import TurnRepository
from db.repositories.users import UserRepository
from music.piece import DRUM_PROGRAM
from music.roles import is_bass
from music.time_grid import TimeGrid
from music.versions.layered import LayeredPiece

NUM_BARS = 4
_MAX_SONG_BARS = 128
_SHARE = 0.3  # of the notes of one of its own layers: enough to be heard, few enough to be known again
_STRINGS, _FLUTE = range(48, 52), range(72, 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something to order. ``source`` None: a song without notes is begun."""

    options: Options
    source: FromRevision | None


@unbroken
async def find_moves(database: Database, shared_song_id: int) -> tuple[Move, ...]:
    """Return what the bot could do in a song, the best first.

    Raises:
        NotFoundError: when the song's music was deleted.
    """
    async with database.reading() as session:
        shared = SharedSongRepository(session)
        song = await shared.find(shared_song_id)
        if song is None:
            raise NotFoundError(what="song", identifier=str(shared_song_id))
        (main, *_) = await shared.branches(shared_song_id)
        state = await load_state(session, main.head_id)
        bot = await UserRepository(session).find(THE_BOT.user_id)
        num_turns = await TurnRepository(session).num_of_bot(shared_song_id)
    if state.piece.num_notes == 0:
        return (Move(options=GenerateOptions(), source=None),)
    source = FromRevision(revision_id=main.head_id)
    choices = [
        _go_on(state),
        _join_in(state, max_layers=rules_of(song).max_layers),
        _change_own(state, bot_id=None if bot is None else bot.id),
    ]
    first = (num_turns - 1) % len(choices)
    ordered = choices[first:] + choices[:first]
    return tuple(Move(options=options, source=source) for options in ordered if options is not None)


def _go_on(state: LayeredPiece) -> Options | None:
    """Four more bars, as long as somebody's layer is open and the song is no longer than people follow."""
    from_locked = all(layer.is_locked for layer, track, _ in state.parts() if track.notes)
    num_bars = TimeGrid(state.piece).num_bars
    return None if from_locked or num_bars + NUM_BARS > _MAX_SONG_BARS else GenerateOptions(num_bars=NUM_BARS)


def _join_in(state: LayeredPiece, *, max_layers: int) -> Options | None:
    """Whoever is missing in a band: drums, a bass, strings, a flute."""
    if len(state.layers) >= max_layers:
        return None
    playing = {track.instrument for track in state.piece.tracks if track.notes}
    if DRUM_PROGRAM not in playing:
        return AddOptions(instruments=("drums",))
    if not any(is_bass(program) for program in playing if program != DRUM_PROGRAM):
        return AddOptions(instruments=("bass",))
    if playing.isdisjoint(_STRINGS):
        return AddOptions(instruments=("strings",))
    return AddOptions(instruments=("flute",)) if playing.isdisjoint(_FLUTE) else None


def _change_own(state: LayeredPiece, *, bot_id: int | None) -> Options | None:
    """Other notes for some of one of its own layers; nobody else's is touched."""
    own = [
        number
        for number, (layer, track, _) in enumerate(state.parts(), start=1)
        if layer.owner_id == bot_id and track.notes and not track.is_drum
    ]
    return RemixOptions(tracks=(str(own[-1]),), share=_SHARE) if own else None
