"""What goes: results older than a server keeps, and everything of a server that the bot left. It commits nothing.

Rows of other places may only be touched where nothing there refers to them; a revision that somebody elsewhere built on stays as an
empty step, as after deleting. States of open shared songs are kept however old they are: the song is what its layers are now.

Notes of a song name the revisions that wrote them, and layers their owners, inside of bytes that no database sees. While there is any
song, the newest revision and the newest person are emptied and not deleted, so that SQLite gives their numbers to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.repositories.song_people import SongPeopleRepository, in_open_song, is_in_no_song, newest
from db.repositories.users import ERASED_NAME
from db.shared_tables import SharedSong
from db.tables import (
    Draft,
    Favourite,
    Job,
    JobTake,
    Message,
    Revision,
    RevisionParent,
    Song,
    StoredPiece,
    StoredUpload,
    User,
)


class RetentionRepository:
    """Finds and deletes what is not kept any longer."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def older_than(self, moment: datetime, *, guild_id: int, limit: int) -> Sequence[Revision]:
        """Return revisions of a server that still have music and were made before a moment, oldest first."""
        return (await self._session.scalars(older_query(moment, guild_id=guild_id).limit(limit))).all()

    async def guild_ids(self) -> set[int]:
        """Return every server from which anything is kept."""
        found: set[int] = set()
        for column in (Revision.guild_id, Job.guild_id, Draft.guild_id, SharedSong.guild_id):
            rows = await self._session.scalars(select(column).where(column.is_not(None)).distinct())
            found |= {guild_id for guild_id in rows if guild_id is not None}
        return found

    async def forget_guild(self, guild_id: int, *, now: datetime) -> dict[str, int]:
        """Delete everything of a server and return how many songs, jobs and revisions there were."""
        session = self._session
        num_songs = await SongPeopleRepository(session).forget_guild(guild_id)
        ours = select(Revision.id).where(Revision.guild_id == guild_id).scalar_subquery()
        jobs = select(Job.id).where(Job.guild_id == guild_id).scalar_subquery()
        await session.execute(delete(JobTake).where(or_(JobTake.job_id.in_(jobs), JobTake.revision_id.in_(ours))))
        await session.execute(delete(Favourite).where(Favourite.revision_id.in_(ours)))
        await session.execute(delete(Message).where(Message.revision_id.in_(ours)))
        await session.execute(delete(Draft).where(Draft.guild_id == guild_id))
        gone_jobs = await session.execute(delete(Job).where(Job.guild_id == guild_id).returning(Job.id))
        num_jobs = len(gone_jobs.all())
        await self._unlink_jobs_elsewhere(ours)
        num_revisions = await self._delete_revisions(guild_id, now=now)
        await session.execute(
            delete(Song).where(Song.guild_id == guild_id, ~exists().where(Revision.song_id == Song.id))
        )
        return {"songs": num_songs, "jobs": num_jobs, "revisions": num_revisions}

    async def sweep(self) -> None:
        """Delete pieces that no revision shows, uploads that nothing needs, and people of whom nothing is left."""
        session = self._session
        await session.execute(delete(StoredPiece).where(~exists().where(Revision.piece_hash == StoredPiece.hash)))
        await session.execute(
            delete(StoredUpload).where(
                ~exists().where(Revision.upload_id == StoredUpload.id),
                ~exists().where(Job.upload_id == StoredUpload.id),
            )
        )
        unused = (
            ~exists().where(Revision.author_id == User.id),
            ~exists().where(Job.user_id == User.id),
            ~exists().where(StoredUpload.user_id == User.id),
            ~exists().where(Favourite.user_id == User.id),
            ~exists().where(Draft.user_id == User.id),
            *is_in_no_song(),
        )
        if await SongPeopleRepository(session).any_song():
            top = newest(User).scalar_subquery()
            await session.execute(update(User).where(*unused, User.id == top).values(discord_id=None, name=ERASED_NAME))
            unused = (*unused, User.id != top)
        await session.execute(delete(User).where(*unused))

    async def _unlink_jobs_elsewhere(self, ours: object) -> None:
        """Let jobs of other places forget revisions that go; answered ones only need their numbers for statistics."""
        for column in (Job.source_revision_id, Job.parent_revision_id, Job.result_revision_id):
            await self._session.execute(update(Job).where(column.in_(ours)).values({column.key: None}))  # pyright: ignore[reportArgumentType] - a subquery

    async def _delete_revisions(self, guild_id: int, *, now: datetime) -> int:
        """Delete a server's revisions; those that work elsewhere descends from are emptied in place of that."""
        session = self._session
        ours = select(Revision.id).where(Revision.guild_id == guild_id).scalar_subquery()
        await session.execute(delete(RevisionParent).where(RevisionParent.child_id.in_(ours)))
        has_child_elsewhere = exists().where(RevisionParent.parent_id == Revision.id)
        is_forked = exists().where(SharedSong.forked_from_id == Revision.id)
        unused = (Revision.guild_id == guild_id, ~has_child_elsewhere, ~is_forked)
        if await SongPeopleRepository(session).any_song():
            unused = (*unused, Revision.id != newest(Revision).scalar_subquery())
        gone = await session.execute(delete(Revision).where(*unused).returning(Revision.id))
        num_gone = len(gone.all())
        emptied = await session.execute(
            update(Revision)
            .where(Revision.guild_id == guild_id)
            .values(
                piece_hash=None,
                midi_hash=None,
                title="",
                chord_names=[],
                genre=None,
                key_name=None,
                options=None,
                deleted_at=now,
            )
            .returning(Revision.id)
        )
        return num_gone + len(emptied.all())


def older_query(moment: datetime, *, guild_id: int) -> Select[Revision]:
    """Return the query for revisions of a server that are older than it wants to keep; states of open songs are not among them."""
    return (
        select(Revision)
        .where(
            Revision.guild_id == guild_id,
            Revision.created_at < moment,
            Revision.deleted_at.is_(None),
            ~in_open_song(moment),
        )
        .order_by(Revision.created_at)
    )
