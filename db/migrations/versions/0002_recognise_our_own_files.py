"""Recognise our own files: remember the hash of the MIDI file that people were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the hash; earlier results stay unknown."""
    with op.batch_alter_table("revisions") as revisions:
        revisions.add_column(sa.Column("midi_hash", sa.String(length=64), nullable=True))
        revisions.create_index("ix_revisions_midi_hash", ["midi_hash"])


def downgrade() -> None:
    """Forget the hash."""
    with op.batch_alter_table("revisions") as revisions:
        revisions.drop_index("ix_revisions_midi_hash")
        revisions.drop_column("midi_hash")
