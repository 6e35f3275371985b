"""Addresses of databases: what DATABASE_URL may say, and the engine that each kind of database gets.

SQLite runs with a write-ahead log and takes the write lock at the start of a writing transaction (BEGIN IMMEDIATE), so two
writers wait for each other in place of failing half-way. PostgreSQL's writers wait for each other at locks (db/locks.py), and each of
their statements sees what was committed before it, so that nobody decides on what was true before the waiting. Whoever only
reads sees one snapshot, on both. It knows nothing of tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.errors import ConfigurationError
from db.hosts import PrimarySearch, hosts_of, name_hosts, unfold_hosts

BUSY_TIMEOUT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 10.0
STATEMENT_TIMEOUT_SECONDS = 30.0
"""On the server: no statement and no wait for a lock lasts longer."""
ANSWER_TIMEOUT_SECONDS = 45.0
"""On our side: a server that says nothing at all for so long is gone (a cable was cut, a machine froze)."""
IDLE_TRANSACTION_SECONDS = 60.0
"""On the server: the locks of a bot that froze in the middle of a transaction, or whose machine is gone, are free again after this."""
KEEPALIVE_SECONDS = 10
POOL_SIZE = 8
MAX_POOL_OVERFLOW = 8
POOL_TIMEOUT_SECONDS = 10.0
RECYCLE_SECONDS = 1800  # shorter than what firewalls and proxies in between usually allow

_POSTGRESQL_DRIVER = "postgresql+asyncpg"
_POSTGRESQL_NAMES = frozenset({"postgres", "postgresql", _POSTGRESQL_DRIVER})
_SQLITE_DRIVER = "sqlite+aiosqlite"
_SQLITE_NAMES = frozenset({"sqlite", _SQLITE_DRIVER})
_EXAMPLES = "Examples: sqlite+aiosqlite:///runs/tutti.db or postgresql+asyncpg://tutti:password@localhost/tutti"
_IS_READING = "tutti_is_reading"
_KEEPALIVE = {
    "tcp_keepalives_idle": str(KEEPALIVE_SECONDS),
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""So that the server notices a machine that is gone, not only a process."""
_PARAMETERS = frozenset({"host", "port", "ssl", "target_session_attrs"})


def read_address(url: str) -> URL:
    """Return an address with the driver that we use; what other tools write (``postgres://``, ``sslmode``) is understood.

    Raises:
        ConfigurationError: when it cannot be understood.
    """
    try:
        address = make_url(unfold_hosts(url))
    except (ArgumentError, ValueError) as error:
        raise unusable(error) from error
    if address.drivername in _SQLITE_NAMES:
        return address.set(drivername=_SQLITE_DRIVER)
    if address.drivername not in _POSTGRESQL_NAMES:
        raise unusable(f"there is no home on “{address.drivername}”, only on SQLite and on PostgreSQL")
    query = dict(address.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    unknown = sorted(set(query) - _PARAMETERS)
    if unknown:
        raise unusable(f"unknown parameter “{unknown[0]}”; there are {', '.join(sorted(_PARAMETERS))}")
    if not address.database:
        raise unusable("the name of the database is missing after the last /")
    try:
        return name_hosts(address.set(drivername=_POSTGRESQL_DRIVER, query=query))
    except ValueError as error:
        raise unusable(error) from error


def is_sqlite(address: URL) -> bool:
    """Return whether a database is a file of SQLite."""
    return address.get_backend_name() == "sqlite"


def describe_address(url: str) -> str:
    """Return an address in words, for people and logs: never with a password.

    Raises:
        ConfigurationError: when it cannot be understood.
    """
    address = read_address(url)
    if is_sqlite(address):
        return f"SQLite file {address.database or '(in memory)'}"
    return f"PostgreSQL database “{address.database}” at {where_of(address)}"


def where_of(address: URL) -> str:
    """Return which server an address means: host and port, or the folder of its socket; or which servers."""
    if hosts := hosts_of(address):
        return " or ".join(hosts)
    host = address.host or address.query.get("host") or "localhost"
    name = host if isinstance(host, str) else ",".join(host)
    return name if name.startswith("/") else f"{name}:{address.port or 5432}"


def open_engine(url: str, *, for_migration: bool = False) -> AsyncEngine:
    """Return an engine for a database address. One for migrations has no limits of time, and foreign keys are off where tables are
    rebuilt.

    Raises:
        ConfigurationError: when the address cannot be understood.
    """
    address = read_address(url)
    try:
        if is_sqlite(address):
            return _open_sqlite(address, has_foreign_keys=not for_migration)
        return _open_postgresql(address, for_migration=for_migration)
    except (ArgumentError, NoSuchModuleError, OSError) as error:
        raise unusable(error) from error


def for_reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine for transactions that only read: from one snapshot, waiting for nobody, failing for nobody."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_IS_READING: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def unusable(reason: object) -> ConfigurationError:
    """Return the error for an address that cannot be used."""
    return ConfigurationError(f"DATABASE_URL cannot be used ({reason}). {_EXAMPLES}", variable="DATABASE_URL")


# Parameters stay out of errors, and so out of the log: they are what people wrote, and tokens.
def _open_sqlite(address: URL, *, has_foreign_keys: bool) -> AsyncEngine:
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(address, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    _prepare_sqlite(engine, has_foreign_keys=has_foreign_keys)
    return engine


def _open_postgresql(address: URL, *, for_migration: bool) -> AsyncEngine:
    # PostgreSQL takes milliseconds here, as text.
    limits = {
        "statement_timeout": STATEMENT_TIMEOUT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_TRANSACTION_SECONDS,
    }
    limits = {name: "0" if for_migration else str(int(seconds * 1000)) for name, seconds in limits.items()}
    finding = {"async_creator_fn": PrimarySearch().connect} if hosts_of(address) else {}
    return create_async_engine(
        address,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=MAX_POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        connect_args={
            **finding,
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": None if for_migration else ANSWER_TIMEOUT_SECONDS,
            "server_settings": {"application_name": "tutti", "timezone": "UTC", "jit": "off", **_KEEPALIVE, **limits},
        },
    )


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
