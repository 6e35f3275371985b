"""Find unfinished jobs, the newest of a kind, cards that are behind, and what one person did, without reading all there is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PEOPLE = (
    ("branches", "author_id"),
    ("song_comments", "resolved_by_id"),
    ("song_tags", "author_id"),
    ("votes", "opened_by_id"),
)
_IS_BEHIND = sa.text("card_wanted > card_shown")


def upgrade() -> None:
    """Add the indexes."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.create_index("ix_jobs_operation_id", ["operation", "id"])
        jobs.create_index("ix_jobs_status_id", ["status", "id"])
    op.create_index(
        "ix_shared_songs_card_behind", "shared_songs", ["id"], postgresql_where=_IS_BEHIND, sqlite_where=_IS_BEHIND
    )
    for table, column in _PEOPLE:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Take them away."""
    for table, column in _PEOPLE:
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index("ix_shared_songs_card_behind", "shared_songs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_index("ix_jobs_status_id")
        jobs.drop_index("ix_jobs_operation_id")
