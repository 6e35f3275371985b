"""A change of a shared song inside of a transaction that is about something else: a vote's outcome, an owner's end.

It is a revision by an operation like any other, so a replay finds the same bytes. It opens no session and asks for no rights.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.jobs.results import measure_piece
from bot.services.operations.base import RuleOperation, Wish
from bot.services.operations.registry import operation_for
from bot.services.options import Options
from bot.services.records import checks_to_json, options_to_json
from bot.services.songs.graph import find_present
from bot.services.together.model import MAX_LAYERS
from bot.services.together.recording import SongWork, change_key, record, state_after, within_song
from bot.services.together.states import load_state
from core.settings import LimitSettings
from db.repositories.pieces import PieceRepository
from db.repositories.songs import NewRevision, SongRepository
from db.shared_tables import Branch, SharedSong
from db.tables import Revision

_SEED = 0  # nothing that is made without networks depends on it


async def change_within(
    session: AsyncSession,
    song: SharedSong,
    branch: Branch,
    options: Options,
    *,
    author_id: int,
    about_id: int | None = None,
) -> tuple[Revision, bool]:
    """Change a branch's head by an operation without networks; return the revision, and whether the branch took it.

    ``about_id``: the revision that the options are about, when it is not the head.

    Raises:
        NotFoundError: when the music of one of them was deleted.
        PermissionDeniedError: when somebody else's locked layer would change.
    """
    operation = operation_for(options)
    assert isinstance(operation, RuleOperation), "what needs a network is a job"
    operation = cast("RuleOperation[Any]", operation)
    current = await load_state(session, branch.head_id)
    work = SongWork(
        shared_song_id=song.id,
        base_id=branch.head_id,
        song=current if about_id is None else await load_state(session, about_id),
        current=current,
        others=(),
        author_id=author_id,
        max_layers=MAX_LAYERS,
        into_branch_id=branch.id,
    )
    wish = Wish(job_id="", options=options, seed=_SEED, source=work.song.piece, limits=LimitSettings())
    made = await asyncio.to_thread(operation.apply, within_song(wish, work, kind=operation.kind))
    state = await asyncio.to_thread(state_after, work, made, key=change_key(work.base_id, operation.kind, _SEED))
    piece = await asyncio.to_thread(measure_piece, made.piece)
    await PieceRepository(session).find_or_add(piece, now=utc_now())
    base = await find_present(session, branch.head_id)
    new = NewRevision(
        author_id=author_id,
        guild_id=song.guild_id,
        channel_id=song.channel_id,
        operation=operation.kind,
        options=options_to_json(options),
        seed=_SEED,
        piece_hash=piece.hash,
        title=made.piece.title,
        num_notes=piece.num_notes,
        num_bars=piece.num_bars,
        duration_seconds=piece.duration_seconds,
        checks=checks_to_json(made.checks),
        chord_names=list(made.chord_names),
        parent_ids=(branch.head_id,),
        genre=base.genre,
        key_name=base.key_name,
    )
    revision = await SongRepository(session).add(new, now=utc_now())
    return revision, await record(session, revision, work, state, is_candidate=False)
