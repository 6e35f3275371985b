"""People in shared songs, across all tables: what is kept of somebody, what goes with them, and what goes with a server.

It commits nothing. Which columns name a person is read off the tables, so a table that is added later is exported without
anybody remembering to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from db.base import Base
from db.shared_tables import (
    Ballot,
    Branch,
    Claim,
    MergeDraft,
    Ranker,
    RevisionState,
    SharedSong,
    SongComment,
    SongMember,
    SongTag,
    Turn,
    Vote,
)
from db.tables import Revision, User

TABLES: tuple[type[Base], ...] = (
    Ballot,
    Vote,
    SongComment,
    Claim,
    Turn,
    MergeDraft,
    SongTag,
    RevisionState,
    SongMember,
    Branch,
    SharedSong,
)
"""Every table of shared songs, in the order in which rows may be deleted: nothing refers to what comes before it."""


class SongPeopleRepository:
    """Reads and deletes what shared songs hold of people and servers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # --- people ----------------------------------------------------------------------------------------------------

    async def rows_of(self, user_id: int) -> dict[str, list[Base]]:
        """Return every row that names a person, by its table."""
        found: dict[str, list[Base]] = {}
        for table in TABLES:
            columns = tuple(naming_columns(table))
            if columns:
                query = select(table).where(or_(*(column == user_id for column in columns)))
                found[table.__tablename__] = list(
                    await self._session.scalars(query.order_by(*table.__table__.primary_key))
                )
        return found

    async def songs_of(self, user_id: int) -> Sequence[SharedSong]:
        """Return the songs that somebody is or was in."""
        query = (
            select(SharedSong)
            .join(SongMember, SongMember.shared_song_id == SharedSong.id)
            .where(SongMember.user_id == user_id)
            .order_by(SharedSong.id)
        )
        return (await self._session.scalars(query)).all()

    async def has_others(self, shared_song_id: int, user_id: int) -> bool:
        """Whether anybody but this person is or was in a song."""
        query = select(SongMember.user_id).where(
            SongMember.shared_song_id == shared_song_id, SongMember.user_id != user_id
        )
        return (await self._session.scalar(query.limit(1))) is not None

    async def forget_words(self, user_id: int) -> dict[str, int]:
        """Delete what somebody said and chose: comments, ballots, merges they were deciding; return how many."""
        return {
            "comments": await self._delete(SongComment, SongComment.author_id == user_id),
            "ballots": await self._delete(Ballot, Ballot.user_id == user_id),
            "merges": await self._delete(MergeDraft, MergeDraft.user_id == user_id),
        }

    async def votes_opened_by(self, user_id: int) -> Sequence[Vote]:
        """Return the votes that somebody opened."""
        return (await self._session.scalars(select(Vote).where(Vote.opened_by_id == user_id))).all()

    async def empty_states(self, revision_ids: Sequence[int]) -> None:
        """Forget the layers and origins of revisions whose music is gone; their place stays."""
        query = update(RevisionState).where(RevisionState.revision_id.in_(revision_ids)).values(data=b"")
        await self._session.execute(query.execution_options(synchronize_session="fetch"))

    async def revisions_in(self, shared_song_id: int) -> Sequence[Revision]:
        """Return every state of a song, oldest first."""
        states = select(RevisionState.revision_id).where(RevisionState.shared_song_id == shared_song_id)
        query = select(Revision).where(Revision.id.in_(states.scalar_subquery())).order_by(Revision.id)
        return (await self._session.scalars(query)).all()

    async def branches_at(self, revision_ids: Sequence[int]) -> Sequence[Branch]:
        """Return the branches whose newest state is one of these."""
        query = select(Branch).where(Branch.head_id.in_(revision_ids)).order_by(Branch.id)
        return (await self._session.scalars(query)).all()

    # --- servers ---------------------------------------------------------------------------------------------------

    async def forget_guild(self, guild_id: int) -> int:
        """Delete all songs of a server, with what its votes taught, and return how many songs there were."""
        songs = select(SharedSong.id).where(SharedSong.guild_id == guild_id).scalar_subquery()
        votes = select(Vote.id).where(Vote.shared_song_id.in_(songs)).scalar_subquery()
        revisions = select(Revision.id).where(Revision.guild_id == guild_id).scalar_subquery()
        await self._delete(Ballot, Ballot.vote_id.in_(votes))
        for table in TABLES[1:-1]:
            await self._delete(table, cast("Any", table).shared_song_id.in_(songs))
        num_songs = await self._delete(SharedSong, SharedSong.guild_id == guild_id)
        # A merge of a song elsewhere may have been about a state of ours.
        refers = (
            MergeDraft.ours_id.in_(revisions),
            MergeDraft.theirs_id.in_(revisions),
            MergeDraft.base_id.in_(revisions),
        )
        await self._delete(MergeDraft, or_(*refers))
        await self._delete(Ranker, Ranker.guild_id == guild_id)
        return num_songs

    async def any_song(self) -> bool:
        """Whether there is a shared song anywhere."""
        return (await self._session.scalar(select(SharedSong.id).limit(1))) is not None

    async def _delete(self, table: type[Base], condition: ColumnElement[bool]) -> int:
        result = await self._session.execute(
            delete(table).where(condition).execution_options(synchronize_session="fetch")
        )
        return cast("CursorResult[Any]", result).rowcount


def naming_columns(table: type[Base]) -> Iterator[InstrumentedAttribute[Any]]:
    """Yield the columns of a table that name a person."""
    for column in table.__table__.columns:
        if any(key.column.table is User.__table__ for key in column.foreign_keys):
            yield getattr(table, column.key)


def is_in_no_song() -> Iterator[ColumnElement[bool]]:
    """Yield the conditions under which no shared song names a person."""
    for table in TABLES:
        for column in naming_columns(table):
            yield ~exists().where(column == User.id)


def in_open_song(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a revision is a state of a song that is open, or was at a moment."""
    return exists().where(
        RevisionState.revision_id == Revision.id,
        SharedSong.id == RevisionState.shared_song_id,
        or_(SharedSong.closed_at.is_(None), SharedSong.closed_at >= moment),
    )


def newest(table: type[Revision | User]) -> Select[int]:
    """Return the highest number of a table. Rows that are never deleted at the top are never followed by others of their number."""
    return select(func.max(table.id))
