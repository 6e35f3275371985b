"""Learns from the votes of servers that asked for it, and says which of several takes such a server may like. Off by default.

What is stored are numbers about options and how many ballots each had: nothing about who voted, and no music. It goes when the server
switches learning off, asks to forget, or is left. It knows no Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.house.guild_settings import GuildSettings
from bot.services.together.states import load_state
from bot.services.together.votes.model import VoteView
from core.errors import InputError, NotFoundError
from db.engine import Database, unbroken
from db.repositories.rankers import RankerRepository
from music.piece import Piece
from music.ranking import Check, Observation, Taste, learn, score, taste_from_json, taste_to_json
from music.ranking_features import NAMES, VERSION, measure_features

_log = structlog.stdlib.get_logger(__name__)

_MAX_LEANINGS, _MAX_TRIES = 4, 5


class SettingsSource(Protocol):
    """Knows what each server decided."""

    async def of(self, guild_id: int | None) -> GuildSettings:
        """Return a server's settings; the defaults for direct messages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a server's votes have taught, for people. ``leanings``: the strongest first, +1 for more of it and -1 for less."""

    is_on: bool
    num_votes: int
    check: Check
    leanings: tuple[tuple[str, int], ...]


class Rankers:
    """Learns, suggests and forgets."""

    def __init__(self, database: Database, *, settings: SettingsSource) -> None:
        self._database = database
        self._settings = settings

    async def learn(self, vote: VoteView) -> None:
        """Learn from a vote that is over, if its server wants that; a second time changes nothing."""
        guild_id = vote.place.guild_id
        if guild_id is None or vote.outcome is None or not (await self._settings.of(guild_id)).learns:
            return
        rows: list[tuple[float, ...]] = []
        counts: list[int] = []
        for choice, count in zip(vote.paper.choices, vote.outcome.counts, strict=True):
            try:
                piece = await self._piece(choice.revision_id)
            except NotFoundError:
                continue
            rows.append(tuple(float(value) for value in await asyncio.to_thread(measure_features, piece)))
            counts.append(count)
        observation = Observation(vote_id=vote.vote_id, features=tuple(rows), counts=tuple(counts))
        for _ in range(_MAX_TRIES):
            before = await self._taste(guild_id)
            taste = await asyncio.to_thread(learn, before, observation)
            if taste == before or await self._replace(guild_id, before, taste):
                _log.info(
                    "vote_learned",
                    vote_id=vote.vote_id,
                    num_votes=len(taste.observations),
                    is_used=taste.check.is_passed,
                )
                return

    async def suggest(self, guild_id: int | None, pieces: Sequence[Piece]) -> int | None:
        """Return the place of the piece that a server may like best; None where it did not ask, or too little is known."""
        if guild_id is None or len(pieces) < 2 or not (await self._settings.of(guild_id)).learns:
            return None
        taste = await self._taste(guild_id)
        if not taste.check.is_passed:
            return None
        rows = [await asyncio.to_thread(measure_features, piece) for piece in pieces]
        return int(score(taste, [tuple(float(value) for value in row) for row in rows]).argmax())

    async def learned(self, guild_id: int | None) -> Learned:
        """Return what a server's votes have taught.

        Raises:
            InputError: in direct messages.
        """
        taste = await self._taste(_server(guild_id))
        order = sorted(zip(NAMES, taste.weights, strict=False), key=lambda pair: -abs(pair[1]))
        return Learned(
            is_on=(await self._settings.of(guild_id)).learns,
            num_votes=len(taste.observations),
            check=taste.check,
            leanings=tuple((name, 1 if weight > 0 else -1) for name, weight in order[:_MAX_LEANINGS]),
        )

    @unbroken
    async def forget(self, guild_id: int | None) -> bool:
        """Forget all that a server's votes have taught, and return whether there was anything.

        Raises:
            InputError: in direct messages.
        """
        number = _server(guild_id)
        async with self._database.writing() as session:
            return await RankerRepository(session).forget(number)

    @unbroken
    async def _piece(self, revision_id: int) -> Piece:
        async with self._database.reading() as session:
            return (await load_state(session, revision_id)).piece

    @unbroken
    async def _taste(self, guild_id: int) -> Taste:
        async with self._database.reading() as session:
            return await _read(session, guild_id)

    @unbroken
    async def _replace(self, guild_id: int, before: Taste, after: Taste) -> bool:
        """Store a taste unless another vote was learned, or learning switched off, since; return whether it was stored."""
        async with self._database.writing() as session:
            if await _read(session, guild_id) != before or not (await self._settings.of(guild_id)).learns:
                return False
            await RankerRepository(session).put(guild_id, taste_to_json(after), now=utc_now())
            return True


async def _read(session: AsyncSession, guild_id: int) -> Taste:
    row = await RankerRepository(session).find(guild_id)
    return Taste(version=VERSION) if row is None else taste_from_json(row.data, version=VERSION)


def _server(guild_id: int | None) -> int:
    if guild_id is None:
        raise InputError("Votes teach me something about a server only. Ask there.")
    return guild_id
