"""People: found or added by their Discord id, and erased. It commits nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import storable_text
from db.inserting import add_unless_there
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
            await add_unless_there(self._session, User(discord_id=discord_id, name=name, created_at=now))
            user = await self.find(discord_id)
            assert user is not None, "it was just added, by us or by somebody else"
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
