"""What has been made so far: history, lookups, deleting, and files made again. It knows nothing of Discord or SQL.

A song is a graph of immutable revisions; every reply is one. Sound and pictures are made again from the piece.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import DEFAULT_SIZE_LIMIT_BYTES, Author, FromRevision, JobOrder, Place, Reply, RevisionView
from bot.services.operations.composition_options import is_from_nothing
from bot.services.operations.stepping import StepOptions
from bot.services.people.privacy import forget_deleted
from bot.services.ports import MediaMaker
from bot.services.replies.library import ReplyMaker, ReplyParts
from bot.services.songs.bounds import is_within
from bot.services.songs.graph import find_present, load_finished, piece_data, view_revisions
from bot.services.songs.variations import variation_of
from core.errors import InputError, NotFoundError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import UPLOAD, SongRepository
from db.repositories.users import UserRepository
from db.tables import Revision, User
from music.codec import decode_piece
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)

MAX_HISTORY = 100


class SongService:
    """Reads and prunes the graph of revisions."""

    def __init__(self, database: Database, *, media: MediaMaker, parts: ReplyParts | None = None) -> None:
        self._database = database
        self._replies = ReplyMaker(media, parts=parts)

    @unbroken
    async def newest_in_channel(self, place: Place) -> RevisionView:
        """Return the result that a channel was shown last (uploads and deleted ones do not count).

        Of several takes it is the one that was picked last, the first until one is picked.

        Raises:
            core.errors.NotFoundError: when there is none.
        """
        async with self._database.reading() as session:
            row = await SongRepository(session).newest_shown(place.channel_id)
            if row is None:
                raise NotFoundError(what="result")
            return (await view_revisions(session, [row]))[0]

    @unbroken
    async def revision(self, revision_id: int) -> RevisionView:
        """Return a revision.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        async with self._database.reading() as session:
            row = await find_present(session, revision_id)
            return (await view_revisions(session, [row]))[0]

    @unbroken
    async def revision_of_message(self, message_id: int, *, place: Place) -> RevisionView:
        """Return the revision that a message shows; of several takes the one that was picked last, or else the first.

        Raises:
            core.errors.NotFoundError: when the message is none of our replies, its results were deleted, or it is of another
                server than ``place``.
        """
        async with self._database.reading() as session:
            songs = SongRepository(session)
            rows = await _present_of_message(session, message_id, place)
            picked = await songs.picked_of(message_id) if len(rows) > 1 else None
            row = picked or (rows[0] if rows else None)
            if row is None:
                raise NotFoundError(what="result")
            return (await view_revisions(session, [row]))[0]

    @unbroken
    async def history(self, where: Place | Author, *, limit: int = 10) -> tuple[RevisionView, ...]:
        """Return the newest results of a channel or of a person, newest first."""
        limit = min(limit, MAX_HISTORY)
        async with self._database.reading() as session:
            songs = SongRepository(session)
            if isinstance(where, Place):
                rows = await songs.newest_results(channel_id=where.channel_id, limit=limit)
            else:
                user = await UserRepository(session).find(where.user_id)
                if user is None:
                    return ()
                rows = await songs.newest_results(author_id=user.id, limit=limit)
            return await view_revisions(session, rows)

    @unbroken
    async def piece_of(self, revision_id: int) -> Piece:
        """Return the music of a revision.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        async with self._database.reading() as session:
            data = await piece_data(session, await find_present(session, revision_id))
        assert data is not None
        return await asyncio.to_thread(decode_piece, data)

    @unbroken
    async def delete(self, revision_id: int, *, by: Author) -> RevisionView:
        """Forget the music of a revision and return what it was, so that its message can be removed.

        Its place in the graph stays, so that later revisions still know their line. An uploaded file's music goes with
        the last result made from it.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted already.
            core.errors.PermissionDeniedError: when it is somebody else's.
        """
        async with self._database.writing() as session:
            view = await _delete(session, await find_present(session, revision_id), by=by)
        _log.info("revision_deleted", revision_id=revision_id)
        return view

    @unbroken
    async def delete_all_of_message(self, message_id: int, *, by: Author, place: Place) -> None:
        """Forget the music of every take that a message shows, as ``delete`` does with one.

        Raises:
            core.errors.NotFoundError: when there is none, none any more, or it is of another server than ``place``.
            core.errors.PermissionDeniedError: when they are somebody else's.
        """
        async with self._database.writing() as session:
            present = await _present_of_message(session, message_id, place)
            if not present:
                raise NotFoundError(what="result")
            for row in present:
                await _delete(session, row, by=by)
        _log.info("takes_deleted", message_id=message_id, num_takes=len(present))

    async def files_of(self, revision_id: int, *, size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES) -> Reply:
        """Make a revision's reply again from its piece, files included.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        finished = await load_finished(self._database, revision_id)
        return await self._replies.make(finished, size_limit_bytes=size_limit_bytes)

    async def order_variation(self, revision_id: int, *, author: Author, place: Place, reply_token: str) -> JobOrder:
        """Return the order that makes something near a revision ("Vary").

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
            core.errors.NoMusicError: when it has no notes.
        """
        finished = await load_finished(self._database, revision_id)
        options = await asyncio.to_thread(variation_of, finished)
        source = FromRevision(revision_id=revision_id)
        return JobOrder(author=author, place=place, options=options, source=source, reply_token=reply_token)

    async def order_again(
        self,
        revision_id: int,
        *,
        author: Author,
        place: Place,
        reply_token: str,
        size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES,
    ) -> JobOrder:
        """Return the order that repeats a revision's operation with a new seed ("Again").

        Raises:
            core.errors.NotFoundError: when it, or what it was made from, never was or was deleted.
        """
        view = await self.revision(revision_id)
        if isinstance(view.options, StepOptions):  # what an undo brought back is repeated, not the undo
            view = await self.revision(view.options.target_id)
            revision_id = view.revision_id
        if view.options is None:
            raise InputError("This is a file that somebody sent, so there is nothing to repeat.")
        source = None
        if view.operation != "generate" and view.parent_ids and not is_from_nothing(view.options):
            source = FromRevision(revision_id=(await self.revision(view.parent_ids[0])).revision_id)
        return JobOrder(
            author=author,
            place=place,
            options=replace(view.options, seed=None),
            source=source,
            parent_revision_id=revision_id if source is None else None,
            reply_token=reply_token,
            size_limit_bytes=size_limit_bytes,
        )


