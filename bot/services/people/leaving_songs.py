"""What becomes of shared songs when somebody is erased. It opens no session and knows no Discord.

Songs are made by several people, so they stay, with the person as somebody without a name: layers keep their notes and their owner's
number. What the person said and chose goes; what they locked, claimed or waited for is free; who was host hands over by rule.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.operations.layering import LockOptions
from bot.services.people.untitling import forget_title
from bot.services.together.members import end_membership
from bot.services.together.states import load_state
from bot.services.together.votes.model import paper_of, to_json
from bot.services.together.within import change_within
from core.errors import NotFoundError
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.song_people import SongPeopleRepository
from db.repositories.songs import SongRepository
from db.shared_tables import Branch, SharedSong
from db.tables import Revision, User

_log = structlog.stdlib.get_logger(__name__)


async def leave_songs(session: AsyncSession, user: User) -> dict[str, int]:
    """End everything of somebody in shared songs that concerns others, and return how many songs, comments and ballots those were."""
    people = SongPeopleRepository(session)
    counts = await people.forget_words(user.id)
    for vote in await people.votes_opened_by(user.id):
        vote.options = to_json(replace(paper_of(vote.options), reply_token=""))
    songs = await people.songs_of(user.id)
    for song in songs:
        await end_membership(session, song, user)
        if song.closed_at is None:
            await _open_locks(session, song, user)
        if not await people.has_others(song.id, user.id):
            song.closed_at = song.closed_at or utc_now()
            await forget_title(session, song)
    return {"songs": len(songs), "comments": counts["comments"], "ballots": counts["ballots"]}


async def step_back(session: AsyncSession, doomed: dict[int, Revision]) -> None:
    """Let branches go back to the newest state that stays, where their own is about to lose its music; forget those layers.

    A branch without such a state is closed, and with main the whole song: nothing in it was anybody else's.
    """
    people, shared = SongPeopleRepository(session), SharedSongRepository(session)
    for branch in await people.branches_at(list(doomed)):
        song = await session.get_one(SharedSong, branch.shared_song_id)
        head_id = await _newest_kept(session, branch, doomed)
        if head_id is not None:
            branch.head_id = head_id
        else:
            branch.closed_at = branch.closed_at or utc_now()
            if branch.name == MAIN:
                song.closed_at = song.closed_at or utc_now()
        await shared.touch(song.id)
    await people.empty_states(list(doomed))


async def _newest_kept(session: AsyncSession, branch: Branch, doomed: dict[int, Revision]) -> int | None:
    """Return the nearest state before a branch's head, along first parents, that keeps its music."""
    songs, shared, revision_id = SongRepository(session), SharedSongRepository(session), branch.head_id
    while True:
        parent_ids = (await songs.links([revision_id]))[revision_id].parent_ids
        if not parent_ids:
            return None
        revision_id = parent_ids[0]
        revision, state = await songs.find(revision_id), await shared.state(revision_id)
        if state is None or state.shared_song_id != branch.shared_song_id:
            return None
        if revision is not None and revision.piece_hash is not None and revision_id not in doomed:
            return revision_id


async def _open_locks(session: AsyncSession, song: SharedSong, user: User) -> None:
    """Unlock the layers of somebody who goes, on every branch, as they could have themselves: each is a revision."""
    for branch in await SharedSongRepository(session).branches(song.id):
        try:
            state = await load_state(session, branch.head_id)
        except NotFoundError:
            _log.info("branch_without_music", branch_id=branch.id)
            continue
        for number, layer in enumerate(state.layers, start=1):
            if layer.owner_id == user.id and layer.is_locked:
                options = LockOptions(layer=str(number), is_locked=False)
                await change_within(session, song, branch, options, author_id=user.id)
