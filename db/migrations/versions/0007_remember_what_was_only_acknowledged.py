"""Remember what was only acknowledged, so that nobody looks at "thinking…" for ever after a kill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "acknowledgements",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("application_id", _NUMBER, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("effect", sa.String(8), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("lease_owner", sa.String(200), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("acknowledgements")
