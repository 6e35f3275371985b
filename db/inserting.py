"""Adding a row that somebody else may be adding at the same moment. It knows nothing of what rows mean."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base


async def add_unless_there(session: AsyncSession, row: Base) -> None:
    """Store a row unless one with the same primary or unique key is stored; of two that come at once the first stays.

    On PostgreSQL the second waits for the first one's transaction. The row given stays outside of the session: look for it again.
    """
    table = type(row)
    values = {column.key: getattr(row, column.key) for column in inspect(table).column_attrs}
    values = {name: value for name, value in values.items() if value is not None}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(insert(table).values(values).on_conflict_do_nothing())
