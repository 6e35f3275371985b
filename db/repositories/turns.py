"""Turns: the queue of players of a song. It commits nothing.

A row waits, is started, is ended; each of these steps compares and swaps, so of two processes one takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.repositories.jobs import UNFINISHED
from db.shared_tables import SharedSong, Turn
from db.tables import Job, User


class TurnRepository:
    """Reads and writes turns."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, shared_song_id: int, *, user_id: int | None, now: datetime) -> Turn:
        """Store a place at the end of the queue; ``user_id`` None: the bot's."""
        turn = Turn(shared_song_id=shared_song_id, user_id=user_id, created_at=now)
        self._session.add(turn)
        await self._session.flush()
        return turn

    async def open_in(self, shared_song_id: int) -> Sequence[tuple[Turn, User | None]]:
        """Return the turn under way first, then those that wait, in order, with their people (None: the bot)."""
        query = (
            select(Turn, User)
            .outerjoin(User, User.id == Turn.user_id)
            .where(Turn.shared_song_id == shared_song_id, Turn.ended_at.is_(None))
            .order_by(Turn.started_at.is_(None), Turn.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def find(self, turn_id: int) -> tuple[Turn, SharedSong] | None:
        """Return a turn with its song."""
        query = (
            select(Turn, SharedSong).join(SharedSong, SharedSong.id == Turn.shared_song_id).where(Turn.id == turn_id)
        )
        row = (await self._session.execute(query)).first()
        return None if row is None else (row[0], row[1])

    async def start(self, turn_id: int, *, now: datetime, ends_at: datetime) -> bool:
        """Begin a turn that waits; return False when it does not wait any more."""
        return await self._swap(turn_id, Turn.started_at.is_(None), started_at=now, ends_at=ends_at)

    async def end(self, turn_id: int, *, now: datetime, outcome: str) -> bool:
        """End a turn, begun or not; return False when somebody else did."""
        return await self._swap(turn_id, ended_at=now, outcome=outcome)

    async def note_reminded(self, turn_id: int, *, now: datetime) -> bool:
        """Note that somebody was reminded of a turn, or that the bot begins to play its own; False: that was done."""
        return await self._swap(turn_id, Turn.reminded_at.is_(None), reminded_at=now)

    async def num_of_bot(self, shared_song_id: int) -> int:
        """Return how often the bot has had a turn in a song."""
        query = select(func.count()).where(Turn.shared_song_id == shared_song_id, Turn.user_id.is_(None))
        return await self._session.scalar(query) or 0

    async def running(self) -> Sequence[tuple[Turn, SharedSong]]:
        """Return every turn under way with its song: at most one a song."""
        query = (
            select(Turn, SharedSong)
            .join(SharedSong, SharedSong.id == Turn.shared_song_id)
            .where(Turn.ended_at.is_(None), Turn.ends_at.is_not(None))
            .order_by(Turn.ends_at, Turn.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def just_played(self, *, since: datetime) -> Sequence[tuple[Turn, SharedSong]]:
        """Return the bot's turns that ended with music since some moment, with their songs, as far as nobody was told of it."""
        query = (
            select(Turn, SharedSong)
            .join(SharedSong, SharedSong.id == Turn.shared_song_id)
            .where(Turn.ended_at > since, Turn.user_id.is_(None), Turn.outcome == "played")
            .order_by(Turn.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def note_told(self, turn_id: int) -> bool:
        """Note that people were told what the bot played; return False when somebody else did."""
        told = await self._session.execute(
            update(Turn)
            .where(Turn.id == turn_id, Turn.outcome == "played")
            .values(outcome="told")
            .returning(Turn.id)
            .execution_options(synchronize_session="fetch")
        )
        return told.first() is not None

    # --- what is to be said ----------------------------------------------------------------------------------------

    async def leave_unsaid(self, turn_id: int, kind: str, *, now: datetime) -> None:
        """Note what is to be said of a turn, by whoever notes it; it takes the place of what was to be said before."""
        await self._session.execute(update(Turn).where(Turn.id == turn_id).values(unsaid=kind, unsaid_at=now))

    async def unsaid_of_ended(self, *, since: datetime) -> Sequence[tuple[Turn, SharedSong]]:
        """Return the turns that ended since some moment and of which something is unsaid, with their songs."""
        query = (
            select(Turn, SharedSong)
            .join(SharedSong, SharedSong.id == Turn.shared_song_id)
            .where(Turn.ended_at > since, Turn.unsaid.is_not(None))
            .order_by(Turn.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def take_unsaid(self, turn_id: int, kind: str, *, before: datetime, now: datetime) -> bool:
        """Take over what somebody began to say before some moment; return False when it was said, or somebody else took it."""
        taken = await self._session.execute(
            update(Turn)
            .where(Turn.id == turn_id, Turn.unsaid == kind, Turn.unsaid_at <= before)
            .values(unsaid_at=now)
            .returning(Turn.id)
            .execution_options(synchronize_session="fetch")
        )
        return taken.first() is not None

    async def note_said(self, turn_id: int, kind: str) -> None:
        """Note that something was said, or need not be any more."""
        await self._session.execute(
            update(Turn).where(Turn.id == turn_id, Turn.unsaid == kind).values(unsaid=None, unsaid_at=None)
        )

    async def is_working(self, *, user_id: int, channel_id: int) -> bool:
        """Whether a job of a person in a channel is under way."""
        query = select(Job.id).where(Job.user_id == user_id, Job.channel_id == channel_id, Job.status.in_(UNFINISHED))
        return await self._session.scalar(query.limit(1)) is not None

    async def _swap(self, turn_id: int, *conditions: Any, **values: Any) -> bool:
        swapped = await self._session.execute(
            update(Turn)
            .where(Turn.id == turn_id, Turn.ended_at.is_(None), *conditions)
            .values(**values)
            .returning(Turn.id)
            .execution_options(synchronize_session="fetch")
        )
        return swapped.first() is not None
