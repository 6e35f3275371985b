"""What is not kept: results older than a server wants, and everything of a server that the bot left. It knows no Discord and no SQL.

When the bot leaves a server, the moment when its music goes is stored; being invited back within ``GRACE_DAYS`` undoes it. An outage is
no leaving: whoever calls ``left`` makes sure of that. Between ``start`` and ``stop`` it owns one task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.services.clock import utc_now
from bot.services.house.guild_settings import settings_from_json
from bot.services.house.house_rules import HouseRules
from bot.services.people.privacy import forget_deleted
from core.errors import StorageError
from db.engine import Database, unbroken
from db.repositories.guild_settings import GuildSettingsRepository
from db.repositories.pieces import PieceRepository
from db.repositories.retention import RetentionRepository
from db.repositories.song_people import SongPeopleRepository
from db.repositories.songs import SongRepository

_log = structlog.stdlib.get_logger(__name__)

GRACE_DAYS = 30
_SECONDS_BETWEEN_RUNS = 24 * 3600.0
_BATCH = 200  # results in one transaction, so that nobody waits long for it


class RetentionService:
    """Lets go what is not kept any longer, at the start and daily."""

    def __init__(
        self,
        database: Database,
        *,
        rules: HouseRules,
        now: Callable[[], datetime] = utc_now,
        grace_days: int = GRACE_DAYS,
    ) -> None:
        self._database = database
        self._rules = rules
        self._now = now
        self._grace = timedelta(days=grace_days)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look, now and then daily."""
        self._task = asyncio.create_task(self._look_daily(), name="retention")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def run(self) -> dict[str, int]:
        """Let go what is due and return how many results and servers that were."""
        counts = {"results": await self._drop_old_results(), "guilds": 0}
        for guild_id in await self._due_guilds():
            await self._forget_guild(guild_id)
            counts["guilds"] += 1
        if any(counts.values()):
            _log.info("retention_applied", **counts)
        return counts

    @unbroken
    async def left(self, guild_id: int) -> datetime:
        """Remember that the bot left a server, and return when its music goes; a second call changes nothing."""
        now = self._now()
        async with self._database.writing() as session:
            settings = GuildSettingsRepository(session)
            row = await settings.find(guild_id)
            if row is not None and row.purge_at is not None:
                return row.purge_at
            await settings.set_purge_at(guild_id, now + self._grace, now=now)
        _log.info("guild_left", guild_id=guild_id, grace_days=self._grace.days)
        return now + self._grace

    @unbroken
    async def came_back(self, guild_id: int) -> None:
        """Keep the music of a server after all. Cheap where there is nothing to do: every server says so at every start."""
        async with self._database.reading() as session:
            row = await GuildSettingsRepository(session).find(guild_id)
        if row is None or row.purge_at is None:
            return
        async with self._database.writing() as session:
            await GuildSettingsRepository(session).set_purge_at(guild_id, None, now=self._now())
        _log.info("guild_came_back", guild_id=guild_id)

    async def reconcile(self, present_guild_ids: set[int]) -> None:
        """Compare with the servers that Discord says the bot is in, those in an outage included: it may have left some while off."""
        async with self._database.reading() as session:
            rows = {row.guild_id: row.purge_at for row in await GuildSettingsRepository(session).all()}
            known = await RetentionRepository(session).guild_ids() | set(rows)
        for guild_id in known:
            if guild_id in present_guild_ids and rows.get(guild_id) is not None:
                await self.came_back(guild_id)
            elif guild_id not in present_guild_ids:
                await self.left(guild_id)

    async def _look_daily(self) -> None:
        while True:
            try:
                await self.run()
            except StorageError:
                _log.exception("retention_failed")
            await asyncio.sleep(_SECONDS_BETWEEN_RUNS)

    @unbroken
    async def _due_guilds(self) -> tuple[int, ...]:
        async with self._database.reading() as session:
            return tuple(await GuildSettingsRepository(session).due(self._now()))

    @unbroken
    async def _forget_guild(self, guild_id: int) -> None:
        async with self._database.writing() as session:
            repository = RetentionRepository(session)
            counts = await repository.forget_guild(guild_id, now=self._now())
            await GuildSettingsRepository(session).forget(guild_id)
            await repository.sweep()
        self._rules.forget(guild_id)
        _log.info("guild_forgotten", guild_id=guild_id, **counts)

    async def _drop_old_results(self) -> int:
        async with self._database.reading() as session:
            rows = await GuildSettingsRepository(session).all()
        num_dropped = 0
        for row in rows:
            days = settings_from_json(row.data).retention_days
            while days is not None:
                dropped = await self._drop_batch(row.guild_id, self._now() - timedelta(days=days))
                num_dropped += dropped
                if dropped < _BATCH:
                    break
        return num_dropped

    @unbroken
    async def _drop_batch(self, guild_id: int, moment: datetime) -> int:
        async with self._database.writing() as session:
            songs = SongRepository(session)
            old = await RetentionRepository(session).older_than(moment, guild_id=guild_id, limit=_BATCH)
            await forget_deleted(session, old)
            hashes = {await songs.delete(revision, now=self._now()) for revision in old}
            await SongPeopleRepository(session).empty_states([revision.id for revision in old])
            await PieceRepository(session).delete_unused({each for each in hashes if each is not None})
            return len(old)
