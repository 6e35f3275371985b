"""What a vote's winner becomes: its branch's head, a state brought back, a branch to merge. It opens no session.

Everything happens in the transaction that closes the vote, so a vote is never closed without its outcome, nor has one twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.operations.base import Made
from bot.services.operations.stepping import UNDO, UndoOptions
from bot.services.records import checks_to_json, options_to_json
from bot.services.songs.graph import find_present
from bot.services.together.lines import home_branch
from bot.services.together.recording import SongWork, change_key, record, state_after, take_candidate
from bot.services.together.states import load_state
from bot.services.together.votes_model import VoteChoice, VoteOutcome
from core.errors import NotFoundError, PermissionDeniedError
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.songs import NewRevision, SongRepository
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
    current, wanted = await load_state(session, branch.head_id), await load_state(session, revision_id)
    work = SongWork(
        shared_song_id=song.id,
        base_id=branch.head_id,
        song=wanted,
        current=current,
        others=(),
        author_id=vote.opened_by_id,
        into_branch_id=branch.id,
    )
    try:
        state = await asyncio.to_thread(
            state_after, work, Made(piece=wanted.piece), key=change_key(work.base_id, UNDO.kind, 0)
        )
    except PermissionDeniedError:
        return replace(outcome, taken="locked", branch=branch.name, revision_id=revision_id)
    row = await find_present(session, revision_id)
    assert row.piece_hash is not None
    new = NewRevision(
        song_id=song.song_id,
        author_id=vote.opened_by_id,
        guild_id=song.guild_id,
        channel_id=song.channel_id,
        operation=UNDO.kind,
        options=options_to_json(UndoOptions(target_id=revision_id, ahead=(branch.head_id,))),
        seed=0,
        parent_ids=(branch.head_id,),
        piece_hash=row.piece_hash,
        title=row.title,
        num_notes=row.num_notes,
        num_bars=row.num_bars,
        duration_seconds=row.duration_seconds,
        checks=checks_to_json(()),
        chord_names=list(row.chord_names),
        genre=row.genre,
        key_name=row.key_name,
    )
    revision = await SongRepository(session).add(new, now=utc_now())
    is_taken = await record(session, revision, work, state, is_candidate=False)
    return replace(outcome, taken="back" if is_taken else "late", branch=branch.name, revision_id=revision.id)
