"""Claims: bars or layers that somebody works on for a while. It commits nothing and knows no music.

A claim is open until it is ended or its time is over, whichever comes first; whether two of them meet is the services' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.shared_tables import Claim, SharedSong
from db.tables import User


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaim:
    """What is claimed. ``layer_id`` None: all layers; ``start_bar`` and ``stop_bar`` (from 0, half open) None: all bars."""

    shared_song_id: int
    user_id: int | None
    layer_id: str | None
    start_bar: int | None
    stop_bar: int | None


class ClaimRepository:
    """Reads and writes claims."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewClaim, *, now: datetime, expires_at: datetime) -> Claim:
        """Store a claim."""
        claim = Claim(
            shared_song_id=new.shared_song_id,
            user_id=new.user_id,
            layer_id=new.layer_id,
            start_bar=new.start_bar,
            stop_bar=new.stop_bar,
            created_at=now,
            expires_at=expires_at,
        )
        self._session.add(claim)
        await self._session.flush()
        return claim

    async def open_in(self, shared_song_id: int, *, now: datetime) -> Sequence[tuple[Claim, User | None]]:
        """Return the open claims of a song with their people (None: the bot), oldest first."""
        query = (
            select(Claim, User)
            .outerjoin(User, User.id == Claim.user_id)
            .where(Claim.shared_song_id == shared_song_id, Claim.ended_at.is_(None), Claim.expires_at > now)
            .order_by(Claim.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def open_at(self, shared_song_id: int, *, moment: datetime) -> Sequence[tuple[Claim, User | None]]:
        """Return the claims that were open at an earlier moment, oldest first."""
        query = (
            select(Claim, User)
            .outerjoin(User, User.id == Claim.user_id)
            .where(
                Claim.shared_song_id == shared_song_id,
                Claim.created_at <= moment,
                Claim.expires_at > moment,
                or_(Claim.ended_at.is_(None), Claim.ended_at > moment),
            )
            .order_by(Claim.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def end(self, shared_song_id: int, *, user_id: int, now: datetime) -> int:
        """End all claims of a person in a song; return how many were open."""
        ended = await self._session.execute(
            update(Claim)
            .where(Claim.shared_song_id == shared_song_id, Claim.user_id == user_id, Claim.ended_at.is_(None))
            .values(ended_at=now)
            .returning(Claim.id)
            .execution_options(synchronize_session="fetch")
        )
        return len(ended.all())

    # --- time ------------------------------------------------------------------------------------------------------

    async def next_expiry(self) -> datetime | None:
        """Return when the next claim's time is over; None: nothing is claimed anywhere."""
        return await self._session.scalar(select(func.min(Claim.expires_at)).where(Claim.ended_at.is_(None)))

    async def expired(self, *, now: datetime) -> Sequence[tuple[Claim, SharedSong]]:
        """Return the claims whose time is over and that nobody has ended, with their songs."""
        query = (
            select(Claim, SharedSong)
            .join(SharedSong, SharedSong.id == Claim.shared_song_id)
            .where(and_(Claim.ended_at.is_(None), Claim.expires_at <= now))
            .order_by(Claim.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def close(self, claim_id: int, *, now: datetime) -> bool:
        """End one claim; return False when somebody else did."""
        ended = await self._session.execute(
            update(Claim)
            .where(Claim.id == claim_id, Claim.ended_at.is_(None))
            .values(ended_at=now)
            .returning(Claim.id)
            .execution_options(synchronize_session="fetch")
        )
        return ended.first() is not None
