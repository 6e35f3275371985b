"""Each server's settings, kept and applied: defaults for what people left out, limits that are only lowered, how it sounds.

What is read is remembered; this process is the only one that writes. It knows no Discord and no SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.repositories.guild_settings import GuildSettingsRepository
from db.repositories.rankers import RankerRepository

WithGenre = TypeVar("WithGenre", GenerateOptions, ComposeOptions)

_log = structlog.stdlib.get_logger(__name__)


class HouseRules:
    """Knows what each server decided. ``soundfonts``: those on this machine, paths by the names that people read."""

    def __init__(
        self, database: Database, *, limits: LimitSettings, soundfonts: Mapping[str, Path] | None = None
    ) -> None:
        self._database = database
        self.limits = limits
        self.soundfonts: Mapping[str, Path] = soundfonts or {}
        self._known: dict[int, GuildSettings] = {}

    async def of(self, guild_id: int | None) -> GuildSettings:
        """Return a server's settings; the defaults for direct messages."""
        if guild_id is None:
            return DEFAULTS
        if guild_id not in self._known:
            self._known[guild_id] = await self._read(guild_id)
        return self._known[guild_id]

    @unbroken
    async def change(self, guild_id: int, **changes: Any) -> GuildSettings:
        """Change some of a server's settings and return all of them; they hold from the next request on.

        Raises:
            core.errors.InputError: for what does not exist here, or is beyond the operator's limits.
        """
        wanted = replace(await self.of(guild_id), **changes)
        settings = check_settings(wanted, soundfonts=self.soundfonts, limits=self.limits)
        async with self._database.writing() as session:
            await GuildSettingsRepository(session).put(guild_id, settings_to_json(settings), now=utc_now())
            if not settings.learns:  # what was learned goes with the wish to learn
                await RankerRepository(session).forget(guild_id)
        self._known[guild_id] = settings
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
            row = await GuildSettingsRepository(session).find(guild_id)
            return DEFAULTS if row is None else settings_from_json(row.data)
