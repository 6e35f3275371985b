"""Songs made together: homes, members, branches and states. It commits nothing and knows no music.

A branch's head moves only by ``move_head``, which compares and swaps: of two changes of the same head one comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import MAX_ID, storable_text
from db.shared_tables import Branch, RevisionState, SharedSong, SongMember, SongTag
from db.tables import Revision, RevisionParent, User

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSharedSong:
    """Everything that a shared song is born with."""

    song_id: int
    guild_id: int | None
    channel_id: int
    host_id: int
    title: str
    licence: str
    rules: dict[str, Any]
    forked_from_id: int | None = None


class SharedSongRepository:
    """Reads and writes shared songs."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # --- songs -----------------------------------------------------------------------------------------------------

    async def add(self, new: NewSharedSong, *, head_id: int, now: datetime) -> SharedSong:
        """Store a shared song with its host and its main branch."""
        song = SharedSong(
            song_id=new.song_id,
            guild_id=new.guild_id,
            channel_id=new.channel_id,
            host_id=new.host_id,
            title=storable_text(new.title)[:100],
            licence=new.licence,
            rules=new.rules,
            forked_from_id=new.forked_from_id,
            created_at=now,
        )
        self._session.add(song)
        await self._session.flush()
        await self.add_branch(song.id, name=MAIN, head_id=head_id, author_id=new.host_id, now=now)
        await self.set_member(song.id, new.host_id, role="host", now=now)
        return song

    async def find(self, shared_song_id: int) -> SharedSong | None:
        """Return a shared song, closed ones too; None also for numbers that nothing can have."""
        return await self._session.get(SharedSong, shared_song_id) if 0 < shared_song_id <= MAX_ID else None

    async def of_channel(self, channel_id: int, *, with_closed: bool = False) -> SharedSong | None:
        """Return the song whose home a channel is."""
        query = select(SharedSong).where(SharedSong.channel_id == channel_id)
        if not with_closed:
            query = query.where(SharedSong.closed_at.is_(None))
        return await self._session.scalar(query)

    async def of_revision(self, revision_id: int) -> SharedSong | None:
        """Return the shared song that a revision has a state in; None also for numbers that nothing can have."""
        if not 0 < revision_id <= MAX_ID:
            return None
        return await self._session.scalar(
            select(SharedSong)
            .join(RevisionState, RevisionState.shared_song_id == SharedSong.id)
            .where(RevisionState.revision_id == revision_id)
        )

    async def touch(self, shared_song_id: int) -> None:
        """Count a change that the card must show."""
        await self._session.execute(
            update(SharedSong)
            .where(SharedSong.id == shared_song_id)
            .values(card_wanted=SharedSong.card_wanted + 1)
            .execution_options(synchronize_session="fetch")
        )

    # --- members ---------------------------------------------------------------------------------------------------

    async def member(self, shared_song_id: int, user_id: int) -> SongMember | None:
        """Return somebody's membership, also one that ended."""
        return await self._session.get(SongMember, (shared_song_id, user_id))

    async def members(self, shared_song_id: int, *, with_left: bool = False) -> Sequence[tuple[SongMember, User]]:
        """Return the members with their people, in the order in which they joined."""
        query = (
            select(SongMember, User)
            .join(User, User.id == SongMember.user_id)
            .where(SongMember.shared_song_id == shared_song_id)
            .order_by(SongMember.joined_at, SongMember.user_id)
        )
        if not with_left:
            query = query.where(SongMember.left_at.is_(None))
        return [(row[0], row[1]) for row in (await self._session.execute(query)).all()]

    async def set_member(self, shared_song_id: int, user_id: int, *, role: str, now: datetime) -> SongMember:
        """Let somebody in, back in, or into another role."""
        member = await self.member(shared_song_id, user_id)
        if member is None:
            member = SongMember(shared_song_id=shared_song_id, user_id=user_id, role=role, joined_at=now)
            self._session.add(member)
        member.role = role
        member.left_at = None
        await self._session.flush()
        return member

    # --- branches --------------------------------------------------------------------------------------------------

    async def add_branch(
        self, shared_song_id: int, *, name: str, head_id: int, author_id: int, now: datetime
    ) -> Branch:
        """Store a branch; its name must be free."""
        branch = Branch(
            shared_song_id=shared_song_id,
            name=storable_text(name)[:40],
            head_id=head_id,
            author_id=author_id,
            created_at=now,
        )
        self._session.add(branch)
        await self._session.flush()
        return branch

    async def branch(self, branch_id: int) -> Branch | None:
        """Return a branch, closed ones too."""
        return await self._session.get(Branch, branch_id)

    async def branch_called(self, shared_song_id: int, name: str) -> Branch | None:
        """Return the branch of a name, closed ones too."""
        return await self._session.scalar(
            select(Branch).where(Branch.shared_song_id == shared_song_id, Branch.name == name)
        )

    async def branches(self, shared_song_id: int, *, with_closed: bool = False) -> Sequence[Branch]:
        """Return the branches, main first."""
        query = select(Branch).where(Branch.shared_song_id == shared_song_id).order_by(Branch.id)
        if not with_closed:
            query = query.where(Branch.closed_at.is_(None))
        return (await self._session.scalars(query)).all()

    async def move_head(self, branch_id: int, *, from_id: int, to_id: int) -> bool:
        """Move a branch's head if it is still ``from_id``; return whether it was."""
        moved = await self._session.execute(
            update(Branch)
            .where(Branch.id == branch_id, Branch.head_id == from_id, Branch.closed_at.is_(None))
            .values(head_id=to_id)
            .returning(Branch.id)
            .execution_options(synchronize_session="fetch")
        )
        return moved.first() is not None

    # --- states ----------------------------------------------------------------------------------------------------

    async def add_state(
        self, revision_id: int, *, shared_song_id: int, branch_id: int | None, data: bytes
    ) -> RevisionState:
        """Store the layers and origins of a revision."""
        state = RevisionState(revision_id=revision_id, shared_song_id=shared_song_id, branch_id=branch_id, data=data)
        self._session.add(state)
        await self._session.flush()
        return state

    async def state(self, revision_id: int) -> RevisionState | None:
        """Return the state of a revision; None outside of shared songs, and for numbers that nothing can have."""
        return await self._session.get(RevisionState, revision_id) if 0 < revision_id <= MAX_ID else None

    async def graph(self, shared_song_id: int) -> dict[int, tuple[int, ...]]:
        """Return the parents of every revision of a song, in their order; revisions of other songs may be among the parents."""
        rows = await self._session.execute(
            select(RevisionState.revision_id, RevisionParent.parent_id)
            .outerjoin(RevisionParent, RevisionParent.child_id == RevisionState.revision_id)
            .where(RevisionState.shared_song_id == shared_song_id)
            .order_by(RevisionState.revision_id, RevisionParent.position)
        )
        graph: dict[int, tuple[int, ...]] = {}
        edges = cast("Sequence[tuple[int, int | None]]", rows.all())  # a revision without parents is one row, too
        for revision_id, parent_id in edges:
            known = graph.get(revision_id, ())
            graph[revision_id] = known if parent_id is None else (*known, parent_id)
        return graph

    async def newest_revisions(self, shared_song_id: int, *, limit: int) -> Sequence[tuple[Revision, RevisionState]]:
        """Return the newest revisions of a song with their states, newest first."""
        rows = await self._session.execute(
            select(Revision, RevisionState)
            .join(RevisionState, RevisionState.revision_id == Revision.id)
            .where(RevisionState.shared_song_id == shared_song_id)
            .order_by(RevisionState.revision_id.desc())
            .limit(limit)
        )
        return [(row[0], row[1]) for row in rows]

    # --- tags ------------------------------------------------------------------------------------------------------

    async def tags(self, shared_song_id: int) -> Sequence[SongTag]:
        """Return the tags, oldest first."""
        query = select(SongTag).where(SongTag.shared_song_id == shared_song_id).order_by(SongTag.id)
        return (await self._session.scalars(query)).all()

    async def set_tag(
        self, shared_song_id: int, *, name: str, revision_id: int, author_id: int, now: datetime
    ) -> SongTag:
        """Give a revision a name; a name that is taken moves."""
        name = storable_text(name)[:40]
        tag = await self._session.scalar(
            select(SongTag).where(SongTag.shared_song_id == shared_song_id, SongTag.name == name)
        )
        if tag is None:
            tag = SongTag(shared_song_id=shared_song_id, name=name, created_at=now)
            self._session.add(tag)
        tag.revision_id, tag.author_id, tag.created_at = revision_id, author_id, now
        await self._session.flush()
        return tag
