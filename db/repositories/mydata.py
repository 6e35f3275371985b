"""Everything that names a person or was made for them, as plain values. It commits nothing.

Columns are read off the tables themselves, so a column that is added later is exported without anybody remembering to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from db.repositories.song_people import SongPeopleRepository
from db.shared_tables import Vote
from db.tables import Draft, Favourite, Job, Message, Revision, RevisionParent, StoredPiece, StoredUpload, User

_SECRETS = frozenset({"reply_token", "lease_owner", "lease_until", "data"})
"""Keys to Discord, our own bookkeeping, and bytes; the data of drafts is exported apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonData:
    """Rows as plain values. ``pieces``: encoded music by the number of the revision, newest first; ``in_songs``: what they did in
    songs made together, by table.
    """

    person: dict[str, Any]
    revisions: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    uploads: list[dict[str, Any]]
    favourites: list[dict[str, Any]]
    drafts: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    in_songs: dict[str, list[dict[str, Any]]]
    pieces: dict[int, bytes]


class MyDataRepository:
    """Reads a person's rows."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def everything_of(self, user: User) -> PersonData:
        """Return all that is kept about a person."""
        session = self._session
        revisions = (
            await session.scalars(select(Revision).where(Revision.author_id == user.id).order_by(Revision.id.desc()))
        ).all()
        drafts = (await session.scalars(select(Draft).where(Draft.user_id == user.id).order_by(Draft.id))).all()
        jobs = await session.scalars(select(Job).where(Job.user_id == user.id).order_by(Job.id))
        uploads = await session.scalars(select(StoredUpload).where(StoredUpload.user_id == user.id))
        favourites = await session.scalars(select(Favourite).where(Favourite.user_id == user.id))
        mine = select(Revision.id).where(Revision.author_id == user.id).scalar_subquery()
        messages = await session.scalars(select(Message).where(Message.revision_id.in_(mine)))
        return PersonData(
            person=_plain(user),
            revisions=await self._with_parents(revisions),
            jobs=[_plain(row) for row in jobs],
            uploads=[_plain(row) for row in uploads],
            favourites=[_plain(row) for row in favourites],
            drafts=[_plain(row) | {"data": row.data} for row in drafts],
            messages=[_plain(row) for row in messages],
            in_songs={
                table: [_blind(row) if isinstance(row, Vote) else _plain(row) for row in rows]
                for table, rows in (await SongPeopleRepository(session).rows_of(user.id)).items()
            },
            pieces=await self._pieces_of(revisions),
        )

    async def revisions_of(self, user_id: int) -> Sequence[Revision]:
        """Return every revision that a person asked for, deleted ones too."""
        return (await self._session.scalars(select(Revision).where(Revision.author_id == user_id))).all()

    async def forget_drafts(self, user_id: int) -> None:
        """Delete what a person began and did not send."""
        await self._session.execute(delete(Draft).where(Draft.user_id == user_id))

    async def _with_parents(self, revisions: Iterable[Revision]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for revision in revisions:
            parents = await self._session.scalars(
                select(RevisionParent.parent_id)
                .where(RevisionParent.child_id == revision.id)
                .order_by(RevisionParent.position)
            )
            found.append(_plain(revision) | {"parents": list(parents)})
        return found

    async def _pieces_of(self, revisions: Iterable[Revision]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for revision in revisions:
            if revision.piece_hash is not None:
                piece = await self._session.get(StoredPiece, revision.piece_hash)
                if piece is not None:
                    found[revision.id] = piece.data
        return found


def _blind(vote: Vote) -> dict[str, Any]:
    """Return a vote without what is behind its letters, unless it is over: nobody knows before. The key to Discord is never in it."""
    values = _plain(vote)
    options = values.pop("options")
    if vote.closed_at is None:
        return values
    return values | {"options": {name: value for name, value in options.items() if name not in _SECRETS}}


def _plain(row: Base) -> dict[str, Any]:
    """Return a row's columns as plain values, without what is no business of the person."""
    values = {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if name not in _SECRETS
    }
