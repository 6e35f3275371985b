"""Create the tables: people, songs, revisions, pieces, uploads, messages, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_SECONDS: sa.Double[float] = sa.Double()


def upgrade() -> None:
    """Create every table."""
    _create_pieces()
    _create_songs()
    _create_users()
    _create_uploads()
    _create_revisions()
    _create_jobs()
    _create_messages()
    _create_revision_parents()


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("revision_parents")
    op.drop_table("messages")
    op.drop_table("jobs")
    op.drop_table("revisions")
    op.drop_table("uploads")
    op.drop_table("users")
    op.drop_table("songs")
    op.drop_table("pieces")


def _create_pieces() -> None:
    op.create_table(
        "pieces",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("num_notes", _NUMBER, nullable=False),
        sa.Column("num_bars", _NUMBER, nullable=False),
        sa.Column("duration_seconds", _SECONDS, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_pieces")),
    )


def _create_songs() -> None:
    op.create_table(
        "songs",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("guild_id", _NUMBER, nullable=True),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_songs")),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("discord_id", _NUMBER, nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("discord_id", name=op.f("uq_users_discord_id")),
    )


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_uploads_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_user_id"), "uploads", ["user_id"])


def _create_revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("song_id", _NUMBER, nullable=False),
        sa.Column("author_id", _NUMBER, nullable=False),
        sa.Column("guild_id", _NUMBER, nullable=True),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("options", sa.JSON(), nullable=True),
        sa.Column("seed", _NUMBER, nullable=True),
        sa.Column("checkpoint_id", sa.String(length=100), nullable=True),
        sa.Column("upload_id", _NUMBER, nullable=True),
        sa.Column("piece_hash", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("num_notes", _NUMBER, nullable=False),
        sa.Column("num_bars", _NUMBER, nullable=False),
        sa.Column("duration_seconds", _SECONDS, nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("chord_names", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_revisions_author_id_users")),
        sa.ForeignKeyConstraint(["piece_hash"], ["pieces.hash"], name=op.f("fk_revisions_piece_hash_pieces")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_revisions_song_id_songs")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_revisions_upload_id_uploads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
    )
    op.create_index(op.f("ix_revisions_author_id"), "revisions", ["author_id"])
    op.create_index(op.f("ix_revisions_channel_id_id"), "revisions", ["channel_id", "id"])
    op.create_index(op.f("ix_revisions_piece_hash"), "revisions", ["piece_hash"])
    op.create_index(op.f("ix_revisions_song_id"), "revisions", ["song_id"])
    op.create_index(op.f("ix_revisions_upload_id"), "revisions", ["upload_id"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("guild_id", _NUMBER, nullable=True),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("seed", _NUMBER, nullable=False),
        sa.Column("upload_id", _NUMBER, nullable=True),
        sa.Column("source_revision_id", _NUMBER, nullable=True),
        sa.Column("parent_revision_id", _NUMBER, nullable=True),
        sa.Column("size_limit_bytes", _NUMBER, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", _NUMBER, nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("result_revision_id", _NUMBER, nullable=True),
        sa.Column("error_kind", sa.String(length=50), nullable=True),
        sa.Column("error_reason", sa.Text(), nullable=True),
        sa.Column("run_seconds", _SECONDS, nullable=True),
        sa.Column("num_bars", _NUMBER, nullable=True),
        sa.Column("reply_token", sa.Text(), nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("num_answer_attempts", _NUMBER, nullable=False),
        sa.Column("is_answered", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_revision_id"], ["revisions.id"], name=op.f("fk_jobs_parent_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(
            ["result_revision_id"], ["revisions.id"], name=op.f("fk_jobs_result_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(
            ["source_revision_id"], ["revisions.id"], name=op.f("fk_jobs_source_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_jobs_upload_id_uploads")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_jobs_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_is_answered_lease_until"), "jobs", ["is_answered", "lease_until"])
    op.create_index(op.f("ix_jobs_message_id"), "jobs", ["message_id"])
    op.create_index(op.f("ix_jobs_user_id"), "jobs", ["user_id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_messages_revision_id_revisions")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_revision_id"), "messages", ["revision_id"])


def _create_revision_parents() -> None:
    op.create_table(
        "revision_parents",
        sa.Column("child_id", _NUMBER, nullable=False),
        sa.Column("parent_id", _NUMBER, nullable=False),
        sa.Column("position", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["revisions.id"], name=op.f("fk_revision_parents_child_id_revisions")),
        sa.ForeignKeyConstraint(["parent_id"], ["revisions.id"], name=op.f("fk_revision_parents_parent_id_revisions")),
        sa.PrimaryKeyConstraint("child_id", "parent_id", name=op.f("pk_revision_parents")),
    )
    op.create_index(op.f("ix_revision_parents_parent_id"), "revision_parents", ["parent_id"])
