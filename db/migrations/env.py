"""Alembic's environment: runs the versions on the connection that ``db/migrate.py`` opened. It opens none itself."""

from __future__ import annotations

from alembic import context

from db.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes tables by rebuilding them
    compare_type=True,
)
context.run_migrations()
