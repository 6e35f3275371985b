"""Remember of each turn what is still to be said of it, so that a bot that dies before it has said it says it after its restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_MOMENT = sa.DateTime(timezone=True)
_IS_UNSAID = sa.text("unsaid IS NOT NULL")


def upgrade() -> None:
    """Add two columns, and an index of the few rows where they say something; of turns before, everything counts as said."""
    op.add_column("turns", sa.Column("unsaid", sa.String(12), nullable=True))
    op.add_column("turns", sa.Column("unsaid_at", _MOMENT, nullable=True))
    op.create_index("ix_turns_unsaid", "turns", ["id"], postgresql_where=_IS_UNSAID, sqlite_where=_IS_UNSAID)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_turns_unsaid", "turns")
    op.drop_column("turns", "unsaid_at")
    op.drop_column("turns", "unsaid")
