"""People: found or added by their Discord id, and erased. It commits nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import storable_text
from db.tables import User

ERASED_NAME = "someone who left"
MAX_NAME_LENGTH = 100


class UserRepository:
    """Reads and writes the users table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, discord_id: int) -> User | None:
        """Return the person, or None if we never met."""
        return await self._session.scalar(select(User).where(User.discord_id == discord_id))

    async def find_or_add(self, discord_id: int, *, name: str, now: datetime) -> User:
        """Return the person under the newest name we heard."""
        name = storable_text(name)[:MAX_NAME_LENGTH]
        user = await self.find(discord_id)
        if user is None:
            user = await self._add(discord_id, name=name, now=now)
        user.name = name
        return user

    async def get(self, user_ids: set[int]) -> dict[int, User]:
        """Return people by our own numbers."""
        rows = await self._session.scalars(select(User).where(User.id.in_(user_ids)))
        return {user.id: user for user in rows}

    def erase(self, user: User) -> None:
        """Make a person a pseudonym; what they made stays in the graph without a name."""
        user.discord_id = None
        user.name = ERASED_NAME

    async def _add(self, discord_id: int, *, name: str, now: datetime) -> User:
        user = User(discord_id=discord_id, name=name, created_at=now)
        try:
            async with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError:
            # Another process added the same person between our look and our write.
            found = await self.find(discord_id)
            if found is None:
                raise
            return found
        return user
