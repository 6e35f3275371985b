"""Reads and writes the state of revisions: pieces with layers and origins. It opens no session and knows no rights."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFoundError
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.tables import Revision
from music.codec import decode_piece
from music.versions.carrying import begin, carry
from music.versions.codec import decode_state
from music.versions.layered import LayeredPiece

MAX_TRACED = 64  # generations of a plain line that are read to know who wrote what


async def load_state(session: AsyncSession, revision_id: int) -> LayeredPiece:
    """Return the settled state of a revision: its own in a shared song, else what its line of parents tells.

    Raises:
        NotFoundError: when it never was or was deleted.
    """
    revision = await SongRepository(session).find(revision_id)
    data = None if revision is None else await _piece_data(session, revision)
    if revision is None or data is None:
        raise NotFoundError(what="result", identifier=str(revision_id))
    state = await SharedSongRepository(session).state(revision_id)
    if state is None:
        return await _trace(session, revision)
    return await asyncio.to_thread(_decode, data, state.data, revision_id)


async def _piece_data(session: AsyncSession, revision: Revision) -> bytes | None:
    stored = None if revision.piece_hash is None else await PieceRepository(session).find(revision.piece_hash)
    return None if stored is None else stored.data


def _decode(piece: bytes, state: bytes, revision_id: int) -> LayeredPiece:
    return decode_state(state, decode_piece(piece)).settled(revision_id)


async def _trace(session: AsyncSession, newest: Revision) -> LayeredPiece:
    """Return the state of a plain revision: every note is ascribed to the oldest revision in its line that has it."""
    songs = SongRepository(session)
    line = [newest]
    while len(line) < MAX_TRACED:
        parent_ids = (await songs.links([line[-1].id]))[line[-1].id].parent_ids
        parent = await songs.find(parent_ids[0]) if parent_ids else None
        if parent is None or parent.piece_hash is None:
            break
        line.append(parent)
    found: LayeredPiece | None = None
    for revision in reversed(line):
        data = await _piece_data(session, revision)
        assert data is not None, "only revisions with music are in the line"
        found = await asyncio.to_thread(_follow, found, data, revision)
    assert found is not None
    return found


def _follow(before: LayeredPiece | None, data: bytes, revision: Revision) -> LayeredPiece:
    piece, key, author_id = decode_piece(data), f"plain:{revision.id}", revision.author_id
    if before is None:
        return begin(piece, author_id=author_id, key=key, origin=revision.id)
    is_by_rule = revision.checkpoint_id is None
    return carry(before, piece, author_id=author_id, key=key, is_by_rule=is_by_rule).settled(revision.id)
