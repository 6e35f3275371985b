"""Rows for tables of any version, by what the database itself says of its columns; the mapped classes know only the newest."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

NUM_ROWS = 3
_MOMENT = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)


async def reflect(connection):
    """Return the tables of a database as they are, without Alembic's own, those referred to first."""
    metadata = sa.MetaData()
    await connection.run_sync(metadata.reflect)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


async def fill_empty(connection, tables):
    """Put rows into every one of these tables that has none, and return the names of those."""
    filled = []
    for table in tables:
        if not (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar():
            for number in range(1, NUM_ROWS + 1):
                await connection.execute(table.insert().values(_row(table, number)))
            filled.append(table.name)
    return filled


async def contents(connection, tables):
    """Return every row of these tables: name -> rows by column, in the order of their keys."""
    found = {}
    for table in tables:
        keys = list(table.primary_key.columns)
        rows = (await connection.execute(sa.select(table).order_by(*keys))).mappings().all()
        found[table.name] = [dict(row) for row in rows]
    return found


def _row(table, number):
    return {column.name: _value(column, number) for column in table.columns if not _may_stay_empty(column, number)}


def _may_stay_empty(column, number):
    """The first row has nothing where nothing is allowed, the others have everything."""
    return column.nullable and number == 1


def _value(column, number):  # noqa: PLR0911 - one line for each kind
    if column.foreign_keys or column.primary_key:
        return "a" * 63 + str(number) if isinstance(column.type, sa.String) else number
    match column.type:
        case sa.JSON():
            return {"number": number, "text": "Grüße 🎵"}
        case sa.Boolean():
            return number % 2 == 0
        case sa.DateTime():
            moment = _MOMENT + timedelta(days=number)
            return moment if column.type.timezone else moment.replace(tzinfo=None)
        case sa.String():
            return f"{number} text"[: column.type.length or 100]
        case sa.LargeBinary():
            return bytes((0, 255, number))
        case sa.Float() | sa.REAL():
            return number + 0.25
        case sa.Integer():
            return number
        case _:
            raise AssertionError(f"no value for {column!r}")
