"""What a vote's winner becomes: its branch's head, a state brought back, a branch to merge. It opens no session.

Everything happens in the transaction that closes the vote, so a vote is never closed without its outcome, nor has one twice.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.operations.stepping import UndoOptions
from bot.services.songs.graph import find_present
from bot.services.together.lines import home_branch
from bot.services.together.recording import take_candidate
from bot.services.together.votes.model import VoteChoice, VoteOutcome
from bot.services.together.within import change_within
from core.errors import NotFoundError, PermissionDeniedError
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.shared_tables import Branch, SharedSong, Vote


async def carry_out(
    session: AsyncSession, song: SharedSong, vote: Vote, choice: VoteChoice, outcome: VoteOutcome
) -> VoteOutcome:
    """Return the outcome with what became of the winner."""
    if song.closed_at is not None:
        return replace(outcome, taken="closed")
    try:
        await find_present(session, choice.revision_id)
    except NotFoundError:
        return replace(outcome, taken="gone")
    if choice.branch_id is not None:
        return await _merge_later(session, choice, choice.branch_id, outcome)
    return await _take(session, song, vote, choice.revision_id, outcome)


async def _merge_later(session: AsyncSession, choice: VoteChoice, branch_id: int, outcome: VoteOutcome) -> VoteOutcome:
    """Merging may need decisions by people, so a branch that won waits for a press."""
    branch = await SharedSongRepository(session).branch(branch_id)
    if branch is None:
        return replace(outcome, taken="gone")
    taken = "already" if branch.name == MAIN else "merge"
    return replace(outcome, taken=taken, branch=branch.name, revision_id=choice.revision_id)


async def _take(
    session: AsyncSession, song: SharedSong, vote: Vote, revision_id: int, outcome: VoteOutcome
) -> VoteOutcome:
    shared = SharedSongRepository(session)
    home = await home_branch(session, song, vote.opened_by_id)
    state = await shared.state(revision_id)
    if state is None:
        return replace(outcome, taken="gone")
    if state.branch_id is None:
        is_taken = await take_candidate(session, revision_id, user_id=vote.opened_by_id)
        branch = home if state.branch_id is None else await shared.branch(state.branch_id) or home
        return replace(outcome, taken="head" if is_taken else "late", branch=branch.name, revision_id=revision_id)
    if home.head_id == revision_id:
        return replace(outcome, taken="already", branch=home.name, revision_id=revision_id)
    return await _bring_back(session, song, vote, home, revision_id, outcome)


async def _bring_back(
    session: AsyncSession, song: SharedSong, vote: Vote, branch: Branch, revision_id: int, outcome: VoteOutcome
) -> VoteOutcome:
    """Make an earlier state the newest of a branch, as an undo does: a revision of its own, so that nothing is lost."""
    options = UndoOptions(target_id=revision_id, ahead=(branch.head_id,))
    try:
        revision, is_taken = await change_within(
            session, song, branch, options, author_id=vote.opened_by_id, about_id=revision_id
        )
    except PermissionDeniedError:
        return replace(outcome, taken="locked", branch=branch.name, revision_id=revision_id)
    return replace(outcome, taken="back" if is_taken else "late", branch=branch.name, revision_id=revision.id)
