"""Where people and revisions stand on the branches of a shared song. It reads rows only, and knows neither music nor rights."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import SongLine
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import Branch, SharedSong
from db.tables import Revision


async def find_branch(session: AsyncSession, shared_song_id: int, base_id: int, user_id: int) -> Branch | None:
    """Return the branch that a change of its head would move: the person's own if they may choose, else the oldest."""
    shared = SharedSongRepository(session)
    heads = [branch for branch in await shared.branches(shared_song_id) if branch.head_id == base_id]
    member = await shared.member(shared_song_id, user_id)
    own = next((branch for branch in heads if member is not None and branch.id == member.branch_id), None)
    return own or (heads[0] if heads else None)


async def home_branch(session: AsyncSession, song: SharedSong, user_id: int) -> Branch:
    """Return the branch that somebody works on: the one they switched to while it is open, else main."""
    shared = SharedSongRepository(session)
    branches = await shared.branches(song.id)
    member = await shared.member(song.id, user_id)
    own = next((branch for branch in branches if member is not None and branch.id == member.branch_id), None)
    return own or branches[0]


async def line_of(session: AsyncSession, revision_id: int) -> SongLine | None:
    """Return where a revision stands in a shared song; None outside of all."""
    shared = SharedSongRepository(session)
    song, state = await shared.of_revision(revision_id), await shared.state(revision_id)
    if song is None or state is None:
        return None
    revision = await session.get_one(Revision, revision_id)
    branch = None if state.branch_id is None else await shared.branch(state.branch_id)
    target = await home_branch(session, song, revision.author_id)
    return SongLine(
        shared_song_id=song.id,
        title=song.title,
        branch=None if branch is None else branch.name,
        is_head=branch is not None and branch.head_id == revision_id,
        target=target.name if branch is None else None,
        is_take=branch is None and await SongRepository(session).is_take(revision_id),
    )
