"""What each server has set, and when the music of one that the bot left goes. It commits nothing and knows no setting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import GuildSettings


class GuildSettingsRepository:
    """Reads and writes the guild_settings table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, guild_id: int) -> GuildSettings | None:
        """Return a server's row, if it ever set anything or was left."""
        return await self._session.get(GuildSettings, guild_id)

    async def all(self) -> Sequence[GuildSettings]:
        """Return every row: one a server at most."""
        return (await self._session.scalars(select(GuildSettings).order_by(GuildSettings.guild_id))).all()

    async def put(self, guild_id: int, data: dict[str, Any], *, now: datetime) -> None:
        """Store a server's settings."""
        row = await self._find_or_add(guild_id, now=now)
        row.data = data
        row.updated_at = now
        await self._session.flush()

    async def set_purge_at(self, guild_id: int, moment: datetime | None, *, now: datetime) -> None:
        """Remember when the music of a server goes; None: it stays."""
        row = await self.find(guild_id) if moment is None else await self._find_or_add(guild_id, now=now)
        if row is not None:
            row.purge_at = moment
            await self._session.flush()

    async def due(self, now: datetime) -> Sequence[int]:
        """Return the servers whose music is to go by now."""
        query = select(GuildSettings.guild_id).where(GuildSettings.purge_at <= now).order_by(GuildSettings.guild_id)
        return (await self._session.scalars(query)).all()

    async def forget(self, guild_id: int) -> None:
        """Delete a server's row."""
        await self._session.execute(delete(GuildSettings).where(GuildSettings.guild_id == guild_id))

    async def _find_or_add(self, guild_id: int, *, now: datetime) -> GuildSettings:
        row = await self.find(guild_id)
        if row is None:
            row = GuildSettings(guild_id=guild_id, data={}, updated_at=now, purge_at=None)
            self._session.add(row)
        return row
