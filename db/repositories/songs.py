"""Songs: revisions, the edges between them, and the messages that show them. It commits nothing and knows no music."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import MAX_ID, storable_text
from db.tables import Job, JobTake, Message, Revision, RevisionParent, Song, StoredUpload

UPLOAD = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """Everything that a revision is born with."""

    author_id: int
    guild_id: int | None
    channel_id: int
    operation: str
    piece_hash: str
    num_notes: int
    num_bars: int
    duration_seconds: float
    title: str = ""
    options: dict[str, Any] | None = None
    seed: int | None = None
    checkpoint_id: str | None = None
    upload_id: int | None = None
    checks: list[Any] = field(default_factory=list[Any])
    chord_names: list[Any] = field(default_factory=list[Any])
    parent_ids: tuple[int, ...] = ()
    genre: str | None = None
    key_name: str | None = None
    song_id: int | None = None  # None: that of the first parent, or a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLinks:
    """What surrounds a revision."""

    parent_ids: tuple[int, ...] = ()
    message_id: int | None = None  # the newest message that shows it
    take_position: int = 0  # in that message
    num_takes: int = 1  # in that message


class SongRepository:
    """Reads and writes songs, revisions, edges and messages."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewRevision, *, now: datetime) -> Revision:
        """Store a revision; it joins the song of its first parent, or starts one."""
        song_id = await self._song_for(new, now=now)
        revision = Revision(
            song_id=song_id,
            author_id=new.author_id,
            guild_id=new.guild_id,
            channel_id=new.channel_id,
            operation=new.operation,
            options=new.options,
            seed=new.seed,
            checkpoint_id=new.checkpoint_id,
            upload_id=new.upload_id,
            piece_hash=new.piece_hash,
            title=storable_text(new.title)[:255],
            num_notes=new.num_notes,
            num_bars=new.num_bars,
            duration_seconds=new.duration_seconds,
            checks=new.checks,
            chord_names=new.chord_names,
            genre=new.genre,
            key_name=new.key_name,
            created_at=now,
        )
        self._session.add(revision)
        await self._session.flush()
        for position, parent_id in enumerate(dict.fromkeys(new.parent_ids)):
            self._session.add(RevisionParent(child_id=revision.id, parent_id=parent_id, position=position))
        await self._session.flush()
        return revision

    async def add_parents(self, revision_id: int, parent_ids: Sequence[int]) -> None:
        """Note what else a revision comes from, after the parents that it has; what is noted already stays as it is."""
        if not parent_ids:
            return
        known = (await self.links([revision_id]))[revision_id].parent_ids
        new = [parent_id for parent_id in dict.fromkeys(parent_ids) if parent_id not in known]
        for position, parent_id in enumerate(new, start=len(known)):
            self._session.add(RevisionParent(child_id=revision_id, parent_id=parent_id, position=position))
        await self._session.flush()

    async def find(self, revision_id: int) -> Revision | None:
        """Return a revision, deleted ones too; None also for numbers that nothing can have."""
        if not 0 < revision_id <= MAX_ID:
            return None
        return await self._session.get(Revision, revision_id)

    async def get(self, revision_ids: Iterable[int]) -> Sequence[Revision]:
        """Return those of some revisions that there are, deleted ones too, oldest first."""
        query = select(Revision).where(Revision.id.in_(tuple(revision_ids))).order_by(Revision.id)
        return (await self._session.scalars(query)).all()

    async def of_message(self, message_id: int) -> Revision | None:
        """Return the (first) revision that a message shows, deleted ones too; None also for numbers that nothing can have."""
        if not 0 < message_id <= MAX_ID:
            return None
        return await self._session.scalar(
            select(Revision)
            .join(Message, Message.revision_id == Revision.id)
            .where(Message.message_id == message_id)
            .order_by(Message.position)
            .limit(1)
        )

    async def of_upload(self, upload_id: int) -> Revision | None:
        """Return the revision that holds an uploaded file's music."""
        return await self._session.scalar(
            select(Revision).where(Revision.upload_id == upload_id, Revision.operation == UPLOAD)
        )

    async def of_file(self, midi_hash: str, *, guild_id: int | None, channel_id: int) -> Revision | None:
        """Return the newest result whose MIDI file this is, if it was made in this server (or direct channel)."""
        query = select(Revision).where(Revision.midi_hash == midi_hash, Revision.deleted_at.is_(None))
        if guild_id is None:
            query = query.where(Revision.guild_id.is_(None), Revision.channel_id == channel_id)
        else:
            query = query.where(Revision.guild_id == guild_id)
        return await self._session.scalar(query.order_by(Revision.id.desc()).limit(1))

    async def newest_results(
        self, *, channel_id: int | None = None, author_id: int | None = None, limit: int
    ) -> Sequence[Revision]:
        """Return results that are not deleted, newest first; uploads are no results."""
        query: Select[Revision] = (
            select(Revision)
            .where(Revision.operation != UPLOAD, Revision.deleted_at.is_(None))
            .order_by(Revision.id.desc())
            .limit(limit)
        )
        if channel_id is not None:
            query = query.where(Revision.channel_id == channel_id)
        if author_id is not None:
            query = query.where(Revision.author_id == author_id)
        return (await self._session.scalars(query)).all()

    async def links(self, revision_ids: Iterable[int]) -> dict[int, RevisionLinks]:
        """Return parents and newest message of each revision."""
        wanted = tuple(revision_ids)
        edges = await self._session.scalars(
            select(RevisionParent).where(RevisionParent.child_id.in_(wanted)).order_by(RevisionParent.position)
        )
        parents: dict[int, list[int]] = {}
        for edge in edges:
            parents.setdefault(edge.child_id, []).append(edge.parent_id)
        shown = await self._session.scalars(
            select(Message).where(Message.revision_id.in_(wanted)).order_by(Message.created_at, Message.message_id)
        )
        newest = {message.revision_id: message for message in shown}
        counts = await self._count_takes(message.message_id for message in newest.values())
        found: dict[int, RevisionLinks] = {}
        for revision_id in wanted:
            message = newest.get(revision_id)
            found[revision_id] = RevisionLinks(
                parent_ids=tuple(parents.get(revision_id, ())),
                message_id=None if message is None else message.message_id,
                take_position=0 if message is None else message.position,
                num_takes=1 if message is None else counts[message.message_id],
            )
        return found

    async def children(self, revision_ids: Iterable[int]) -> Sequence[Revision]:
        """Return the revisions made from any of these, one step down."""
        return (
            await self._session.scalars(
                select(Revision)
                .join(RevisionParent, RevisionParent.child_id == Revision.id)
                .where(RevisionParent.parent_id.in_(tuple(revision_ids)))
            )
        ).all()

    async def all_of_message(self, message_id: int) -> Sequence[Revision]:
        """Return every revision that a message shows, in its order, deleted ones too."""
        if not 0 < message_id <= MAX_ID:
            return ()
        return (
            await self._session.scalars(
                select(Revision)
                .join(Message, Message.revision_id == Revision.id)
                .where(Message.message_id == message_id)
                .order_by(Message.position)
            )
        ).all()

    async def newest_shown(self, channel_id: int) -> Revision | None:
        """Return the result that a channel was shown last; of several takes the first, until one is shown on its own."""
        shown = (
            select(
                Message.revision_id,
                func.max(Message.created_at).label("shown_at"),
                func.min(Message.position).label("position"),
            )
            .join(Revision, Revision.id == Message.revision_id)
            .where(Revision.channel_id == channel_id)  # said again, so that nobody counts all messages there are
            .group_by(Message.revision_id)
            .subquery()
        )
        unfinished = (
            select(JobTake.revision_id)
            .join(Job, Job.id == JobTake.job_id)
            .where(Job.is_answered.is_(False), Job.result_revision_id.is_(None))
        )
        return await self._session.scalar(
            select(Revision)
            .outerjoin(shown, shown.c.revision_id == Revision.id)
            .where(
                Revision.channel_id == channel_id,
                Revision.operation != UPLOAD,
                Revision.deleted_at.is_(None),
                Revision.id.not_in(unfinished),
            )
            .order_by(
                func.coalesce(shown.c.shown_at, Revision.created_at).desc(),
                func.coalesce(shown.c.position, 0),
                Revision.id.desc(),
            )
            .limit(1)
        )

    async def picked_of(self, message_id: int) -> Revision | None:
        """Return the take of a message that was last shown in a message of its own, if any; deleted ones do not count."""
        own = select(Message.revision_id).where(Message.message_id == message_id)
        return await self._session.scalar(
            select(Revision)
            .join(Message, Message.revision_id == Revision.id)
            .where(Message.message_id != message_id, Revision.id.in_(own), Revision.deleted_at.is_(None))
            .order_by(Message.created_at.desc(), Message.message_id.desc())
            .limit(1)
        )

    async def is_take(self, revision_id: int) -> bool:
        """Whether a revision is one of several takes of a job."""
        found = await self._session.scalar(select(JobTake.job_id).where(JobTake.revision_id == revision_id).limit(1))
        return found is not None

    async def set_message(self, message_id: int, *, revision_id: int, now: datetime, position: int = 0) -> None:
        """Remember which revision a message shows, at which of its places."""
        message = await self._session.get(Message, (message_id, position))
        if message is None:
            self._session.add(
                Message(message_id=message_id, position=position, revision_id=revision_id, created_at=now)
            )
        else:
            message.revision_id = revision_id
        await self._session.flush()

    async def delete(self, revision: Revision, *, now: datetime) -> str | None:
        """Take the music out of a revision, and the name off its file; keep its place in the graph, and return the hash it showed."""
        piece_hash = revision.piece_hash
        revision.piece_hash = None
        revision.midi_hash = None
        revision.deleted_at = now
        revision.title = ""
        revision.chord_names = []
        revision.genre = revision.key_name = None
        if revision.upload_id is not None:
            await self._session.execute(
                update(StoredUpload).where(StoredUpload.id == revision.upload_id).values(filename="")
            )
        await self._session.flush()
        return piece_hash

    async def forget_messages(self, revision_id: int) -> None:
        """Forget which messages showed a revision."""
        await self._session.execute(delete(Message).where(Message.revision_id == revision_id))

    async def _count_takes(self, message_ids: Iterable[int]) -> dict[int, int]:
        rows = await self._session.execute(
            select(Message.message_id, func.count().label("num_takes"))
            .where(Message.message_id.in_(tuple(message_ids)))
            .group_by(Message.message_id)
        )
        return {row.message_id: row.num_takes for row in rows}

    async def _song_for(self, new: NewRevision, *, now: datetime) -> int:
        if new.song_id is not None:
            return new.song_id
        if new.parent_ids:
            parent = await self._session.get_one(Revision, new.parent_ids[0])
            return parent.song_id
        return await self.add_song(guild_id=new.guild_id, channel_id=new.channel_id, now=now)

    async def add_song(self, *, guild_id: int | None, channel_id: int, now: datetime) -> int:
        """Start a song without revisions and return its number."""
        song = Song(guild_id=guild_id, channel_id=channel_id, created_at=now)
        self._session.add(song)
        await self._session.flush()
        return song.id
