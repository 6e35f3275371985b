"""The keys that sign identifiers of buttons. It commits nothing and knows nothing of signatures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.inserting import add_unless_there
from db.tables import GuildSettings, Message, SigningKey, User


class SigningKeyRepository:
    """Reads and writes the keys of an installation."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[SigningKey]:
        """Return every key there ever was, newest first."""
        return (await self._session.scalars(select(SigningKey).order_by(SigningKey.id.desc()))).all()

    async def add(self, key: SigningKey) -> None:
        """Store a key unless somebody else just stored one under its number."""
        await add_unless_there(self._session, key)

    async def retire_before(self, key_id: int, *, now: datetime) -> None:
        """Take the right to check from every key older than one."""
        older = (SigningKey.id < key_id) & SigningKey.retired_at.is_(None)
        await self._session.execute(update(SigningKey).where(older).values(retired_at=now, secret=None))

    async def was_used_before(self) -> bool:
        """Tell whether anybody was ever shown anything from this database."""
        for table in (User, GuildSettings, Message):
            if await self._session.scalar(select(exists().select_from(table))):
                return True
        return False
