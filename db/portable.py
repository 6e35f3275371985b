"""Rows of every table as plain values that mean the same in every kind of database, with a hash by which two copies are compared.

A value is what JSON can say: moments as ISO 8601 in UTC, bytes as base64, JSON columns as the very text that is stored. It commits
nothing and knows nothing of what tables mean.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Float,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    column,
    func,
    insert,
    inspect,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from db.base import BigId, UTCDateTime
from db.schema import METADATA

Kind = Literal["number", "real", "truth", "text", "bytes", "moment", "json"]
Value = str | int | float | bool | None
Row = tuple[Value, ...]

BATCH_ROWS = 200
_TYPES: dict[Kind, TypeEngine[Any]] = {
    "number": BigId,
    "real": Float(53),
    "truth": Boolean(),
    "text": Text(),
    "bytes": LargeBinary(),
    "moment": UTCDateTime(),
    "json": Text(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table's columns and what each holds, in their order; ``key`` names those of the primary key."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    key: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"table": self.name, "columns": self.columns, "kinds": self.kinds, "key": self.key}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return what ``as_json`` made.

        Raises:
            KeyError, TypeError, ValueError: for anything else.
        """
        kinds: tuple[Kind, ...] = tuple(data["kinds"])
        if not all(kind in _TYPES for kind in kinds) or len(kinds) != len(data["columns"]):
            raise ValueError("unknown kinds of columns")
        return cls(name=str(data["table"]), columns=tuple(data["columns"]), kinds=kinds, key=tuple(data["key"]))


@dataclass(slots=True)
class Digest:
    """How many rows there are and what they hold; their order does not matter, because databases sort differently."""

    num_rows: int = 0
    total: int = field(default=0, repr=False)

    def add(self, rows: Iterable[Row]) -> None:
        """Count rows in."""
        for row in rows:
            self.num_rows += 1
            self.total = (self.total + int.from_bytes(hashlib.sha256(encode_row(row)).digest())) % 2**256

    @property
    def hex(self) -> str:
        """The hash as text."""
        return f"{self.total:064x}"


def encode_row(row: Row) -> bytes:
    """Return a row as one line of JSON."""
    return json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode()


def table_shapes() -> tuple[TableShape, ...]:
    """Return every table of this version, each after those that it refers to."""
    return tuple(
        TableShape(
            name=each.name,
            columns=tuple(column.name for column in each.columns),
            kinds=tuple([_kind_of(column.type) for column in each.columns]),
            key=tuple(column.name for column in each.primary_key),
        )
        for each in METADATA.sorted_tables
    )


async def read_rows(connection: AsyncConnection, shape: TableShape) -> AsyncGenerator[list[Row]]:
    """Yield all rows of a table in batches."""
    columns: list[ColumnElement[Any]] = [
        # JSON as it is stored, not as some parser would write it again.
        sql_cast(column(name), Text) if kind == "json" else column(name, _TYPES[kind])
        for name, kind in zip(shape.columns, shape.kinds, strict=True)
    ]
    query = select(*columns).select_from(table(shape.name)).order_by(*(column(name) for name in shape.key))
    result = await connection.stream(query.execution_options(yield_per=BATCH_ROWS))
    async for batch in result.partitions(BATCH_ROWS):
        yield [tuple(_portable(value) for value in row) for row in batch]


async def write_rows(connection: AsyncConnection, shape: TableShape, rows: Sequence[Row]) -> None:
    """Add rows to a table."""
    if not rows:
        return
    is_postgresql = connection.dialect.name == "postgresql"
    target = table(shape.name, *(column(name, _TYPES[kind]) for name, kind in _pairs(shape)))
    parameters: dict[str, ColumnElement[Any]] = {}
    for name, kind in _pairs(shape):
        parameter: ColumnElement[Any] = bindparam(name, type_=_TYPES[kind])
        parameters[name] = sql_cast(parameter, JSON) if is_postgresql and kind == "json" else parameter
    values = [
        {name: _native(value, kind) for (name, kind), value in zip(_pairs(shape), row, strict=True)} for row in rows
    ]
    await connection.execute(insert(target).values(parameters), values)


async def digest_of(connection: AsyncConnection, shape: TableShape) -> Digest:
    """Return what a table holds."""
    digest = Digest()
    async for rows in read_rows(connection, shape):
        digest.add(rows)
    return digest


async def filled_tables(connection: AsyncConnection) -> list[str]:
    """Return which tables of ours are there and have rows."""
    there = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    ours = [each.name for each in METADATA.sorted_tables if each.name in there]
    one = literal_column("1", Integer)
    return [name for name in ours if await connection.scalar(select(one).select_from(table(name)).limit(1)) is not None]


async def continue_numbering(connection: AsyncConnection, shapes: Iterable[TableShape]) -> None:
    """Let PostgreSQL number new rows after those that brought their own numbers; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for shape in shapes:
        if len(shape.key) != 1:
            continue
        (key,) = shape.key
        sequence = await connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": f'"{shape.name}"', "key": key}
        )
        highest = await connection.scalar(select(func.max(column(key, BigId))).select_from(table(shape.name)))
        if sequence is not None and highest is not None:
            await connection.execute(select(func.setval(sequence, highest)))


def _pairs(shape: TableShape) -> list[tuple[str, Kind]]:
    return list(zip(shape.columns, shape.kinds, strict=True))


def _kind_of(kind: TypeEngine[Any]) -> Kind:
    found: Kind = "text"
    if isinstance(kind, UTCDateTime):
        found = "moment"
    elif isinstance(kind, JSON):
        found = "json"
    elif isinstance(kind, LargeBinary):
        found = "bytes"
    elif isinstance(kind, Boolean):
        found = "truth"
    elif isinstance(kind, Float):
        found = "real"
    elif isinstance(kind, Integer):
        found = "number"
    return found


def _portable(value: Any) -> Value:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _native(value: Value, kind: Kind) -> Any:
    if value is None:
        return None
    if kind == "moment":
        return datetime.fromisoformat(str(value))
    if kind == "bytes":
        return base64.b64decode(str(value), validate=True)
    return value
