"""Songs made together: how they begin, what stands in a place, and changes that are made at once.

A change without networks is an operation like any other, but needs no job: it is computed at the press and stored in one
transaction, if the state it was made from is still the newest; else it is made again from the newer one. It knows no Discord.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any, cast
from weakref import WeakValueDictionary

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.jobs.results import measure_piece
from bot.services.model import Author, Place, SongLine
from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.operations.founding import FOUND, FoundOptions
from bot.services.operations.registry import check_options, operation_for
from bot.services.options import Options
from bot.services.records import author_of, checks_to_json, options_to_json
from bot.services.sampling import draw_seed
from bot.services.songs.bounds import find_within
from bot.services.songs.graph import find_present, view_revisions
from bot.services.together.claims.guard import refuse_breach
from bot.services.together.lines import home_branch, line_of
from bot.services.together.model import (
    DEFAULT_LICENCE,
    BranchView,
    SharedSongView,
    SongChange,
    SongRules,
)
from bot.services.together.recording import SongWork, change_key, record, state_after, within_song
from bot.services.together.rights import check_may_edit, check_may_fork, rules_of
from bot.services.together.states import load_state
from core.errors import InputError, LimitError, NotFoundError, TuttiError
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.repositories.pieces import NewPiece, PieceRepository
from db.repositories.shared_songs import NewSharedSong, SharedSongRepository
from db.repositories.songs import NewRevision, SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import Branch, SharedSong
from db.tables import User
from music.versions.carrying import begin
from music.versions.codec import encode_state
from music.versions.layered import LayeredPiece

_log = structlog.stdlib.get_logger(__name__)

_MAX_TRIES = 5


class SharedSongs:
    """Begins shared songs and changes them at once."""

    def __init__(self, database: Database, *, limits: LimitSettings) -> None:
        self._database = database
        self._limits = limits
        # In this process changes of one song wait in line; only other processes can overtake each other.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    # --- beginning -------------------------------------------------------------------------------------------------

    async def found(
        self,
        author: Author,
        place: Place,
        options: FoundOptions,
        *,
        licence: str = DEFAULT_LICENCE,
        rules: SongRules | None = None,
        from_revision_id: int | None = None,
    ) -> SharedSongView:
        """Make a place the home of a new song, empty or with the music of a revision.

        Raises:
            InputError: when a song lives here already, or the options fit no song.
            NotFoundError: when the revision was deleted.
            PermissionDeniedError: when it belongs to a song that its host keeps in its thread.
        """
        check_options(options, has_source=from_revision_id is not None, limits=self._limits)
        source = None if from_revision_id is None else await self._state(from_revision_id)
        wish = Wish(
            job_id="", options=options, seed=0, source=source and source.piece, limits=self._limits, song=source
        )
        made = await asyncio.to_thread(FOUND.apply, wish)
        state = made.song or begin(made.piece, author_id=0, key="")
        piece = await asyncio.to_thread(measure_piece, made.piece)
        new = NewSharedSong(
            song_id=0,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            host_id=0,
            title=options.title.strip() or "Untitled",
            licence=licence,
            rules=msgspec.to_builtins(rules or SongRules()),
        )
        song_id = await self._store_first(author, new, options, made, state, piece, from_revision_id=from_revision_id)
        _log.info("song_founded", shared_song_id=song_id)
        return await self.song(song_id, author=author)

    @unbroken
    async def _store_first(
        self,
        author: Author,
        new: NewSharedSong,
        options: FoundOptions,
        made: Made,
        state: LayeredPiece,
        piece: NewPiece,
        *,
        from_revision_id: int | None,
    ) -> int:
        now = utc_now()
        async with self._database.writing() as session:
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            shared, songs = SharedSongRepository(session), SongRepository(session)
            if await shared.of_channel(new.channel_id, with_closed=True) is not None:
                raise InputError(
                    "A song lives in this channel already. Start another in a thread of its own, with /song new."
                )
            origin = None
            if from_revision_id is not None:
                await find_within(session, from_revision_id, Place(guild_id=new.guild_id, channel_id=new.channel_id))
                origin = await shared.of_revision(from_revision_id)
            if origin is not None:
                await check_may_fork(session, origin, user)
            song_id = await songs.add_song(guild_id=new.guild_id, channel_id=new.channel_id, now=now)
            await PieceRepository(session).find_or_add(piece, now=now)
            parent_ids = () if from_revision_id is None else (from_revision_id,)
            place = Place(guild_id=new.guild_id, channel_id=new.channel_id)
            revision = await songs.add(
                replace(
                    _new_revision(user, place, options, made, piece, seed=0), parent_ids=parent_ids, song_id=song_id
                ),
                now=now,
            )
            forked_from_id = from_revision_id if origin is not None else None
            row = await shared.add(
                replace(new, song_id=song_id, host_id=user.id, forked_from_id=forked_from_id),
                head_id=revision.id,
                now=now,
            )
            (main,) = await shared.branches(row.id)
            await shared.add_state(revision.id, shared_song_id=row.id, branch_id=main.id, data=encode_state(state))
            return row.id

    # --- looking ---------------------------------------------------------------------------------------------------

    @unbroken
    async def here(self, place: Place, *, author: Author) -> SharedSongView:
        """Return the song that lives in a place.

        Raises:
            InputError: when none does.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            return await view_song(session, song, author)

    @unbroken
    async def song(self, shared_song_id: int, *, author: Author) -> SharedSongView:
        """Return a shared song by its number.

        Raises:
            NotFoundError: when there is none.
        """
        async with self._database.reading() as session:
            song = await SharedSongRepository(session).find(shared_song_id)
            if song is None:
                raise NotFoundError(what="song", identifier=str(shared_song_id))
            return await view_song(session, song, author)

    @unbroken
    async def line_of(self, revision_id: int) -> SongLine | None:
        """Return where a revision stands in a shared song; None outside of all."""
        async with self._database.reading() as session:
            return await line_of(session, revision_id)

    @unbroken
    async def state_of(self, revision_id: int) -> LayeredPiece:
        """Return the settled state of a revision, of a plain one what its line of parents tells.

        Raises:
            NotFoundError: when it never was or was deleted.
        """
        return await self._state(revision_id)

    @unbroken
    async def lives_in(self, place: Place) -> bool:
        """Whether a place is the home of a song, open or closed."""
        async with self._database.reading() as session:
            return await SharedSongRepository(session).of_channel(place.channel_id, with_closed=True) is not None

    @unbroken
    async def head_here(self, place: Place, *, author: Author) -> int | None:
        """Return the newest revision of the branch that somebody works on here; None where no song lives or none has notes."""
        async with self._database.reading() as session:
            song = await SharedSongRepository(session).of_channel(place.channel_id)
            if song is None:
                return None
            branch = (await view_song(session, song, author)).branch
            head = await SongRepository(session).find(branch.head_id)
            return None if head is None or not head.num_notes else head.id

    @unbroken
    async def names_of(self, user_ids: set[int]) -> dict[int, str]:
        """Return the names of people by our own numbers, as layers know their owners."""
        async with self._database.reading() as session:
            return {number: user.name for number, user in (await UserRepository(session).get(user_ids)).items()}

    @unbroken
    async def note_message(self, revision_id: int, message_id: int) -> None:
        """Remember which message shows a revision."""
        async with self._database.writing() as session:
            await SongRepository(session).set_message(message_id, revision_id=revision_id, now=utc_now())

    @unbroken
    async def tag(self, author: Author, place: Place, revision_id: int, *, name: str) -> None:
        """Give a state of the song that lives in a place a name; one that is taken moves.

        Raises:
            InputError: when no song lives here, or the revision is not part of it.
            PermissionDeniedError: when they may not edit it.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_edit(session, song, user, author, now=now)
            shared = SharedSongRepository(session)
            state = await shared.state(revision_id)
            if state is None or state.shared_song_id != song.id:
                raise InputError(f"#{revision_id} is no state of this song. Choose one of its own messages.")
            await shared.set_tag(song.id, name=name.strip(), revision_id=revision_id, author_id=user.id, now=now)
            await shared.touch(song.id)

    # --- changing --------------------------------------------------------------------------------------------------

    async def change(self, author: Author, place: Place, options: Options) -> SongChange:
        """Change the song that lives in a place at once, on the branch that the author works on.

        Raises:
            InputError: when no song lives here, or options and state do not fit together.
            PermissionDeniedError: when they may not.
        """
        check_options(options, has_source=True, limits=self._limits)
        turn = self._turns.setdefault(place.channel_id, asyncio.Lock())
        async with turn:
            for _ in range(_MAX_TRIES):
                with contextlib.suppress(_OvertakenError):
                    return await self._change(author, place, options)
        raise LimitError("Too many people change this song at this very moment. Try again.")

    async def _change(self, author: Author, place: Place, options: Options) -> SongChange:
        work, seed = await self._work(author, place, options), draw_seed(options.seed)
        operation = operation_for(options)
        assert isinstance(operation, RuleOperation), "what needs a network is a job"
        operation = cast("RuleOperation[Any]", operation)
        wish = Wish(job_id="", options=options, seed=seed, source=work.song.piece, limits=self._limits)
        made = await asyncio.to_thread(operation.apply, within_song(wish, work, kind=operation.kind))
        key = change_key(work.base_id, operation.kind, seed)
        state = await asyncio.to_thread(state_after, work, made, key=key)
        piece = await asyncio.to_thread(measure_piece, made.piece)
        return await self._store_change(author, place, options, work, made, state, piece, seed=seed)

    @unbroken
    async def _work(self, author: Author, place: Place, options: Options) -> SongWork:
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_edit(session, song, user, author, now=now)
            branch = await home_branch(session, song, user.id)
            shared_song_id, head_id, user_id = song.id, branch.head_id, user.id
            max_layers = rules_of(song).max_layers
        async with self._database.reading() as session:
            current = await load_state(session, head_id)
            for other_id in options.other_revision_ids:
                await find_within(session, other_id, place)
            others = tuple([await load_state(session, each) for each in options.other_revision_ids])
        return SongWork(
            shared_song_id=shared_song_id,
            base_id=head_id,
            song=current,
            current=current,
            others=others,
            author_id=user_id,
            max_layers=max_layers,
        )

    @unbroken
    async def _store_change(
        self,
        author: Author,
        place: Place,
        options: Options,
        work: SongWork,
        made: Made,
        state: LayeredPiece,
        piece: NewPiece,
        *,
        seed: int,
    ) -> SongChange:
        """Store a change if its base is still the head.

        Raises:
            _OvertakenError: when somebody was quicker; nothing is stored then.
        """
        now = utc_now()
        async with self._database.writing() as session:
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            song = await song_here(session, place)
            branch = await home_branch(session, song, user.id)
            if branch.head_id != work.base_id:
                raise _OvertakenError
            await refuse_breach(session, branch, user_id=user.id, before=work.current, after=state, now=now)
            await PieceRepository(session).find_or_add(piece, now=now)
            others = options.joined_revision_ids
            new = _new_revision(user, place, options, made, piece, seed=seed)
            base = await find_present(session, work.base_id)
            new = replace(new, parent_ids=(work.base_id, *others), genre=base.genre, key_name=base.key_name)
            revision = await SongRepository(session).add(new, now=now)
            if not await record(session, revision, work, state, is_candidate=False):
                raise _OvertakenError
            (view,) = await view_revisions(session, [revision])
            line = await line_of(session, revision.id)
        assert line is not None
        _log.info("song_changed", shared_song_id=work.shared_song_id, operation=view.operation)
        return SongChange(revision=view, line=line, before=work.current, after=state.settled(view.revision_id))

    async def _state(self, revision_id: int) -> LayeredPiece:
        async with self._database.reading() as session:
            return await load_state(session, revision_id)


class _OvertakenError(TuttiError):
    """Somebody moved the head between our look and our step: the transaction is undone, and we look again."""


async def song_here(session: AsyncSession, place: Place) -> SharedSong:
    """Return the song that lives in a place, closed ones too.

    Raises:
        InputError: when none does.
    """
    song = await SharedSongRepository(session).of_channel(place.channel_id, with_closed=True)
    if song is None:
        raise InputError("No song lives in this channel. Go to a song's thread, or start one with /song new.")
    return song


async def view_song(session: AsyncSession, song: SharedSong, author: Author) -> SharedSongView:
    """Return a shared song as a value, with the branch that ``author`` works on."""
    host = await session.get_one(User, song.host_id)
    user = await UserRepository(session).find(author.user_id)
    branch = await home_branch(session, song, 0 if user is None else user.id)
    return SharedSongView(
        shared_song_id=song.id,
        song_id=song.song_id,
        place=Place(guild_id=song.guild_id, channel_id=song.channel_id),
        host=author_of(host),
        title=song.title,
        licence=song.licence,
        rules=rules_of(song),
        branch=view_branch(branch),
        card_message_id=song.card_message_id,
        created_at=song.created_at,
        is_closed=song.closed_at is not None,
    )


def view_branch(branch: Branch) -> BranchView:
    """Return a branch as a value."""
    return BranchView(branch_id=branch.id, name=branch.name, head_id=branch.head_id)


def _new_revision(user: User, place: Place, options: Options, made: Made, piece: NewPiece, *, seed: int) -> NewRevision:
    return NewRevision(
        author_id=user.id,
        guild_id=place.guild_id,
        channel_id=place.channel_id,
        operation=operation_for(options).kind,
        options=options_to_json(options),
        seed=seed,
        piece_hash=piece.hash,
        title=made.piece.title,
        num_notes=piece.num_notes,
        num_bars=piece.num_bars,
        duration_seconds=piece.duration_seconds,
        checks=checks_to_json(made.checks),
        chord_names=list(made.chord_names),
    )
