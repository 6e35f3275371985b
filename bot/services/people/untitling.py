"""Takes the title of a song out of all that bears it: rows, options, and the music itself. It opens no session and knows no Discord."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.jobs.results import measure_piece
from db.repositories.pieces import PieceRepository
from db.repositories.song_people import SongPeopleRepository
from db.shared_tables import SharedSong
from db.tables import Revision
from music.codec import decode_piece


async def forget_title(session: AsyncSession, song: SharedSong) -> None:
    """Let a song and its states have no title any more; their notes stay as they are."""
    song.title = ""
    old_hashes: set[str] = set()
    for revision in await SongPeopleRepository(session).revisions_in(song.id):
        revision.title = ""
        if revision.options and "title" in revision.options:
            revision.options = {name: value for name, value in revision.options.items() if name != "title"}
        old_hashes |= await _untitle(session, revision)
    await session.flush()
    await PieceRepository(session).delete_unused(old_hashes)


async def _untitle(session: AsyncSession, revision: Revision) -> set[str]:
    """Give a revision the same music without a title, and return the hash of what it had; nothing where there was none."""
    pieces = PieceRepository(session)
    stored = None if revision.piece_hash is None else await pieces.find(revision.piece_hash)
    if stored is None:
        return set()
    piece = await asyncio.to_thread(decode_piece, stored.data)
    if not piece.title:
        return set()
    plain = await asyncio.to_thread(measure_piece, replace(piece, title=""))
    revision.piece_hash = (await pieces.find_or_add(plain, now=utc_now())).hash
    return {stored.hash}
