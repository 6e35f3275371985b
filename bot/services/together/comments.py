"""Comments at a bar of a song: said by anybody who is in its thread, resolved and opened again, heard in two bars. It knows no Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import DEFAULT_SIZE_LIMIT_BYTES, Author, File, Place, RevisionView
from bot.services.ports import MediaMaker
from bot.services.records import author_of
from bot.services.replies.fitting import room_bytes
from bot.services.replies.reply_sounds import ReplySounds
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.songs.graph import view_revisions
from bot.services.together.lines import home_branch
from bot.services.together.rights import role_of
from bot.services.together.service import song_here
from bot.services.together.states import load_state
from core.errors import BarRangeError, InputError, LimitError, NotFoundError, PermissionDeniedError, RenderError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.song_comments import CommentRepository, CommentRow, NewComment
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong
from db.tables import Revision
from music.constraints import BarRange
from music.piece import Piece
from music.time_grid import TimeGrid
from music.transform import slice_bars
from music.versions.layer_names import find_layer
from music.versions.layered import LayeredPiece
from music.versions.mixing import mix

_log = structlog.stdlib.get_logger(__name__)

MAX_TEXT_LENGTH = 500
MAX_OPEN = 100
MAX_LISTED = 25
_PREVIEW_BARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentWish:
    """What somebody wants to say: at ``bar`` (from 1), of a ``layer`` by number or name (empty: of all), about a revision.

    ``revision_id`` None: the newest on the branch that they work on.
    """

    bar: int
    text: str
    layer: str = ""
    revision_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """What somebody said. ``bar`` counts from 1; ``layer`` is its name, empty for all."""

    comment_id: int
    place: Place
    author: Author
    bar: int
    layer: str
    text: str
    revision: RevisionView
    created_at: datetime
    message_id: int | None = None
    resolved_by: Author | None = None
    is_resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPreview:
    """Two bars to hear and see; what cannot be made is left out and the remarks say why."""

    audio: File | None = None
    picture: File | None = None
    alt_text: str = ""
    remarks: tuple[str, ...] = ()


class Comments:
    """Keeps what people say about bars."""

    def __init__(
        self,
        database: Database,
        *,
        media: MediaMaker,
        sound_of: SoundOf = usual_sound,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._media = media
        self._sounds = ReplySounds(media, audio_format="ogg", sound_of=sound_of)
        self._now = now

    @unbroken
    async def add(self, author: Author, place: Place, wish: CommentWish) -> CommentView:
        """Keep a comment.

        Raises:
            InputError: when no song lives here, it has no such bar or layer, or the text is empty or too long.
            NotFoundError: when the revision is none of this song, or was deleted.
            PermissionDeniedError: when the song is closed.
            LimitError: when too many are open.
        """
        text = " ".join(wish.text.split())
        if not 0 < len(text) <= MAX_TEXT_LENGTH:
            raise InputError(f"A comment has 1 to {MAX_TEXT_LENGTH} characters; this one has {len(text)}.")
        now = self._now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            if song.closed_at is not None:
                raise PermissionDeniedError("This song is closed. Its host can open it again.")
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            revision_id = wish.revision_id or (await home_branch(session, song, user.id)).head_id
            state = await _state_in(session, song, revision_id)
            num_bars = TimeGrid(state.piece).num_bars
            if not 1 <= wish.bar <= num_bars:
                raise BarRangeError(start_bar=wish.bar, stop_bar=wish.bar, num_bars=num_bars)
            index = find_layer(state, wish.layer) if wish.layer.strip() else None
            comments = CommentRepository(session)
            if len(await comments.of_song(song.id, limit=MAX_OPEN)) >= MAX_OPEN:
                raise LimitError(f"{MAX_OPEN} comments are open in this song. Resolve some first: /comment list.")
            new = NewComment(
                shared_song_id=song.id,
                author_id=user.id,
                revision_id=revision_id,
                layer_id=None if index is None else state.layers[index].layer_id,
                bar=wish.bar - 1,
                text=text,
            )
            row = await comments.add(new, now=now)
            await SharedSongRepository(session).touch(song.id)
            return await self._view(session, song, CommentRow(comment=row, author=user, resolved_by=None), state)

    @unbroken
    async def find(self, comment_id: int) -> CommentView:
        """Return a comment.

        Raises:
            NotFoundError: when there is none.
        """
        async with self._database.reading() as session:
            row, song = await _find(session, comment_id)
            return await self._view(session, song, row)

    @unbroken
    async def list(self, place: Place, *, with_resolved: bool = False) -> tuple[CommentView, ...]:
        """Return the newest comments of the song that lives here, oldest first.

        Raises:
            InputError: when none does.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            rows = await CommentRepository(session).of_song(song.id, limit=MAX_LISTED, with_resolved=with_resolved)
            return tuple([await self._view(session, song, row) for row in rows])

    @unbroken
    async def set_resolved(self, author: Author, comment_id: int, *, is_resolved: bool, place: Place) -> CommentView:
        """Resolve a comment or open it again: whoever said it, editors and the host may; twice is no trouble.

        Raises:
            NotFoundError: when there is none in the song that lives here.
            PermissionDeniedError: for listeners, if it is not their own.
        """
        now = self._now()
        async with self._database.writing() as session:
            row, song = await _find(session, comment_id)
            if song.channel_id != place.channel_id:
                raise NotFoundError(what="comment", identifier=str(comment_id))
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            if row.author.id != user.id and await role_of(session, song, user, author) == "listener":
                raise PermissionDeniedError(
                    "You listen to this song. Its editors and whoever said something resolve comments."
                )
            changed = await CommentRepository(session).set_resolved(
                comment_id, by_id=user.id if is_resolved else None, at=now if is_resolved else None
            )
            if changed:
                await SharedSongRepository(session).touch(song.id)
            session.expire(row.comment)
            row, song = await _find(session, comment_id)
            return await self._view(session, song, row)

    @unbroken
    async def note_message(self, comment_id: int, message_id: int) -> None:
        """Remember which message shows a comment, so that the card can lead there."""
        async with self._database.writing() as session:
            row, song = await _find(session, comment_id)
            await CommentRepository(session).note_message(row.comment.id, message_id)
            await SharedSongRepository(session).touch(song.id)

    async def preview(
        self, comment: CommentView, *, size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    ) -> CommentPreview:
        """Return two bars of what a comment is about, from its bar on, to hear and to see."""
        try:
            piece = await self._two_bars(comment)
        except NotFoundError:
            return CommentPreview(remarks=("The state that this is about was deleted, so there is nothing to hear.",))
        if piece.num_notes == 0:
            return CommentPreview(remarks=("Nothing plays there.",))
        name = f"comment-{comment.comment_id}-bar-{comment.bar}"
        sounds = await self._sounds.make(
            name,
            piece,
            comparison=None,
            guild_id=comment.place.guild_id,
            size_limit_bytes=room_bytes(size_limit_bytes // 2),
        )
        try:
            picture = await self._media.draw_piano_roll(piece, first_bar=comment.bar - 1)
        except RenderError as error:
            _log.warning("picture_left_out", comment_id=comment.comment_id, error=str(error))
            return CommentPreview(audio=sounds.after, remarks=(*sounds.remarks, "The picture could not be drawn."))
        return CommentPreview(
            audio=sounds.after,
            picture=File(filename=f"{name}.png", data=picture.png),
            alt_text=picture.alt_text,
            remarks=sounds.remarks,
        )

    @unbroken
    async def _two_bars(self, comment: CommentView) -> Piece:
        async with self._database.reading() as session:
            row, _ = await _find(session, comment.comment_id)
            state = await load_state(session, comment.revision.revision_id)
        return await asyncio.to_thread(_cut, state, bar=comment.bar - 1, layer_id=row.comment.layer_id)

    async def _view(
        self, session: AsyncSession, song: SharedSong, row: CommentRow, state: LayeredPiece | None = None
    ) -> CommentView:
        comment = row.comment
        (revision,) = await view_revisions(session, [await session.get_one(Revision, comment.revision_id)])
        layer = ""
        if comment.layer_id is not None:
            layer = await _layer_name(session, comment.revision_id, comment.layer_id, state)
        return CommentView(
            comment_id=comment.id,
            place=Place(guild_id=song.guild_id, channel_id=song.channel_id),
            author=author_of(row.author),
            bar=comment.bar + 1,
            layer=layer,
            text=comment.text,
            revision=revision,
            created_at=comment.created_at,
            message_id=comment.message_id,
            resolved_by=None if row.resolved_by is None else author_of(row.resolved_by),
            is_resolved=comment.resolved_at is not None,
        )


async def _find(session: AsyncSession, comment_id: int) -> tuple[CommentRow, SharedSong]:
    row = await CommentRepository(session).find(comment_id)
    if row is None:
        raise NotFoundError(what="comment", identifier=str(comment_id))
    return row, await session.get_one(SharedSong, row.comment.shared_song_id)


async def _state_in(session: AsyncSession, song: SharedSong, revision_id: int) -> LayeredPiece:
    """Return the state of one of a song's revisions.

    Raises:
        NotFoundError: when it is of another song or of none, or was deleted.
    """
    home = await SharedSongRepository(session).of_revision(revision_id)
    if home is None or home.id != song.id:
        raise NotFoundError(what="state of this song", identifier=str(revision_id))
    return await load_state(session, revision_id)


async def _layer_name(session: AsyncSession, revision_id: int, layer_id: str, state: LayeredPiece | None) -> str:
    """Return what a layer was called when somebody spoke of it."""
    if state is None:
        revision = await SongRepository(session).find(revision_id)
        if revision is None or revision.piece_hash is None:
            return "a layer that was deleted"
        state = await load_state(session, revision_id)
    index = state.index_of(layer_id)
    return "a layer that was removed" if index is None else state.layers[index].name


def _cut(state: LayeredPiece, *, bar: int, layer_id: str | None) -> Piece:
    """Return two bars, from ``bar`` (from 0) on, of one layer as it is written or of all as they are mixed."""
    index = None if layer_id is None else state.index_of(layer_id)
    piece = mix(state) if index is None else state.piece.with_tracks((state.piece.tracks[index],))
    return slice_bars(piece, BarRange(bar, min(bar + _PREVIEW_BARS, TimeGrid(state.piece).num_bars)))
