"""The engine and the scope of a transaction; the one seam where SQLAlchemy's errors become ours.

It knows nothing of tables. SQLite runs with a write-ahead log and takes the write lock at the start of a writing
transaction (BEGIN IMMEDIATE), so two writers wait for each other in place of failing half-way.

Writers of this process wait in line before they ask for that lock: SQLite's own waiting is a lottery, in which somebody among
twenty may lose for ten seconds and fail, and each holds a connection meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from alembic.util import CommandError
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from core.errors import ConfigurationError, StorageError
from core.metrics import Metrics, NullMetrics

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_SECONDS = 10.0
_VALUE_ERRORS = (OverflowError, UnicodeError)  # drivers raise these bare for values that no column takes
_IS_READING = "tutti_is_reading"


class Database:
    """One database, opened once per process.

    ``async with database.writing() as session`` is one transaction, committed at the end of the block and rolled back
    by any error; ``reading`` never waits for writers.
    """

    def __init__(self, url: str, *, metrics: Metrics | None = None) -> None:
        self.url = url
        self._metrics = metrics or NullMetrics()
        self._writer = open_engine(url)
        self._reader = self._writer.execution_options(**{_IS_READING: True})
        is_sqlite = self._writer.dialect.name == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if is_sqlite else contextlib.nullcontext()

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that may write.

        Raises:
            StorageError: when the database fails.
        """
        async with self._turn, _scope(self._writer, self._metrics) as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that only reads.

        Raises:
            StorageError: when the database fails.
        """
        async with _scope(self._reader, self._metrics) as session:
            yield session

    async def check(self) -> bool:
        """Return True when the database answers.

        Raises:
            StorageError: when it does not.
        """
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()


def unbroken(transaction: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let a transaction come to its end even when its caller is cancelled; the caller's cancellation then goes on.

    A statement of SQLite runs in a thread that cancelling does not reach: a task cancelled inside BEGIN IMMEDIATE would
    leave a connection that takes the write lock later and never gives it back. Use it on every transaction of a service.
    """

    @functools.wraps(transaction)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(transaction(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # seen, so that nobody complains that it was not
            raise

    return run


def open_engine(url: str, *, has_foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine for a database address; migrations rebuild tables and so switch foreign keys off.

    Raises:
        ConfigurationError: when the address cannot be understood.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return create_async_engine(address, pool_pre_ping=True)
        if address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(address, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    except (ArgumentError, ModuleNotFoundError, OSError) as error:
        message = f"DATABASE_URL cannot be used ({error}). Example: sqlite+aiosqlite:///runs/tutti.db"
        raise ConfigurationError(message, variable="DATABASE_URL") from error
    _prepare_sqlite(engine, has_foreign_keys=has_foreign_keys)
    return engine


@asynccontextmanager
async def migration_connection(url: str) -> AsyncGenerator[AsyncConnection]:
    """Open one transaction on an engine of its own, for changing tables.

    Raises:
        StorageError: when the database fails.
    """
    engine = open_engine(url, has_foreign_keys=False)
    try:
        async with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error, CommandError) as error:
        raise StorageError(f"the tables could not be brought up to date: {error}") from error
    finally:
        await engine.dispose()


@asynccontextmanager
async def _scope(engine: AsyncEngine, metrics: Metrics) -> AsyncGenerator[AsyncSession]:
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except (SQLAlchemyError, sqlite3.Error, *_VALUE_ERRORS) as error:
        metrics.count_database_error()
        raise StorageError(f"the database failed: {type(error).__name__}: {error}") from error


def _prepare_sqlite(engine: AsyncEngine, *, has_foreign_keys: bool) -> None:
    """Take the transactions out of the driver's hands: it would begin them late and without the write lock."""

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # an accepted job survives a power cut
        cursor.execute("PRAGMA secure_delete = ON")  # what was erased is overwritten, as docs/privacy.md promises
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if has_foreign_keys else 'OFF'}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        is_reading = connection.get_execution_options().get(_IS_READING, False)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