async def _present_of_message(session: AsyncSession, message_id: int, place: Place) -> list[Revision]:
    """Return what a message shows, as far as it is there and of this place: its number may be of any server."""
    rows = await SongRepository(session).all_of_message(message_id)
    return [row for row in rows if row.piece_hash is not None and is_within(row, place)]


async def _delete(session: AsyncSession, row: Revision, *, by: Author) -> RevisionView:
    (view,) = await view_revisions(session, [row])
    author = await session.get_one(User, row.author_id)
    if author.discord_id != by.user_id and not by.is_moderator:
        raise PermissionDeniedError("Only the person who asked for this result can delete it.")
    if await SharedSongRepository(session).state(row.id) is not None:
        raise PermissionDeniedError(
            "This is a state of a song that people make together, and others build on it. Undo takes it back; "
            "/song leave takes your name off what is to come, and /mydata erase off everything."
        )
    songs = SongRepository(session)
    await forget_deleted(session, [row])
    hashes = {await songs.delete(row, now=utc_now())}
    for parent_id in view.parent_ids:
        hashes |= await _delete_childless_upload(songs, parent_id)
    await PieceRepository(session).delete_unused({found for found in hashes if found is not None})
    return view


async def _delete_childless_upload(songs: SongRepository, revision_id: int) -> set[str | None]:
    """Delete an upload that no result shows any more and return the hash it showed."""
    upload = await songs.find(revision_id)
    if upload is None or upload.operation != UPLOAD or upload.deleted_at is not None:
        return set()
    if any(child.deleted_at is None for child in await songs.children([revision_id])):
        return set()
    return {await songs.delete(upload, now=utc_now())}
