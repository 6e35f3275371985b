"""The mapped classes: who (users), what (songs, revisions, pieces, uploads, messages) and what is to be done (jobs).

A song is a graph of immutable revisions. Pieces are opaque bytes under their hash, so this folder knows no music; JSON
columns hold what the services wrote there, so it knows no options either. It knows nothing of sessions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class User(Base):
    """A person. ``discord_id`` is None after the person was erased; what they made then has no name."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    discord_id: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]


class Song(Base):
    """What people build together: nothing but the name that its revisions share."""

    __tablename__ = "songs"

    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[int | None]
    channel_id: Mapped[int]
    created_at: Mapped[datetime]


class StoredPiece(Base):
    """Music as opaque bytes, stored once under its SHA-256."""

    __tablename__ = "pieces"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    num_notes: Mapped[int]
    num_bars: Mapped[int]
    duration_seconds: Mapped[float]
    created_at: Mapped[datetime]


class StoredUpload(Base):
    """A file that somebody gave. ``data`` is emptied when the job that needs it has been answered."""

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Revision(Base):
    """One immutable state of a song. A deleted one keeps its place in the graph but has no piece any more."""

    __tablename__ = "revisions"
    __table_args__ = (
        Index("ix_revisions_channel_id_id", "channel_id", "id"),
        Index("ix_revisions_channel_id_song_id", "channel_id", "song_id"),
        Index("ix_revisions_guild_id_created_at", "guild_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    song_id: Mapped[int] = mapped_column(ForeignKey("songs.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    guild_id: Mapped[int | None]
    channel_id: Mapped[int]

    # How it came to be.
    operation: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, Any] | None]
    seed: Mapped[int | None]
    checkpoint_id: Mapped[str | None] = mapped_column(String(100))
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("uploads.id"), index=True)

    # What it is.
    piece_hash: Mapped[str | None] = mapped_column(ForeignKey("pieces.hash"), index=True)
    midi_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # of the MIDI file that people were given
    title: Mapped[str] = mapped_column(String(255), default="")
    num_notes: Mapped[int]
    num_bars: Mapped[int]
    duration_seconds: Mapped[float]
    checks: Mapped[list[Any]]
    chord_names: Mapped[list[Any]]

    # What people look for it by.
    genre: Mapped[str | None] = mapped_column(String(40))
    key_name: Mapped[str | None] = mapped_column(String(20))

    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class RevisionParent(Base):
    """An edge of the graph. ``position`` keeps several parents in order."""

    __tablename__ = "revision_parents"

    child_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)


class Message(Base):
    """Which message shows which revisions, in their order (``position`` from 0)."""

    __tablename__ = "messages"

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=0)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    created_at: Mapped[datetime]


class Job(Base):
    """A wish, stored with its input before it is accepted, until it has been answered exactly once."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_is_answered_lease_until", "is_answered", "lease_until"),
        Index("ix_jobs_operation_id", "operation", "id"),
        Index("ix_jobs_status_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    operation: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    guild_id: Mapped[int | None]
    channel_id: Mapped[int]

    # The request and its input.
    options: Mapped[dict[str, Any]]
    seed: Mapped[int]
    num_takes: Mapped[int] = mapped_column(default=1)
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("uploads.id"))
    source_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    parent_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    size_limit_bytes: Mapped[int]

    # Who works on it. A lease that ran out belongs to nobody.
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]

    # What came out.
    result_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    error_kind: Mapped[str | None] = mapped_column(String(50))
    error_reason: Mapped[str | None] = mapped_column(Text)
    run_seconds: Mapped[float | None]
    num_bars: Mapped[int | None]

    # Where the answer goes, and whether it went.
    reply_token: Mapped[str] = mapped_column(Text, default="")
    message_id: Mapped[int | None] = mapped_column(index=True)
    num_answer_attempts: Mapped[int] = mapped_column(default=0)
    is_answered: Mapped[bool] = mapped_column(default=False)

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobTake(Base):
    """One of several results of a job, in their order (``position`` from 0)."""

    __tablename__ = "job_takes"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)


class Favourite(Base):
    """A result that somebody wants to find again."""

    __tablename__ = "favourites"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True, index=True)
    created_at: Mapped[datetime]


class GuildSettings(Base):
    """What a server's people have set. ``purge_at``: the bot left the server, and its music goes then."""

    __tablename__ = "guild_settings"

    guild_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    purge_at: Mapped[datetime | None]


class Draft(Base):
    """Something that somebody is still deciding on, such as the plan of a song. ``kind`` says how to read ``data``."""

    __tablename__ = "drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    guild_id: Mapped[int | None]
    channel_id: Mapped[int]
    message_id: Mapped[int | None] = mapped_column(index=True)
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Acknowledgement(Base):
    """A person who was told to wait, or is just being told, and has neither an answer nor a stored job yet.

    ``id`` is Discord's number of the interaction or of the message that asked; ``token`` is empty for messages, and once it is dead.
    """

    __tablename__ = "acknowledgements"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel_id: Mapped[int]
    message_id: Mapped[int | None]
    application_id: Mapped[int]
    token: Mapped[str] = mapped_column(Text)
    effect: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]


class SigningKey(Base):
    """A secret with which the identifiers of buttons and forms are signed; the newest signs, all that are not retired check.

    ``secret`` is None where the operator keeps the key elsewhere and the row only remembers since when there are signatures.
    ``unsigned_until``: what was shown before then may still bear identifiers without one.
    """

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    unsigned_until: Mapped[datetime]
    retired_at: Mapped[datetime | None]
