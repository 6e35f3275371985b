"""Pieces as opaque bytes under their hash, each stored once, and uploaded files. It commits nothing and knows no music."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import storable_text
from db.inserting import add_unless_there
from db.tables import Job, Revision, StoredPiece, StoredUpload

MAX_FILENAME_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPiece:
    """A piece's bytes with the numbers that lists show."""

    hash: str
    data: bytes
    num_notes: int
    num_bars: int
    duration_seconds: float


class PieceRepository:
    """Reads and writes pieces and uploads."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, piece_hash: str) -> StoredPiece | None:
        """Return a piece by its hash."""
        return await self._session.get(StoredPiece, piece_hash)

    async def find_or_add(self, piece: NewPiece, *, now: datetime) -> StoredPiece:
        """Return the stored piece, storing it if these bytes are new."""
        stored = await self.find(piece.hash)
        if stored is None:
            new = StoredPiece(
                hash=piece.hash,
                data=piece.data,
                num_notes=piece.num_notes,
                num_bars=piece.num_bars,
                duration_seconds=piece.duration_seconds,
                created_at=now,
            )
            await add_unless_there(self._session, new)
            stored = await self._session.get_one(StoredPiece, piece.hash)
        return stored

    async def delete_unused(self, piece_hashes: set[str]) -> int:
        """Delete those pieces that no revision shows any more and return how many."""
        is_used = exists().where(Revision.piece_hash == StoredPiece.hash)
        result = await self._session.execute(
            delete(StoredPiece).where(StoredPiece.hash.in_(piece_hashes), ~is_used).returning(StoredPiece.hash)
        )
        return len(result.all())

    async def add_upload(self, *, user_id: int, filename: str, data: bytes, now: datetime) -> StoredUpload:
        """Store a file that somebody gave."""
        upload = StoredUpload(
            user_id=user_id, filename=storable_text(filename)[-MAX_FILENAME_LENGTH:], data=data, created_at=now
        )
        self._session.add(upload)
        await self._session.flush()
        return upload

    async def upload(self, upload_id: int) -> StoredUpload | None:
        """Return an uploaded file."""
        return await self._session.get(StoredUpload, upload_id)

    async def forget_upload_data(self, upload_id: int) -> None:
        """Empty an uploaded file that no unanswered job needs any more."""
        is_needed = exists().where(Job.upload_id == upload_id, Job.is_answered.is_(False))
        await self._session.execute(
            update(StoredUpload).where(StoredUpload.id == upload_id, ~is_needed).values(data=None)
        )

    async def uploads_of(self, user_id: int) -> list[StoredUpload]:
        """Return every file that a person gave."""
        return list(await self._session.scalars(select(StoredUpload).where(StoredUpload.user_id == user_id)))
