"""Keep the keys that sign the identifiers of buttons, so that every bot on this database has the same ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "signing_keys",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("secret", sa.String(64), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("unsigned_until", _MOMENT, nullable=False),
        sa.Column("retired_at", _MOMENT, nullable=True),
    )


def downgrade() -> None:
    """Take it away: what was signed is nobody's then, also after another upgrade."""
    op.drop_table("signing_keys")
