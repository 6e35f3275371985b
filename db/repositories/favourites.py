"""Favourites: results that people want to find again. It commits nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Favourite, Revision


class FavouriteRepository:
    """Reads and writes the favourites table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def toggle(self, *, user_id: int, revision_id: int, now: datetime) -> bool:
        """Star a result, or take the star back; return whether it is starred now."""
        found = await self._session.get(Favourite, (user_id, revision_id))
        if found is not None:
            await self._session.delete(found)
            await self._session.flush()
            return False
        self._session.add(Favourite(user_id=user_id, revision_id=revision_id, created_at=now))
        await self._session.flush()
        return True

    async def starred(self, *, user_id: int, revision_ids: Iterable[int]) -> set[int]:
        """Return which of these results a person has starred."""
        query = select(Favourite.revision_id).where(
            Favourite.user_id == user_id, Favourite.revision_id.in_(tuple(revision_ids))
        )
        return set((await self._session.scalars(query)).all())

    async def of(self, user_id: int, *, offset: int = 0, limit: int | None = None) -> Sequence[Revision]:
        """Return a person's favourites that still have music, newest star first."""
        query = (
            select(Revision)
            .join(Favourite, Favourite.revision_id == Revision.id)
            .where(Favourite.user_id == user_id, Revision.deleted_at.is_(None))
            .order_by(Favourite.created_at.desc(), Revision.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return (await self._session.scalars(query)).all()

    async def count_of(self, user_id: int) -> int:
        """Return how many favourites of a person still have music."""
        query = (
            select(func.count())
            .select_from(Favourite)
            .join(Revision, Favourite.revision_id == Revision.id)
            .where(Favourite.user_id == user_id, Revision.deleted_at.is_(None))
        )
        return await self._session.scalar(query) or 0

    async def rows_of(self, user_id: int) -> Sequence[Favourite]:
        """Return every star of a person, oldest first."""
        query = select(Favourite).where(Favourite.user_id == user_id).order_by(Favourite.created_at)
        return (await self._session.scalars(query)).all()

    async def forget_person(self, user_id: int) -> int:
        """Forget a person's stars and return how many there were."""
        query = delete(Favourite).where(Favourite.user_id == user_id).returning(Favourite.revision_id)
        return len((await self._session.scalars(query)).all())
