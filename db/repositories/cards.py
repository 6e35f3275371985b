"""All that the card of a song made together shows, in few queries, none of which grows with other songs. It knows no music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.shared_tables import (
    Branch,
    Claim,
    RevisionState,
    SharedSong,
    SongComment,
    SongMember,
    SongTag,
    Turn,
    Vote,
)
from db.tables import Message, Revision, RevisionParent, User

NEWEST_REVISIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCounts:
    """How many changes a card is to show, how many it shows, and where it is."""

    wanted: int
    shown: int
    channel_id: int
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRow:
    """A revision of the graph, without its music."""

    revision_id: int
    operation: str
    author: str
    branch: str | None
    parent_ids: tuple[int, ...]
    channel_id: int
    message_id: int | None


class CardRepository:
    """Reads what cards show, and notes what they have shown."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # --- what is wanted --------------------------------------------------------------------------------------------

    async def wanted(self) -> Sequence[tuple[int, int | None, int]]:
        """Return the songs whose cards do not show everything: number, server, and how many changes they are to show."""
        query = select(SharedSong.id, SharedSong.guild_id, SharedSong.card_wanted).where(
            SharedSong.card_wanted > SharedSong.card_shown
        )
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def counts(self, shared_song_id: int) -> CardCounts | None:
        """Return where a card stands."""
        query = select(
            SharedSong.card_wanted, SharedSong.card_shown, SharedSong.channel_id, SharedSong.card_message_id
        ).where(SharedSong.id == shared_song_id)
        row = (await self._session.execute(query)).first()
        return None if row is None else CardCounts(wanted=row[0], shown=row[1], channel_id=row[2], message_id=row[3])

    async def note_shown(self, shared_song_id: int, shown: int) -> None:
        """Note that a card shows this many changes; never fewer than before."""
        await self._session.execute(
            update(SharedSong)
            .where(SharedSong.id == shared_song_id, SharedSong.card_shown < shown)
            .values(card_shown=shown)
        )

    async def note_message(self, shared_song_id: int, message_id: int) -> None:
        """Note which message a card is."""
        await self._session.execute(
            update(SharedSong).where(SharedSong.id == shared_song_id).values(card_message_id=message_id)
        )

    async def close(self, shared_song_id: int, *, now: datetime) -> None:
        """Note that a song's home is gone; what belongs to it stays."""
        await self._session.execute(
            update(SharedSong)
            .where(SharedSong.id == shared_song_id, SharedSong.closed_at.is_(None))
            .values(closed_at=now)
        )

    # --- what is shown ---------------------------------------------------------------------------------------------

    async def song(self, shared_song_id: int) -> tuple[SharedSong, User] | None:
        """Return a song with its host."""
        query = (
            select(SharedSong, User).join(User, User.id == SharedSong.host_id).where(SharedSong.id == shared_song_id)
        )
        row = (await self._session.execute(query)).first()
        return None if row is None else (row[0], row[1])

    async def members(self, shared_song_id: int) -> Sequence[tuple[str, str, str | None]]:
        """Return names and roles of the members, in the order in which they joined, and the branches that they chose."""
        query = (
            select(User.name, SongMember.role, Branch.name)
            .join(User, User.id == SongMember.user_id)
            .outerjoin(Branch, (Branch.id == SongMember.branch_id) & Branch.closed_at.is_(None))
            .where(SongMember.shared_song_id == shared_song_id, SongMember.left_at.is_(None))
            .order_by(SongMember.joined_at, SongMember.user_id)
        )
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def names(self, user_ids: Sequence[int]) -> dict[int, str]:
        """Return the names of people, also of those who left."""
        query = select(User.id, User.name).where(User.id.in_(sorted(set(user_ids))))
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def turns(self, shared_song_id: int) -> Sequence[tuple[Turn, str | None]]:
        """Return the turn under way and those that wait, in order, with names; None: the bot."""
        query = (
            select(Turn, User.name)
            .outerjoin(User, User.id == Turn.user_id)
            .where(Turn.shared_song_id == shared_song_id, Turn.ended_at.is_(None))
            .order_by(Turn.started_at.is_(None), Turn.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def claims(self, shared_song_id: int) -> Sequence[tuple[Claim, str | None]]:
        """Return the claims that nobody ended, with names; None: the bot."""
        query = (
            select(Claim, User.name)
            .outerjoin(User, User.id == Claim.user_id)
            .where(Claim.shared_song_id == shared_song_id, Claim.ended_at.is_(None))
            .order_by(Claim.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def votes(self, shared_song_id: int) -> Sequence[Vote]:
        """Return the open votes."""
        query = select(Vote).where(Vote.shared_song_id == shared_song_id, Vote.closed_at.is_(None)).order_by(Vote.id)
        return (await self._session.scalars(query)).all()

    async def comments(self, shared_song_id: int) -> Sequence[tuple[SongComment, str]]:
        """Return the open comments with names, oldest first."""
        query = (
            select(SongComment, User.name)
            .join(User, User.id == SongComment.author_id)
            .where(SongComment.shared_song_id == shared_song_id, SongComment.resolved_at.is_(None))
            .order_by(SongComment.id)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def branches(self, shared_song_id: int) -> Sequence[Branch]:
        """Return the open branches, main first."""
        query = (
            select(Branch)
            .where(Branch.shared_song_id == shared_song_id, Branch.closed_at.is_(None))
            .order_by(Branch.id)
        )
        return (await self._session.scalars(query)).all()

    async def tags(self, shared_song_id: int) -> Sequence[SongTag]:
        """Return the tags, oldest first."""
        query = select(SongTag).where(SongTag.shared_song_id == shared_song_id).order_by(SongTag.id)
        return (await self._session.scalars(query)).all()

    async def revisions(self, shared_song_id: int) -> Sequence[RevisionRow]:
        """Return the newest revisions, newest first, with parents and the newest message that shows each."""
        query = (
            select(Revision.id, Revision.operation, User.name, Branch.name, Revision.channel_id)
            .join(RevisionState, RevisionState.revision_id == Revision.id)
            .join(User, User.id == Revision.author_id)
            .outerjoin(Branch, Branch.id == RevisionState.branch_id)
            .where(RevisionState.shared_song_id == shared_song_id)
            .order_by(RevisionState.revision_id.desc())
            .limit(NEWEST_REVISIONS)
        )
        rows = (await self._session.execute(query)).all()
        ids = [row[0] for row in rows]
        parents = await self._parents(ids)
        messages = await self.messages(ids)
        return [
            RevisionRow(
                revision_id=revision_id,
                operation=operation,
                author=author,
                branch=branch,
                parent_ids=parents.get(revision_id, ()),
                channel_id=channel_id,
                message_id=messages.get(revision_id),
            )
            for revision_id, operation, author, branch, channel_id in rows
        ]

    async def messages(self, revision_ids: Sequence[int]) -> dict[int, int]:
        """Return the newest message that shows each of some revisions."""
        query = (
            select(Message.revision_id, func.max(Message.message_id))
            .where(Message.revision_id.in_(revision_ids))
            .group_by(Message.revision_id)
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def first_parent(self, revision_id: int) -> int | None:
        """Return what a revision was made from."""
        query = (
            select(RevisionParent.parent_id)
            .where(RevisionParent.child_id == revision_id)
            .order_by(RevisionParent.position)
            .limit(1)
        )
        return await self._session.scalar(query)

    async def _parents(self, revision_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
        query = (
            select(RevisionParent.child_id, RevisionParent.parent_id)
            .where(RevisionParent.child_id.in_(revision_ids))
            .order_by(RevisionParent.child_id, RevisionParent.position)
        )
        found: dict[int, tuple[int, ...]] = {}
        for row in await self._session.execute(query):
            found[row[0]] = (*found.get(row[0], ()), row[1])
        return found
