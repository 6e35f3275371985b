"""A whole database into one file, back from it, and from one database into another of any kind.

What was written is read back and compared with what was read, through a hash over every row, before it is committed. Nothing is held in
memory but some rows. It knows nothing of what rows mean.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import InputError, StorageError
from db.addresses import describe_address, read_address
from db.backup_file import check_backup, read_tables, writing_backup
from db.engine import Database, migration_connection
from db.migrate import BASE, HEAD, downgrade, known_versions, upgrade
from db.portable import (
    BATCH_ROWS,
    Digest,
    Row,
    TableShape,
    continue_numbering,
    digest_of,
    filled_tables,
    read_rows,
    table_shapes,
    write_rows,
)
from db.tables import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds: the version of its tables, and rows by table."""

    version: str
    num_rows: dict[str, int]

    @property
    def total_rows(self) -> int:
        """The rows of all tables."""
        return sum(self.num_rows.values())


async def back_up(url: str, file: Path, *, now: datetime) -> Copied:
    """Write everything in a database into a file, from one snapshot; a bot may be at work meanwhile.

    Raises:
        InputError: when the file cannot be written.
        StorageError: when the database fails.
    """
    await upgrade(url)
    num_rows: dict[str, int] = {}
    version = known_versions()[-1]
    async with _reading(url) as source:
        with writing_backup(file) as writer:
            writer.begin(version=version, now=now)
            for shape in table_shapes():
                writer.table(shape)
                num_rows[shape.name] = 0
                async for rows in read_rows(source, shape):
                    writer.rows(rows)
                    num_rows[shape.name] += len(rows)
            writer.end()
    return Copied(version=version, num_rows=num_rows)


async def restore(url: str, file: Path) -> Copied:
    """Fill an empty database from a file, also from one of earlier tables.

    Raises:
        InputError: when the file is damaged or newer than this program, or the database is not empty.
        StorageError: when the database fails.
    """
    header = check_backup(file)
    if header.version not in known_versions():
        raise InputError(
            f"The backup has tables of version {header.version}, newer than this Tutti. Update Tutti first."
        )
    await _prepare(url, version=header.version)
    async with migration_connection(url) as target:
        filling = _Filling(target)
        for shape, row in read_tables(file):
            await filling.take(shape, row)
        num_rows = await filling.end()
    await upgrade(url)
    return Copied(version=header.version, num_rows=num_rows)


async def move(source_url: str, target_url: str, *, now: datetime) -> Copied:
    """Copy everything into an empty database of any kind. The source stays as it is.

    Raises:
        InputError: when the target is not empty, or a bot is at work in the source.
        StorageError: when a database fails.
    """
    if read_address(source_url) == read_address(target_url):
        raise InputError("Both addresses are the same. Name with --to where everything shall go.")
    await upgrade(source_url)
    await _prepare(target_url, version=HEAD)
    async with _reading(source_url) as source:
        await _require_rest(source, now=now)
        async with migration_connection(target_url) as target:
            filling = _Filling(target)
            for shape in table_shapes():
                await filling.begin(shape)
                async for rows in read_rows(source, shape):
                    await filling.add(rows)
            num_rows = await filling.end()
    return Copied(version=known_versions()[-1], num_rows=num_rows)


class _Filling:
    """Fills the tables of an empty database one after the other and compares each with what came."""

    def __init__(self, target: AsyncConnection) -> None:
        self._target = target
        self._shape: TableShape | None = None
        self._shapes: list[TableShape] = []
        self._waiting: list[Row] = []
        self._digest = Digest()
        self._num_rows: dict[str, int] = {}

    async def take(self, shape: TableShape, row: Row | None) -> None:
        """Begin a table, or take one of its rows."""
        if row is None:
            await self.begin(shape)
            return
        self._waiting.append(row)
        if len(self._waiting) >= BATCH_ROWS:
            await self._write_waiting()

    async def begin(self, shape: TableShape) -> None:
        """End the table before and begin one."""
        await self._end_table()
        self._shape, self._digest = shape, Digest()
        self._shapes.append(shape)

    async def add(self, rows: list[Row]) -> None:
        """Write rows of the table begun last."""
        assert self._shape is not None
        self._digest.add(rows)
        await write_rows(self._target, self._shape, rows)

    async def end(self) -> dict[str, int]:
        """End the last table and return how many rows each has.

        Raises:
            StorageError: when a table does not hold what was written into it.
        """
        await self._end_table()
        await continue_numbering(self._target, self._shapes)
        return self._num_rows

    async def _write_waiting(self) -> None:
        rows, self._waiting = self._waiting, []
        await self.add(rows)

    async def _end_table(self) -> None:
        if self._shape is None:
            return
        await self._write_waiting()
        if await digest_of(self._target, self._shape) != self._digest:
            raise StorageError(f"the table {self._shape.name} does not hold what was written into it")
        self._num_rows[self._shape.name] = self._digest.num_rows


@asynccontextmanager
async def _reading(url: str) -> AsyncGenerator[AsyncConnection]:
    database = Database(url)
    try:
        async with database.reading() as session:
            yield await session.connection()
    finally:
        await database.close()


async def _prepare(url: str, *, version: str) -> None:
    """Give an empty database the tables of a version.

    Raises:
        InputError: when it is not empty.
    """
    async with migration_connection(url) as connection:
        filled = await filled_tables(connection)
    if filled:
        raise InputError(
            f"The {describe_address(url)} is not empty (there are rows in {', '.join(filled[:3])}). Name an empty one."
        )
    if version != HEAD:
        await downgrade(url, BASE)
    await upgrade(url, version)


async def _require_rest(source: AsyncConnection, *, now: datetime) -> None:
    """Refuse to move what a bot is still changing: what it wrote after our look would stay behind."""
    num_leased = await source.scalar(
        select(func.count()).select_from(Job).where(Job.is_answered.is_(False), Job.lease_until > now)
    )
    if num_leased:
        raise InputError(f"A bot works on {num_leased} jobs in there. Stop it (it gives them back), then move.")
