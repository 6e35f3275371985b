"""Alembic's environment: runs the versions on the connection that ``db/migrate.py`` opened. It opens none itself."""

from __future__ import annotations

from alembic import context

from db.tables import Base  # from the module that fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes tables by rebuilding them
    compare_type=True,
)
context.run_migrations()
