"""Several takes a job and a message, favourites, server settings, drafts, and what results are looked for by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_TABLES = ("drafts", "guild_settings", "favourites", "job_takes")


def upgrade() -> None:
    """Add tables and columns; a message shows one revision so far, a job made one take, genres and keys stay unknown."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("num_takes", _NUMBER, nullable=False, server_default="1"))
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("num_takes", server_default=None, existing_type=_NUMBER, existing_nullable=False)
    with op.batch_alter_table("revisions") as revisions:
        revisions.add_column(sa.Column("genre", sa.String(length=40), nullable=True))
        revisions.add_column(sa.Column("key_name", sa.String(length=20), nullable=True))
    _key_messages("message_id", "position", new_column=True)
    _create_job_takes()
    _create_favourites()
    _create_guild_settings()
    _create_drafts()


def downgrade() -> None:
    """Take them away; of several takes in a message only the first stays."""
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM messages WHERE position > 0")
    _key_messages("message_id", new_column=False)
    with op.batch_alter_table("revisions") as revisions:
        revisions.drop_column("key_name")
        revisions.drop_column("genre")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("num_takes")


def _key_messages(*columns: str, new_column: bool) -> None:
    """Make the table of messages anew with another primary key, which not every database can change in place."""
    op.rename_table("messages", "old_messages")
    op.drop_index(op.f("ix_messages_revision_id"), "old_messages")
    position = [sa.Column("position", _NUMBER, nullable=False)] if new_column else []
    op.create_table(
        "messages",
        sa.Column("message_id", _NUMBER, nullable=False),
        *position,
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_messages_revision_id_revisions")),
        sa.PrimaryKeyConstraint(*columns, name=op.f("pk_messages_with_position" if new_column else "pk_messages")),
    )
    op.create_index(op.f("ix_messages_revision_id"), "messages", ["revision_id"])
    names, values = "message_id, revision_id, created_at", "message_id, revision_id, created_at"
    if new_column:
        names, values = f"{names}, position", f"{values}, 0"
    op.execute(f"INSERT INTO messages ({names}) SELECT {values} FROM old_messages")  # noqa: S608 - names of ours
    op.drop_table("old_messages")


def _create_job_takes() -> None:
    op.create_table(
        "job_takes",
        sa.Column("job_id", _NUMBER, nullable=False),
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_takes_job_id_jobs")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_job_takes_revision_id_revisions")),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_takes")),
    )
    op.create_index(op.f("ix_job_takes_revision_id"), "job_takes", ["revision_id"])


def _create_favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_favourites_user_id_users")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_favourites_revision_id_revisions")),
        sa.PrimaryKeyConstraint("user_id", "revision_id", name=op.f("pk_favourites")),
    )
    op.create_index(op.f("ix_favourites_revision_id"), "favourites", ["revision_id"])


def _create_guild_settings() -> None:
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", _NUMBER, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("purge_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_settings")),
    )


def _create_drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("guild_id", _NUMBER, nullable=True),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_user_id"), "drafts", ["user_id"])
    op.create_index(op.f("ix_drafts_message_id"), "drafts", ["message_id"])
