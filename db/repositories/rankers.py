"""What servers' votes have taught, where they asked for it. It commits nothing and knows neither votes nor people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from db.shared_tables import Ranker


class RankerRepository:
    """Reads and writes the rankers table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, guild_id: int) -> Ranker | None:
        """Return what a server's votes have taught, if anything."""
        return await self._session.get(Ranker, guild_id)

    async def put(self, guild_id: int, data: dict[str, Any], *, now: datetime) -> None:
        """Store what a server's votes have taught."""
        row = await self.find(guild_id)
        if row is None:
            row = Ranker(guild_id=guild_id, data=data, updated_at=now)
            self._session.add(row)
        row.data, row.updated_at = data, now
        await self._session.flush()

    async def forget(self, guild_id: int) -> bool:
        """Delete it, and return whether there was anything."""
        gone = await self._session.execute(delete(Ranker).where(Ranker.guild_id == guild_id).returning(Ranker.guild_id))
        return gone.first() is not None
