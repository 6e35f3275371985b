"""Rows for tests: each function stores one thing with defaults for all that the test does not care about."""

from datetime import UTC, datetime, timedelta

from db.repositories.jobs import JobRepository, Lease, NewJob
from db.repositories.pieces import NewPiece, PieceRepository
from db.repositories.songs import NewRevision, SongRepository
from db.repositories.users import UserRepository

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHANNEL_ID = 555


async def make_user(session, *, discord_id=1, name="Ada"):
    return await UserRepository(session).find_or_add(discord_id, name=name, now=NOW)


async def make_piece(session, *, piece_hash="a" * 64, data=b"music"):
    new = NewPiece(hash=piece_hash, data=data, num_notes=3, num_bars=1, duration_seconds=2.0)
    return await PieceRepository(session).find_or_add(new, now=NOW)


async def make_revision(session, *, author=None, piece=None, parents=(), operation="generate", **values):
    author = author or await make_user(session)
    piece = piece or await make_piece(session)
    fields = {"channel_id": CHANNEL_ID, "guild_id": 9, "num_notes": 3, "num_bars": 1, "duration_seconds": 2.0} | values
    new = NewRevision(
        author_id=author.id,
        operation=operation,
        piece_hash=piece.hash,
        parent_ids=tuple(parent.id for parent in parents),
        **fields,
    )
    return await SongRepository(session).add(new, now=NOW)


async def make_job(session, *, user=None, owner="me", until=NOW + timedelta(seconds=30), **values):
    user = user or await make_user(session)
    fields = {
        "kind": "generate",
        "operation": "generate",
        "guild_id": 9,
        "channel_id": CHANNEL_ID,
        "options": {"num_bars": 8},
        "seed": 7,
        "upload_id": None,
        "source_revision_id": None,
        "parent_revision_id": None,
        "size_limit_bytes": 1000,
        "reply_token": "token",
    } | values
    return await JobRepository(session).add(
        NewJob(user_id=user.id, **fields), lease=Lease(owner=owner, until=until), now=NOW
    )
