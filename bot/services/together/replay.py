"""Making revisions of shared songs again from what is stored of them, to prove that nothing else is needed. It writes nothing.

A revision is its operation, its options, its seed and its parents' states; run again they give the same piece and the same state, byte
for byte. What a network wrote needs the network again, of the same checkpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.jobs.results import measure_piece, with_true_chords
from bot.services.model import RevisionView
from bot.services.operations.base import Made, Networks, Step, Wish
from bot.services.operations.composition_options import is_from_nothing
from bot.services.operations.founding import FOUND
from bot.services.operations.registry import operation_called
from bot.services.operations.stepping import StepOptions
from bot.services.options import Options
from bot.services.ports import Writer
from bot.services.songs.graph import find_present, view_revisions
from bot.services.together.recording import SongWork, change_key, state_after, within_song
from bot.services.together.states import load_state
from core.errors import InferenceError, NotFoundError
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import UPLOAD, SongRepository
from inference.protocol import Request, Result
from music.piece import Piece
from music.versions.carrying import begin
from music.versions.codec import encode_state
from music.versions.layered import LayeredPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedState:
    """What came out when a revision was made again, beside what is stored of it."""

    revision_id: int
    operation: str
    piece_hash: str
    state_data: bytes
    stored_piece_hash: str
    stored_state_data: bytes

    @property
    def is_same(self) -> bool:
        """Whether piece and state are the same, byte for byte."""
        return self.piece_hash == self.stored_piece_hash and self.state_data == self.stored_state_data


class NetworkNeededError(InferenceError):
    """A revision cannot be made again without the networks, and none were given."""


class NoNetworks:
    """Implements ``Networks`` where there are none."""

    async def write(self, request: Request, *, step: Step | None = None) -> Result:  # noqa: ARG002 - the protocol's
        """Refuse.

        Raises:
            NetworkNeededError: always.
        """
        raise NetworkNeededError(f"a {type(request).__name__} needs the networks")


class WriterNetworks:
    """Implements ``Networks`` by the networks' own door, without anybody who watches."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def write(self, request: Request, *, step: Step | None = None) -> Result:  # noqa: ARG002 - nobody watches
        """Return what the networks make of a request.

        Raises:
            InferenceError: when they gave up.
        """
        async for message in self._writer.submit(request, user_id=0, guild_id=None):
            if isinstance(message, Result):
                return message
        raise InferenceError("the stream ended without a result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Everything that a revision is made again from, and what is stored of it. ``given``: its source, None for new music."""

    revision: RevisionView
    author_id: int
    options: Options
    state_data: bytes
    given: Piece | None
    work: SongWork | None
    origin: LayeredPiece | None  # what a song was begun with


class Replaying:
    """Makes revisions of shared songs again."""

    def __init__(
        self, database: Database, *, networks: Networks | None = None, limits: LimitSettings | None = None
    ) -> None:
        self._database = database
        self._networks = networks or NoNetworks()
        self._limits = limits or LimitSettings()

    async def replay(self, revision_id: int) -> ReplayedState:
        """Make a revision of a shared song again.

        Raises:
            NetworkNeededError: when it needs networks and none were given.
            NotFoundError: when it is in no shared song, or something that it was made from was deleted.
        """
        stored = await self._load(revision_id)
        made, state = await self._make(stored)
        piece = await asyncio.to_thread(measure_piece, made.piece)
        return ReplayedState(
            revision_id=revision_id,
            operation=stored.revision.operation,
            piece_hash=piece.hash,
            state_data=encode_state(state),
            stored_piece_hash=stored.revision.piece_hash,
            stored_state_data=stored.state_data,
        )

    async def replay_all(self, shared_song_id: int) -> Mapping[int, ReplayedState]:
        """Make every revision of a song again, oldest first; those that need networks are left out where none were given.

        Raises:
            NotFoundError: when something that they were made from was deleted.
        """
        found: dict[int, ReplayedState] = {}
        for revision_id in await self._revisions_of(shared_song_id):
            try:
                found[revision_id] = await self.replay(revision_id)
            except NetworkNeededError:
                continue
        return found

    async def _make(self, stored: _Stored) -> tuple[Made, LayeredPiece]:
        revision, seed = stored.revision, stored.revision.seed or 0
        operation = operation_called(revision.operation)
        wish = Wish(job_id="replay", options=stored.options, seed=seed, source=stored.given, limits=self._limits)
        if stored.work is None:
            made = await operation.make(replace(wish, song=stored.origin), self._networks)
            return made, made.song or begin(made.piece, author_id=0, key="")
        made = await operation.make(within_song(wish, stored.work, kind=operation.kind), self._networks)
        made = await asyncio.to_thread(with_true_chords, made)
        key = change_key(stored.work.base_id, operation.kind, seed)
        return made, await asyncio.to_thread(state_after, stored.work, made, key=key)

    @unbroken
    async def _revisions_of(self, shared_song_id: int) -> tuple[int, ...]:
        async with self._database.reading() as session:
            return tuple(await SharedSongRepository(session).graph(shared_song_id))

    @unbroken
    async def _load(self, revision_id: int) -> _Stored:
        async with self._database.reading() as session:
            row = await find_present(session, revision_id)
            state = await SharedSongRepository(session).state(revision_id)
            (revision,) = await view_revisions(session, [row])
            if state is None or revision.options is None:
                raise NotFoundError(what="state", identifier=str(revision_id))
            given, work, origin = None, None, None
            if revision.operation == FOUND.kind:
                origin = await load_state(session, revision.parent_ids[0]) if revision.parent_ids else None
                given = None if origin is None else origin.piece
            else:
                work, given = await _work_of(
                    session, revision, author_id=row.author_id, shared_song_id=state.shared_song_id
                )
            return _Stored(
                revision=revision,
                author_id=row.author_id,
                options=revision.options,
                state_data=state.data,
                given=given,
                work=work,
                origin=origin,
            )


async def _work_of(
    session: AsyncSession, revision: RevisionView, *, author_id: int, shared_song_id: int
) -> tuple[SongWork, Piece | None]:
    """Return what a change of a song worked on, and its source."""
    options = revision.options
    assert options is not None
    base_id = revision.parent_ids[0]
    current = song = await load_state(session, base_id)
    given: Piece | None = current.piece
    uploaded = await _uploaded(session, revision.parent_ids[1:])
    if isinstance(options, StepOptions):
        song = await load_state(session, options.target_id)
        given = song.piece
    elif uploaded is not None:
        given = uploaded
    elif revision.operation == "generate" or is_from_nothing(options):
        given = None
    work = SongWork(
        shared_song_id=shared_song_id,
        base_id=base_id,
        song=song,
        current=current,
        others=tuple([await load_state(session, each) for each in options.other_revision_ids]),
        author_id=author_id,
    )
    return work, given


async def _uploaded(session: AsyncSession, parent_ids: tuple[int, ...]) -> Piece | None:
    """Return the music of the file that a change brought, if it brought one."""
    for parent_id in parent_ids:
        revision = await SongRepository(session).find(parent_id)
        if revision is not None and revision.operation == UPLOAD:
            return (await load_state(session, parent_id)).piece
    return None
