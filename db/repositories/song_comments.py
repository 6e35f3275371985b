"""Comments on bars of shared songs. It commits nothing and knows no music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.base import MAX_ID, storable_text
from db.shared_tables import SongComment
from db.tables import User


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """What somebody says; ``bar`` counts from 0, ``layer_id`` None: all layers."""

    shared_song_id: int
    author_id: int
    revision_id: int
    layer_id: str | None
    bar: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRow:
    """A comment with its people."""

    comment: SongComment
    author: User
    resolved_by: User | None


class CommentRepository:
    """Reads and writes comments."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewComment, *, now: datetime) -> SongComment:
        """Store a comment."""
        comment = SongComment(
            shared_song_id=new.shared_song_id,
            author_id=new.author_id,
            revision_id=new.revision_id,
            layer_id=new.layer_id,
            bar=new.bar,
            text=storable_text(new.text),
            created_at=now,
        )
        self._session.add(comment)
        await self._session.flush()
        return comment

    async def find(self, comment_id: int) -> CommentRow | None:
        """Return a comment; None also for numbers that nothing can have."""
        if not 0 < comment_id <= MAX_ID:
            return None
        rows = await self._rows(SongComment.id == comment_id, limit=1)
        return rows[0] if rows else None

    async def of_song(self, shared_song_id: int, *, limit: int, with_resolved: bool = False) -> Sequence[CommentRow]:
        """Return the comments of a song, the newest ``limit`` of them, oldest first; without the resolved ones or with them."""
        conditions = [SongComment.shared_song_id == shared_song_id]
        if not with_resolved:
            conditions.append(SongComment.resolved_at.is_(None))
        return list(reversed(await self._rows(*conditions, limit=limit)))

    async def note_message(self, comment_id: int, message_id: int) -> None:
        """Note which message shows a comment."""
        await self._session.execute(
            update(SongComment).where(SongComment.id == comment_id).values(message_id=message_id)
        )

    async def set_resolved(self, comment_id: int, *, by_id: int | None, at: datetime | None) -> bool:
        """Resolve a comment, or with None open it again; return False when it was so already."""
        was = SongComment.resolved_at.is_(None) if at is not None else SongComment.resolved_at.is_not(None)
        changed = await self._session.execute(
            update(SongComment)
            .where(SongComment.id == comment_id, was)
            .values(resolved_at=at, resolved_by_id=by_id)
            .returning(SongComment.id)
            .execution_options(synchronize_session="fetch")
        )
        return changed.first() is not None

    async def _rows(self, *conditions: object, limit: int) -> list[CommentRow]:
        resolver = aliased(User)
        query = (
            select(SongComment, User, resolver)
            .join(User, User.id == SongComment.author_id)
            .outerjoin(resolver, resolver.id == SongComment.resolved_by_id)
            .where(*conditions)  # pyright: ignore[reportArgumentType] - conditions of SQLAlchemy
            .order_by(SongComment.id.desc())
            .limit(limit)
        )
        rows = await self._session.execute(query)
        return [CommentRow(comment=row[0], author=row[1], resolved_by=row[2]) for row in rows]
