"""Each server's settings, kept and applied: defaults for what people left out, limits that are only lowered, how it sounds.

What is read is remembered for a moment: other bots on the same database may change it, and theirs must hold here, too. It knows no
Discord and no SQL.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog

from bot.services.clock import utc_now
from bot.services.house.guild_settings import (
    DEFAULTS,
    GuildSettings,
    check_settings,
    lowered_limits,
    settings_from_json,
    settings_to_json,
)
from bot.services.model import JobOrder, Place
from bot.services.operations.composition_options import ComposeOptions
from bot.services.options import DEFAULT_NUM_BARS, GenerateOptions
from bot.services.replies.sound import SoundWishes
from core.errors import StorageError
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.repositories.guild_settings import GuildSettingsRepository
from db.repositories.rankers import RankerRepository

WithGenre = TypeVar("WithGenre", GenerateOptions, ComposeOptions)

_log = structlog.stdlib.get_logger(__name__)

FRESH_SECONDS = 5.0
"""How long what another bot changed may go unnoticed: one row read by its key now and then, whatever the database."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Settings as they were read, and until when they are taken for true."""

    settings: GuildSettings
    until_seconds: float


class HouseRules:
    """Knows what each server decided. ``soundfonts``: those on this machine, paths by the names that people read."""

    def __init__(
        self,
        database: Database,
        *,
        limits: LimitSettings,
        soundfonts: Mapping[str, Path] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self.limits = limits
        self.soundfonts: Mapping[str, Path] = soundfonts or {}
        self._clock = clock
        self._known: dict[int, _Known] = {}

    async def of(self, guild_id: int | None) -> GuildSettings:
        """Return a server's settings, at most ``FRESH_SECONDS`` old; the defaults for direct messages.

        While the database is away, what was read last holds.
        """
        if guild_id is None:
            return DEFAULTS
        known = self._known.get(guild_id)
        if known is not None and self._clock() < known.until_seconds:
            return known.settings
        try:
            settings = await self._read(guild_id)
        except StorageError:
            if known is None:
                raise
            settings = known.settings
        return self._remember(guild_id, settings)

    @unbroken
    async def change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """Change some of a server's settings and return all of them; they hold from the next request on.

        Raises:
            core.errors.InputError: for what does not exist here, or is beyond the operator's limits.
        """
        async with self._database.writing() as session:
            repository = GuildSettingsRepository(session)
            wanted = replace(await _stored(repository, guild_id), **changes)  # upon what another bot may have set
            settings = check_settings(wanted, soundfonts=self.soundfonts, limits=self.limits)
            await repository.put(guild_id, settings_to_json(settings), now=utc_now())
            if not settings.learns:  # what was learned goes with the wish to learn
                await RankerRepository(session).forget(guild_id)
        self._remember(guild_id, settings)
        _log.info("guild_settings_changed", names=sorted(changes))
        return settings

    def forget(self, guild_id: int) -> None:
        """Forget what is remembered of a server whose rows are gone."""
        self._known.pop(guild_id, None)

    async def limits_of(self, place: Place) -> LimitSettings:
        """Return the limits for orders from a place."""
        return lowered_limits(self.limits, await self.of(place.guild_id))

    async def dress(self, order: JobOrder) -> JobOrder:
        """Return an order with the server's defaults for what the person left out.

        New pieces get its genre, unless they ask for one; where it wants fewer bars than are usual, so many are written.
        """
        options = order.options
        if not isinstance(options, GenerateOptions):
            return order
        settings = await self.of(order.place.guild_id)
        if order.source is None:
            options = await self.with_genre(options, place=order.place)
        if settings.max_bars is not None and settings.max_bars < DEFAULT_NUM_BARS and options.num_bars is None:
            options = replace(options, num_bars=settings.max_bars)
        return order if options is order.options else replace(order, options=options)

    async def with_genre(self, options: WithGenre, *, place: Place) -> WithGenre:
        """Return options with the server's genre, unless they ask for one."""
        genre = (await self.of(place.guild_id)).genre
        return options if options.genre or genre is None else replace(options, genre=genre)

    async def sound_of(self, guild_id: int | None) -> SoundWishes:
        """Return how a server wants to hear its music; a SoundFont that is gone since is left out."""
        settings = await self.of(guild_id)
        path = self.soundfonts.get(settings.soundfont or "")
        return SoundWishes(audio_format=settings.audio_format, soundfont="" if path is None else str(path))

    @unbroken
    async def _read(self, guild_id: int) -> GuildSettings:
        async with self._database.reading() as session:
            return await _stored(GuildSettingsRepository(session), guild_id)

    def _remember(self, guild_id: int, settings: GuildSettings) -> GuildSettings:
        self._known[guild_id] = _Known(settings, self._clock() + FRESH_SECONDS)
        return settings


async def _stored(repository: GuildSettingsRepository, guild_id: int) -> GuildSettings:
    row = await repository.find(guild_id)
    return DEFAULTS if row is None else settings_from_json(row.data)
