"""Finding revisions: the songs of a channel or a person, a song's graph, and candidates for a search.

Every query here walks an index (a test shows SQLite's plans). Words are not matched here: what they mean inside options is the
services' business. It commits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.repositories.songs import UPLOAD
from db.tables import Revision, RevisionParent


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFilter:
    """Which results count: of a channel or of a person, or both; the rest None where it does not matter."""

    channel_id: int | None = None
    author_id: int | None = None
    genre: str | None = None
    key_name: str | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A result that may fit the words of a search. ``source_name``: the file that it was made from."""

    revision_id: int
    title: str
    options: dict[str, Any] | None
    genre: str | None
    source_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """One revision of a song's graph, without its contents."""

    revision_id: int
    author_id: int
    channel_id: int
    is_deleted: bool
    parent_ids: tuple[int, ...]


class SearchRepository:
    """Reads revisions by what people remember of them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def song_ids(self, where: RevisionFilter, *, offset: int, limit: int) -> Sequence[int]:
        """Return songs with results that count, that with the newest result first."""
        return (await self._session.scalars(songs_query(where).offset(offset).limit(limit))).all()

    async def num_songs(self, where: RevisionFilter) -> int:
        """Return how many songs have results that count."""
        query = select(func.count(distinct(Revision.song_id))).where(*_conditions(where))
        return await self._session.scalar(query) or 0

    async def graph(self, song_id: int) -> Sequence[GraphNode]:
        """Return every revision of a song with its parents, oldest first."""
        rows = (await self._session.execute(graph_query(song_id))).all()
        edges = (await self._session.execute(edges_query(song_id))).all()
        parents: dict[int, list[int]] = {}
        for child_id, parent_id in edges:
            parents.setdefault(child_id, []).append(parent_id)
        return tuple(
            GraphNode(
                revision_id=row.id,
                author_id=row.author_id,
                channel_id=row.channel_id,
                is_deleted=row.deleted_at is not None,
                parent_ids=tuple(parents.get(row.id, ())),
            )
            for row in rows
        )

    async def candidates(
        self, where: RevisionFilter, *, before_id: int | None = None, limit: int
    ) -> Sequence[Candidate]:
        """Return results that count, newest first, from below ``before_id`` on."""
        rows = (await self._session.execute(candidates_query(where, before_id=before_id).limit(limit))).all()
        return tuple(
            Candidate(revision_id=number, title=title, options=options, genre=genre, source_name=source_name or "")
            for number, title, options, genre, source_name in rows
        )

    async def revisions(self, revision_ids: Sequence[int]) -> dict[int, Revision]:
        """Return revisions by number, deleted ones too."""
        rows = await self._session.scalars(select(Revision).where(Revision.id.in_(tuple(revision_ids))))
        return {row.id: row for row in rows}


def songs_query(where: RevisionFilter) -> Select[int]:
    """Return the query for songs, newest result first."""
    return (
        select(Revision.song_id)
        .where(*_conditions(where))
        .group_by(Revision.song_id)
        .order_by(func.max(Revision.id).desc())
    )


def graph_query(song_id: int) -> Select[int, int, int, datetime | None]:
    """Return the query for a song's revisions."""
    columns = (Revision.id, Revision.author_id, Revision.channel_id, Revision.deleted_at)
    return select(*columns).where(Revision.song_id == song_id).order_by(Revision.id)


def edges_query(song_id: int) -> Select[int, int]:
    """Return the query for a song's edges, each child's parents in order."""
    return (
        select(RevisionParent.child_id, RevisionParent.parent_id)
        .join(Revision, Revision.id == RevisionParent.child_id)
        .where(Revision.song_id == song_id)
        .order_by(RevisionParent.child_id, RevisionParent.position)
    )


def candidates_query(
    where: RevisionFilter, *, before_id: int | None = None
) -> Select[int, str, dict[str, Any] | None, str | None, str]:
    """Return the query for results, newest first."""
    edge, source = aliased(RevisionParent), aliased(Revision)
    query = (
        select(Revision.id, Revision.title, Revision.options, Revision.genre, source.title.label("source_name"))
        .outerjoin(edge, and_(edge.child_id == Revision.id, edge.position == 0))
        .outerjoin(source, and_(source.id == edge.parent_id, source.operation == UPLOAD))
        .where(*_conditions(where))
        .order_by(Revision.id.desc())
    )
    return query if before_id is None else query.where(Revision.id < before_id)


def _conditions(where: RevisionFilter) -> tuple[ColumnElement[bool], ...]:
    conditions: list[ColumnElement[bool]] = [Revision.operation != UPLOAD, Revision.deleted_at.is_(None)]
    if where.channel_id is not None:
        conditions.append(Revision.channel_id == where.channel_id)
    if where.author_id is not None:
        conditions.append(Revision.author_id == where.author_id)
    if where.genre is not None:
        conditions.append(Revision.genre == where.genre)
    if where.key_name is not None:
        conditions.append(Revision.key_name == where.key_name)
    if where.operation is not None:
        conditions.append(Revision.operation == where.operation)
    return tuple(conditions)
