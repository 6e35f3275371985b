"""What a job's result means for the song it belongs to: its state, its branch, whether it came in time.

The state is made before the transaction that stores the result; the branch's head is moved inside it, by compare and swap, so of two
results that were made from the same state one is taken and the other waits as a candidate. It opens no session of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.operations.base import Made, OptionsT, Wish
from bot.services.records import options_from_json
from bot.services.together.claims.guard import breaks_claims, claims_in_way
from bot.services.together.lines import find_branch
from bot.services.together.model import MAX_LAYERS, THE_BOT, SongRules
from bot.services.together.states import load_state
from bot.services.together.turns.rules import end_bots_turn
from core.errors import InputError, PermissionDeniedError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import Branch, RevisionState, SharedSong
from db.tables import Job, Revision, User
from music.constraints import Check
from music.versions.carrying import carry
from music.versions.codec import encode_state
from music.versions.layered import LayeredPiece
from music.versions.locks import check_locks


@dataclass(frozen=True, slots=True, kw_only=True)
class SongWork:
    """What a change of a shared song works on. All states are settled.

    ``song`` is what the options are about, ``current`` the state of ``base_id``, which the result follows; an undo has two.
    ``joined_ids``: what it comes from beside that; ``into_branch_id``: the branch that is to take it, if one was named.
    """

    shared_song_id: int
    base_id: int
    song: LayeredPiece
    current: LayeredPiece
    others: tuple[LayeredPiece, ...]
    author_id: int
    joined_ids: tuple[int, ...] = ()
    into_branch_id: int | None = None
    max_layers: int = MAX_LAYERS


async def load_work(session: AsyncSession, job: Job, *, other_revision_ids: tuple[int, ...]) -> SongWork | None:
    """Return what a job works on in the song that lives in its channel; None when its source is not part of that.

    Raises:
        NotFoundError: when something of it was deleted meanwhile.
    """
    base_id = job.parent_revision_id if job.parent_revision_id is not None else job.source_revision_id
    if base_id is None:
        return None
    shared = SharedSongRepository(session)
    song = await shared.of_channel(job.channel_id)
    state = await shared.state(base_id)
    if song is None or state is None or state.shared_song_id != song.id:
        return None
    current = await load_state(session, base_id)
    source_id = job.source_revision_id
    if source_id is None and job.upload_id is None and current.piece.num_notes:
        return None  # new music beside the song, such as “Again” on a piece written from nothing: it may be added
    options = options_from_json(job.kind, job.options)
    return SongWork(
        shared_song_id=song.id,
        base_id=base_id,
        song=current if source_id in (None, base_id) else await load_state(session, source_id or base_id),
        current=current,
        others=tuple([await load_state(session, each) for each in other_revision_ids]),
        author_id=job.user_id,
        max_layers=msgspec.convert(song.rules, SongRules).max_layers,
        joined_ids=options.joined_revision_ids,
        into_branch_id=options.into_branch_id,
    )


def within_song(wish: Wish[OptionsT], work: SongWork, *, kind: str) -> Wish[OptionsT]:
    """Return a wish that knows of the song in which it is made."""
    key = change_key(work.base_id, kind, wish.seed)
    return replace(wish, song=work.song, others=work.others, author_id=work.author_id, key=key)


def change_key(base_id: int, kind: str, seed: int) -> str:
    """Return what new layers of a change get their ids from; all of it is stored, so a replay finds the same ids."""
    return f"{base_id}:{kind}:{seed}"


def state_after(work: SongWork, made: Made, *, key: str) -> LayeredPiece:
    """Return the state that a change leaves.

    Raises:
        InputError: when it would have more layers than the host allows.
        PermissionDeniedError: when a layer changed that only its owner may change.
    """
    song = made.song or carry(
        work.song, made.piece, author_id=work.author_id, key=key, is_by_rule=made.checkpoint_id is None
    )
    if len(song.layers) > max(work.max_layers, len(work.current.layers)):
        raise InputError(
            f"The song would have {len(song.layers)} layers, and its host allows {work.max_layers}. Join two with /layer join, "
            "take one out, or ask the host for more."
        )
    check = check_locks(work.current, song, author_id=work.author_id)
    if check is not None and not check.is_kept:
        raise PermissionDeniedError(
            f"Locked layers must stay as they are: {check.found}. Ask the owner to unlock them, or leave them out."
        )
    return song


def lock_checks(work: SongWork, state: LayeredPiece) -> tuple[Check, ...]:
    """Return what the reply says of the layers that the author may not change; nothing where there are none."""
    check = check_locks(work.current, state, author_id=work.author_id)
    return () if check is None else (check,)


async def record(
    session: AsyncSession, revision: Revision, work: SongWork, state: LayeredPiece, *, is_candidate: bool
) -> bool:
    """Store the state of a new revision and all it comes from, and move a branch to it; return whether one took it.

    ``is_candidate``: somebody is still to choose it, as one of several takes.
    """
    shared = SharedSongRepository(session)
    await SongRepository(session).add_parents(revision.id, work.joined_ids)
    branch = None if is_candidate else await _branch_of(session, work)
    if branch is not None and await breaks_claims(
        session, branch, user_id=work.author_id, before=work.current, after=state, now=utc_now()
    ):
        branch = None  # stored all the same; the reply says whose claims it would break
    is_taken = branch is not None and await shared.move_head(branch.id, from_id=work.base_id, to_id=revision.id)
    await shared.add_state(
        revision.id,
        shared_song_id=work.shared_song_id,
        branch_id=branch.id if branch is not None and is_taken else None,
        data=encode_state(state),
    )
    await shared.touch(work.shared_song_id)
    author = await session.get_one(User, work.author_id)
    if author.discord_id == THE_BOT.user_id:
        song = await session.get_one(SharedSong, work.shared_song_id)
        await end_bots_turn(session, song, rules=msgspec.convert(song.rules, SongRules), now=utc_now())
    return is_taken


async def take_candidate(session: AsyncSession, revision_id: int, *, user_id: int) -> bool:
    """Move the branch on which a candidate was made to it, if nothing came between; return whether it is on a branch now."""
    shared = SharedSongRepository(session)
    state = await shared.state(revision_id)
    if state is None:
        return False
    if state.branch_id is not None:
        return True
    links = (await SongRepository(session).links([revision_id]))[revision_id]
    base_id = links.parent_ids[0] if links.parent_ids else 0
    branch = await find_branch(session, state.shared_song_id, base_id, user_id)
    if branch is None or await _candidate_breaks_claims(session, state, branch, base_id=base_id, user_id=user_id):
        return False
    if not await shared.move_head(branch.id, from_id=base_id, to_id=revision_id):
        return False
    state.branch_id = branch.id
    await shared.touch(state.shared_song_id)
    return True


async def _candidate_breaks_claims(
    session: AsyncSession, state: RevisionState, branch: Branch, *, base_id: int, user_id: int
) -> bool:
    """Whether a candidate would change what others have claimed by now."""
    now = utc_now()
    if not await claims_in_way(session, state.shared_song_id, branch=branch, user_id=user_id, now=now):
        return False
    before, after = await load_state(session, base_id), await load_state(session, state.revision_id)
    return await breaks_claims(session, branch, user_id=user_id, before=before, after=after, now=now)


async def _branch_of(session: AsyncSession, work: SongWork) -> Branch | None:
    """Return the branch that is to take a change."""
    if work.into_branch_id is None:
        return await find_branch(session, work.shared_song_id, work.base_id, work.author_id)
    branch = await SharedSongRepository(session).branch(work.into_branch_id)
    return branch if branch is not None and branch.shared_song_id == work.shared_song_id else None
