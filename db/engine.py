"""The scope of a transaction; the one seam where SQLAlchemy's errors become ours, and the place where a transaction is tried again.

It knows nothing of tables. A transaction that writes is as if it had been alone, on every kind of database (docs/decisions/0026): SQLite
takes the write lock at its start (BEGIN IMMEDIATE), PostgreSQL one of our own (db/locks.py).

Writers of this process wait in line before they open their transaction: waiting inside the database is a lottery on SQLite, in which
somebody among twenty may lose for ten seconds and fail, and each holds a connection meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ParamSpec, TypeVar

import structlog
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from core.errors import StorageError
from core.metrics import Metrics, NullMetrics
from db.addresses import for_reading, open_engine, read_address
from db.discretion import forget_values
from db.locks import lock_alone, lock_beside_others
from db.troubles import (
    CONNECTING_ERRORS,
    FOREIGN_ERRORS,
    configuration_error,
    connection_error,
    is_demoted,
    is_starting,
    storage_error,
)

_log = structlog.stdlib.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 10.0
"""How long a transaction is tried again: long enough for a server to be restarted, short enough for somebody who waits."""
WRITERS_AT_ONCE = 4
"""On PostgreSQL, of one process. SQLite has one."""

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.5


class Database:
    """One database, opened once per process.

    ``async with database.writing() as session`` is one transaction, committed at the end of the block and rolled back
    by any error; ``reading`` never waits for writers.
    """

    def __init__(self, url: str, *, metrics: Metrics | None = None) -> None:
        self.url = url
        self._metrics = metrics or NullMetrics()
        self._writer = open_engine(url)
        self._reader = for_reading(self._writer)
        self._turn = asyncio.Semaphore(1 if self.is_sqlite else WRITERS_AT_ONCE)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of SQLite; PostgreSQL otherwise."""
        return self._writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that may write, and in which nobody else writes meanwhile. Use it in an ``unbroken`` function.

        Raises:
            StorageError: when the database fails.
        """
        async with self._turn, _scope(self._writer, self._metrics, lock_alone) as session:
            yield session

    @asynccontextmanager
    async def writing_beside_others(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that may write while others of this kind do, on PostgreSQL; nobody is ``writing`` meanwhile.

        Only for what happens with every job, and only where each row that is decided on is locked (``with_for_update``),
        changed by a conditional UPDATE, or added by an INSERT that bears being second.

        Raises:
            StorageError: when the database fails.
        """
        async with self._turn, _scope(self._writer, self._metrics, lock_beside_others) as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction that only reads, from one snapshot.

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
    """Bring a transaction to its end: a cancelled caller's cancellation waits for it, and a refused one is tried again.

    A statement of SQLite runs in a thread that cancelling does not reach: a task cancelled inside BEGIN IMMEDIATE would
    leave a connection that takes the write lock later and never gives it back. PostgreSQL may refuse one of two transactions
    that wait for each other, and a server that is restarted loses those under way; neither has happened then, so it is begun
    anew, as a whole: what such a function does beside its transaction must bear being done twice. Use it on every
    transaction of a service.
    """

    @functools.wraps(transaction)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(_persist(lambda: transaction(*args, **kwargs)))
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


@asynccontextmanager
async def migration_connection(url: str) -> AsyncGenerator[AsyncConnection]:
    """Open one transaction on an engine of its own, for changing tables; another process that does so is waited for.

    Raises:
        ConfigurationError: when the database cannot be reached with this address; it says what to change.
        StorageError: when the database fails.
    """
    engine = open_engine(url, for_migration=True)
    try:
        async with AsyncExitStack() as stack:
            connection = await _connect_at_start(engine, stack)
            await lock_alone(connection)
            yield connection
            await connection.commit()
    except (*FOREIGN_ERRORS, CommandError) as error:
        forget_values(error)
        raise configuration_error(error, read_address(url)) or StorageError(
            f"the tables could not be brought up to date: {error}"
        ) from error
    finally:
        await engine.dispose()


async def _connect_at_start(engine: AsyncEngine, stack: AsyncExitStack) -> AsyncConnection:
    """Return a connection in a transaction; a server that is just starting is waited for."""
    give_up_at = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            connection = await stack.enter_async_context(engine.connect())
            await connection.begin()
        except CONNECTING_ERRORS as error:
            if not is_starting(error) or asyncio.get_running_loop().time() > give_up_at:
                raise configuration_error(error, engine.url) or StorageError(
                    f"the database cannot be opened: {error}"
                ) from error
        else:
            return connection
        await asyncio.sleep(_LONGEST_PAUSE_SECONDS)


async def _persist(transaction: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Try a transaction until it comes through, or its error says that there is no use in it."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_SECONDS
    pause_seconds, num_attempts = _FIRST_PAUSE_SECONDS, 0
    while True:
        try:
            return await transaction()
        except StorageError as error:
            num_attempts += 1
            if num_attempts >= error.max_attempts or loop.time() > give_up_at:
                raise
            _log.warning("transaction_tried_again", num_attempts=num_attempts, cause=type(error.__cause__).__name__)
        await asyncio.sleep(pause_seconds * (0.5 + random.random()))  # two that met must not meet again
        pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def _scope(
    engine: AsyncEngine, metrics: Metrics, lock: Callable[[AsyncSession], Coroutine[Any, Any, None]] | None = None
) -> AsyncGenerator[AsyncSession]:
    is_committing = False
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
        except CONNECTING_ERRORS as error:
            metrics.count_database_error()
            raise connection_error(error) from error
        try:
            async with AsyncSession(connection, expire_on_commit=False) as session, session.begin():
                if lock is not None:
                    await lock(session)
                yield session
                await session.flush()
                is_committing = True
        except FOREIGN_ERRORS as error:
            metrics.count_database_error()
            forget_values(error)
            if is_demoted(error):
                await connection.invalidate()
            raise storage_error(error, is_committing=is_committing) from error
