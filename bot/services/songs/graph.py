"""Reads the graph of revisions into values. It opens no session of its own save in ``load_finished``, and writes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import RevisionView
from bot.services.records import checks_from_json, view_revision
from bot.services.replies.library import Finished
from bot.services.together.claims.reasons import claims_reason
from bot.services.together.lines import line_of
from bot.services.together.merging.words import merge_account
from core.errors import NotFoundError
from db.engine import Database, unbroken
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.tables import Revision
from music.codec import decode_piece
from music.versions.codec import decode_state
from music.versions.mixing import mix, silent_layers


async def view_revisions(session: AsyncSession, rows: Sequence[Revision]) -> tuple[RevisionView, ...]:
    """Return rows as values, in their order."""
    users = await UserRepository(session).get({row.author_id for row in rows})
    links = await SongRepository(session).links([row.id for row in rows])
    return tuple(view_revision(row, user=users[row.author_id], links=links[row.id]) for row in rows)


async def find_present(session: AsyncSession, revision_id: int) -> Revision:
    """Return a revision that still has its music.

    Raises:
        NotFoundError: when it never was or was deleted.
    """
    revision = await SongRepository(session).find(revision_id)
    if revision is None or revision.piece_hash is None:
        raise NotFoundError(what="result", identifier=str(revision_id))
    return revision


async def piece_data(session: AsyncSession, revision: Revision) -> bytes | None:
    """Return a revision's music as stored; None when it was deleted."""
    if revision.piece_hash is None:
        return None
    stored = await PieceRepository(session).find(revision.piece_hash)
    return None if stored is None else stored.data


async def load_all_finished(database: Database, revision_ids: Sequence[int]) -> tuple[Finished, ...]:
    """Return those of some revisions that were not deleted, in their order, as ``load_finished`` does."""
    found: list[Finished] = []
    for revision_id in revision_ids:
        with contextlib.suppress(NotFoundError):
            found.append(await load_finished(database, revision_id))
    return tuple(found)


@unbroken
async def load_finished(database: Database, revision_id: int) -> Finished:
    """Return a revision with its music, its parents, and the music that it was made from.

    Raises:
        NotFoundError: when it never was or was deleted.
    """
    async with database.reading() as session:
        row = await find_present(session, revision_id)
        data = await piece_data(session, row)
        assert data is not None
        (revision,) = await view_revisions(session, [row])
        songs = SongRepository(session)
        parent_rows = [parent for parent_id in revision.parent_ids if (parent := await songs.find(parent_id))]
        parents = await view_revisions(session, parent_rows)
        line = await line_of(session, revision_id)
        home = None if line is not None else await SharedSongRepository(session).of_channel(row.channel_id)
        if line is not None and line.branch is None and not line.is_take:
            line = replace(line, reason=await claims_reason(session, row, shared_song_id=line.shared_song_id))
        account = await merge_account(session, row, revision)
        state = await _state_data(session, revision_id)
        state_before = await _state_data(session, parent_rows[0].id) if parent_rows else None
        before_data = await piece_data(session, parent_rows[0]) if parent_rows else None
    piece = await asyncio.to_thread(decode_piece, data)
    before = None if before_data is None else await asyncio.to_thread(decode_piece, before_data)
    song = None if state is None else await asyncio.to_thread(decode_state, state, piece)
    song_before = None
    if state_before is not None and before is not None:
        song_before = await asyncio.to_thread(decode_state, state_before, before)
    return Finished(
        revision=revision,
        parents=parents,
        piece=piece,
        before=before,
        checks=checks_from_json(row.checks),
        chord_names=tuple(row.chord_names),
        line=line,
        beside_song="" if home is None else home.title,
        account=account,
        heard=None if song is None else mix(song),
        heard_before=None if song_before is None else mix(song_before),
        silent_layers=() if song is None else silent_layers(song),
    )


async def _state_data(session: AsyncSession, revision_id: int) -> bytes | None:
    state = await SharedSongRepository(session).state(revision_id)
    return None if state is None else state.data
