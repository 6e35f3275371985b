"""Find the songs of a channel, and the results of a server that are older than it wants to keep."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes; the short one on channels has its columns in another order, so it stays."""
    with op.batch_alter_table("revisions") as revisions:
        revisions.create_index("ix_revisions_channel_id_song_id", ["channel_id", "song_id"])
        revisions.create_index("ix_revisions_guild_id_created_at", ["guild_id", "created_at"])


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("revisions") as revisions:
        revisions.drop_index("ix_revisions_guild_id_created_at")
        revisions.drop_index("ix_revisions_channel_id_song_id")
