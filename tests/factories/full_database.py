"""Rows in every table there is, by the columns alone: each kind of value at its edges, so that a copy that loses anything is seen."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from db.portable import TableShape, table_shapes, write_rows
from db.schema import METADATA

NUM_ROWS = 7
_SNOWFLAKE = 1_152_921_504_606_846_977  # as long as Discord's numbers are, and no float
_TEXTS = ("", "plain", "Grüße, 音楽 🎵", "quotes ' \" \\ and\nlines", "0")
_JSON = ("null", "{}", "[1,2.5,true,null]", '{"b": 1,   "a": "order and spaces stay", "c": "Gr\\u00fc\\u00dfe 🎵"}')


async def fill(connection, *, seed=1, has_leases=True):
    """Fill every table of a database with rows that refer to each other."""
    dice = random.Random(seed)
    for shape in table_shapes():
        await write_rows(connection, shape, [_row(shape, index, dice) for index in range(1, NUM_ROWS + 1)])
    if not has_leases:
        await connection.execute(text("UPDATE jobs SET lease_until = NULL"))


def _row(shape: TableShape, index, dice):
    table = METADATA.tables[shape.name]
    return tuple(
        _value(table.columns[name], kind, index, dice) for name, kind in zip(shape.columns, shape.kinds, strict=True)
    )


def _value(column, kind, index, dice):
    if column.foreign_keys or column.name == "id":
        return "a" * 63 + str(index) if kind == "text" else index
    if column.primary_key or column.unique:
        return "a" * 63 + str(index) if kind == "text" else _SNOWFLAKE + index
    if column.nullable and dice.random() < 0.3:
        return None
    length = getattr(column.type, "length", None) or 300
    return {
        "number": dice.choice((0, index, -1, _SNOWFLAKE + index, 2**63 - 1)),
        "real": dice.choice((0.0, 0.1, 1e-300, 123456789.123456789)),
        "truth": dice.random() < 0.5,
        "text": (f"{index}{dice.choice(_TEXTS)}")[:length],
        "bytes": "" if index == 1 else "AP8QgA==",
        "moment": (datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC) + timedelta(hours=index)).isoformat(),
        "json": dice.choice(_JSON),
    }[kind]
