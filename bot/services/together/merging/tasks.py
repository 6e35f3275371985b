"""What people mean to merge: a branch into a branch, a late change onto the newest state, a change to be taken back. It writes nothing."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.songs.graph import find_present
from bot.services.together.branches.pointing import find_branch_called, find_state, graph_around
from bot.services.together.lines import home_branch
from bot.services.together.merging.plans import MergeKind, MergeTask, find_base
from bot.services.together.rights import check_may_fork
from core.errors import InputError
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import Branch, SharedSong
from db.tables import Revision, User
from music.versions.ancestry import is_ancestor


async def task_of_merge(session: AsyncSession, song: SharedSong, user: User, *, source: str, into: str) -> MergeTask:
    """Return the merge of a named state into a branch.

    Raises:
        InputError: when a name means nothing, or there is nothing to merge.
        NotFoundError: when the state was deleted.
        PermissionDeniedError: when it is another song's, whose host keeps it in its thread.
    """
    target = await find_branch_called(session, song, into or MAIN)
    named = await find_state(session, song, source)
    if named.name == target.name:
        raise InputError(f"That is {target.name} itself. Name the branch that is to come into it.")
    if named.revision_id == target.head_id:
        raise InputError(f"There is nothing to merge: {named.name} and {target.name} are the same state.")
    if named.shared_song_id not in (None, song.id):
        other = await SharedSongRepository(session).find(named.shared_song_id)
        assert other is not None
        await check_may_fork(session, other, user)
    return await _task(session, song, target, theirs_id=named.revision_id, theirs_name=named.name, kind="merge")


async def task_of_rebase(session: AsyncSession, song: SharedSong, revision_id: int) -> MergeTask:
    """Return the merge of a late change into the branch that its author works on.

    Raises:
        InputError: when it is part of a branch already, or of another song.
        NotFoundError: when it was deleted.
    """
    revision = await _revision_here(session, song, revision_id)
    state = await SharedSongRepository(session).state(revision_id)
    if state is None or state.branch_id is not None:
        raise InputError(
            f"#{revision_id} is part of a branch already, so there is nothing to rebase. /branch merge brings whole branches "
            "together."
        )
    target = await home_branch(session, song, revision.author_id)
    return await _task(session, song, target, theirs_id=revision_id, theirs_name=f"#{revision_id}", kind="rebase")


async def task_of_revert(session: AsyncSession, song: SharedSong, user: User, revision_id: int) -> MergeTask:
    """Return the merge that takes a change back on the branch that somebody works on.

    Raises:
        InputError: when it is no part of that branch, or the song began with it.
        NotFoundError: when it was deleted.
    """
    await _revision_here(session, song, revision_id)
    target = await home_branch(session, song, user.id)
    graph = await graph_around(session, target.head_id, revision_id)
    if not is_ancestor(graph, revision_id, target.head_id):
        raise InputError(
            f"#{revision_id} is no part of {target.name}, so there is nothing to take back there. /branch switch leads to "
            "the branch that has it."
        )
    parent_ids = (await SongRepository(session).links([revision_id]))[revision_id].parent_ids
    if not parent_ids:
        raise InputError(f"The song begins with #{revision_id}; there is no state before it to go back to.")
    return MergeTask(
        kind="revert",
        shared_song_id=song.id,
        into_branch_id=target.id,
        ours_id=target.head_id,
        theirs_id=parent_ids[0],
        base_id=revision_id,
        ours_name=target.name,
        theirs_name=f"before #{revision_id}",
        decisions={},
    )


async def _task(
    session: AsyncSession,
    song: SharedSong,
    target: Branch,
    *,
    theirs_id: int,
    theirs_name: str,
    kind: MergeKind,
) -> MergeTask:
    base_id = await find_base(session, target.head_id, theirs_id, ours_name=target.name, theirs_name=theirs_name)
    return MergeTask(
        kind=kind,
        shared_song_id=song.id,
        into_branch_id=target.id,
        ours_id=target.head_id,
        theirs_id=theirs_id,
        base_id=base_id,
        ours_name=target.name,
        theirs_name=theirs_name,
        decisions={},
    )


async def _revision_here(session: AsyncSession, song: SharedSong, revision_id: int) -> Revision:
    """Return a revision of this song.

    Raises:
        InputError: for one of another song.
        NotFoundError: when it was deleted.
    """
    revision = await find_present(session, revision_id)
    home = await SharedSongRepository(session).of_revision(revision_id)
    if home is None or home.id != song.id:
        raise InputError(f"#{revision_id} is no state of the song in this thread. Link one of its results.")
    return revision
