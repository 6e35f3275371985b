"""Votes of shared songs and their ballots. It commits nothing, counts nothing and knows no music.

A vote is closed once: ``close`` compares and sets, so of two who see its end one writes the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from db.base import MAX_ID
from db.shared_tables import Ballot, SongMember, Vote
from db.tables import Message, Revision, User

CAN_VOTE = ("host", "editor")
_MAX_LOOKED_AT = 500  # open votes at a time; older ones end by their time, a ballot or a hand


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVote:
    """Everything that a vote is born with."""

    shared_song_id: int
    kind: str
    opened_by_id: int
    options: dict[str, Any]
    threshold: float
    quorum: int
    message_id: int | None
    closes_at: datetime | None


class VoteRepository:
    """Reads and writes votes and ballots."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewVote, *, now: datetime) -> Vote:
        """Store an open vote."""
        vote = Vote(
            shared_song_id=new.shared_song_id,
            kind=new.kind,
            opened_by_id=new.opened_by_id,
            options=new.options,
            threshold=new.threshold,
            quorum=new.quorum,
            message_id=new.message_id,
            created_at=now,
            closes_at=new.closes_at,
        )
        self._session.add(vote)
        await self._session.flush()
        return vote

    async def find(self, vote_id: int) -> Vote | None:
        """Return a vote, closed ones too; None also for numbers that nothing can have."""
        return await self._session.get(Vote, vote_id) if 0 < vote_id <= MAX_ID else None

    async def open_of(self, shared_song_id: int) -> Sequence[tuple[Vote, int]]:
        """Return the open votes of a song with the number of ballots in each, oldest first, in one query."""
        num_ballots = (
            select(func.count()).select_from(Ballot).where(Ballot.vote_id == Vote.id).correlate(Vote).scalar_subquery()
        )
        rows = await self._session.execute(
            select(Vote, num_ballots)
            .where(Vote.shared_song_id == shared_song_id, Vote.closed_at.is_(None))
            .order_by(Vote.id)
        )
        return [(row[0], row[1]) for row in rows]

    async def newest_of(self, shared_song_id: int, *, limit: int) -> Sequence[Vote]:
        """Return the newest votes of a song, closed ones too, newest first."""
        query = select(Vote).where(Vote.shared_song_id == shared_song_id).order_by(Vote.id.desc()).limit(limit)
        return (await self._session.scalars(query)).all()

    async def over(self, now: datetime) -> Sequence[int]:
        """Return the open votes whose time is out, or (of the newest) in which nobody who edits is missing any more.

        Four queries by keys, however many people there are: in one, PostgreSQL would read all ballots of all votes.
        """
        is_due = (Vote.closed_at.is_(None), Vote.closes_at <= now)
        due = (await self._session.scalars(select(Vote.id).where(*is_due).order_by(Vote.closes_at, Vote.id))).all()
        newest = select(Vote).where(Vote.closed_at.is_(None)).order_by(Vote.id.desc()).limit(_MAX_LOOKED_AT)
        votes = (await self._session.scalars(newest)).all()
        ballots = await self._pairs(
            select(Ballot.vote_id, Ballot.user_id).where(Ballot.vote_id.in_([vote.id for vote in votes]))
        )
        voters = await self._pairs(
            select(SongMember.shared_song_id, SongMember.user_id)
            .join(User, User.id == SongMember.user_id)
            .where(SongMember.shared_song_id.in_([vote.shared_song_id for vote in votes]), *_is_voter())
        )
        complete = [
            vote.id
            for vote in votes
            if vote.id in ballots and voters.get(vote.shared_song_id, set()) <= ballots[vote.id]
        ]
        return tuple(dict.fromkeys([*due, *complete]))

    async def opened_between(self, start: datetime, stop: datetime) -> Sequence[Vote]:
        """Return the open votes that were opened in a stretch of time, oldest first."""
        query = select(Vote).where(Vote.closed_at.is_(None), Vote.created_at >= start, Vote.created_at <= stop)
        return (await self._session.scalars(query.order_by(Vote.id))).all()

    async def closed_since(self, moment: datetime) -> Sequence[Vote]:
        """Return the votes that were closed after a moment, oldest first."""
        return (
            await self._session.scalars(select(Vote).where(Vote.closed_at >= moment).order_by(Vote.closed_at))
        ).all()

    async def newest_takes_message(self, channel_id: int) -> int | None:
        """Return the newest message of a channel that shows several takes."""
        return await self._session.scalar(
            select(Message.message_id)
            .join(Revision, Revision.id == Message.revision_id)
            .where(Revision.channel_id == channel_id, Message.position == 1)
            .order_by(Message.created_at.desc(), Message.message_id.desc())
            .limit(1)
        )

    async def close(self, vote_id: int, *, outcome: dict[str, Any], now: datetime) -> bool:
        """Close a vote if it is open; return whether it was."""
        closed = await self._session.execute(
            update(Vote)
            .where(Vote.id == vote_id, Vote.closed_at.is_(None))
            .values(closed_at=now, outcome=outcome)
            .returning(Vote.id)
            .execution_options(synchronize_session="fetch")
        )
        return closed.first() is not None

    # --- ballots ---------------------------------------------------------------------------------------------------

    async def cast(self, vote_id: int, user_id: int, *, choice: int, now: datetime) -> int | None:
        """Store somebody's ballot and return the choice that it replaces, if any."""
        ballot = await self._session.get(Ballot, (vote_id, user_id))
        if ballot is None:
            self._session.add(Ballot(vote_id=vote_id, user_id=user_id, choice=choice, cast_at=now))
            await self._session.flush()
            return None
        before, ballot.choice, ballot.cast_at = ballot.choice, choice, now
        await self._session.flush()
        return before

    async def ballots(self, vote_id: int) -> dict[int, int]:
        """Return everybody's choice in a vote, by our own number of the person."""
        rows = await self._session.scalars(select(Ballot).where(Ballot.vote_id == vote_id).order_by(Ballot.user_id))
        return {ballot.user_id: ballot.choice for ballot in rows}

    async def voters(self, shared_song_id: int, *, with_listeners: bool) -> frozenset[int]:
        """Return who may vote: members who are still there and, as far as we know, edit."""
        query = (
            select(SongMember.user_id)
            .join(User, User.id == SongMember.user_id)
            .where(SongMember.shared_song_id == shared_song_id, *_is_voter(with_listeners=with_listeners))
        )
        return frozenset(await self._session.scalars(query))

    async def _pairs(self, query: Select[int, int]) -> dict[int, set[int]]:
        """Return second values by first ones."""
        found: dict[int, set[int]] = {}
        for first, second in await self._session.execute(query):
            found.setdefault(first, set()).add(second)
        return found


def _is_voter(*, with_listeners: bool = False) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions under which a membership gives a vote: still there, somebody we know, and editing."""
    yield SongMember.left_at.is_(None)
    yield User.discord_id.is_not(None)
    if not with_listeners:
        yield SongMember.role.in_(CAN_VOTE)
