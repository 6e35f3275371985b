"""What a driver's error means for us: whether the same transaction may be tried again, and which setting is wrong.

It is the table behind the one seam in ``db/engine.py``; it raises nothing itself and knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import ConfigurationError, StorageError
from db.addresses import is_sqlite, unusable, where_of
from db.hosts import NobodyTakesWritesError

FOREIGN_ERRORS = (SQLAlchemyError, sqlite3.Error, OverflowError, UnicodeError, TimeoutError)
"""What may come out of a transaction: drivers raise some bare, for values that no column takes or when nobody answers."""

CONNECTING_ERRORS = (*FOREIGN_ERRORS, OSError, TypeError)
"""What may come out of connecting."""

ONLY_ONCE = 1
ONCE_OR_TWICE_MORE = 3
AS_LONG_AS_PATIENCE_LASTS = 1_000_000

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not available
_MAYBE_CONFLICTS = frozenset({"23505", "23503"})  # a row came or went between our look and our write
_LOST = frozenset(
    {"57P01", "57P02", "57P03", "08000", "08003", "08006", "08001"}
)  # shut down, starting up, connection gone
_DEMOTED = frozenset(
    {"25006"}
)  # it takes no writes any more: a standby now, or behind a proxy that was turned too late
_TOO_MANY = frozenset({"53300"})

_REASONS: dict[str | None, str] = {
    "3D000": "PostgreSQL at {where} has no database “{database}”. Create it: createdb --owner={user} {database}",
    "28P01": "PostgreSQL at {where} refuses the password of “{user}”. Correct it",
    "28000": "PostgreSQL at {where} does not let “{user}” in. Correct the name, or allow it in pg_hba.conf",
    "42501": "“{user}” may not make tables in “{database}”. Make it the owner: ALTER DATABASE {database} OWNER TO {user}",
    "53300": "PostgreSQL at {where} has no connection left. Raise its max_connections",
}


def storage_error(error: BaseException, *, is_committing: bool) -> StorageError:
    """Return our error for one of a driver's. While committing, a lost connection leaves open whether it happened: never again then."""
    return StorageError(
        f"the database failed: {type(error).__name__}: {error}",
        max_attempts=_max_attempts(error, is_committing=is_committing),
    )


def connection_error(error: BaseException) -> StorageError:
    """Return our error for a connection that could not be made; nothing has happened yet, so that trying again is safe."""
    may_come_back = isinstance(error, OSError) or _code_of(error) in _LOST | _TOO_MANY
    return StorageError(
        f"the database cannot be reached: {type(error).__name__}: {error}",
        max_attempts=AS_LONG_AS_PATIENCE_LASTS if may_come_back else ONLY_ONCE,
    )


def configuration_error(error: BaseException, address: URL) -> ConfigurationError | None:
    """Return what an operator has to change so that we can connect; None when it is not a matter of settings."""
    if is_sqlite(address):
        return None
    code = _code_of(error)
    if code in _REASONS:
        return _named(_REASONS[code], address)
    if isinstance(error, OSError):
        return _named(_reason_of_network(error), address)
    is_about_ssl = isinstance(error, DBAPIError) and code is None and "ssl" in str(error).lower()
    return unusable(error) if is_about_ssl else None


def _reason_of_network(error: OSError) -> str:
    if isinstance(error, NobodyTakesWritesError):
        return "of PostgreSQL at {where} none takes what is written. Promote one: pg_ctl promote"
    if isinstance(error, TimeoutError):
        return "PostgreSQL at {where} does not answer in time. Check host, port and firewall"
    if "SSL" in str(error):
        return "PostgreSQL at {where} speaks no TLS. Write ?ssl=disable, or set TLS up there"
    return f"PostgreSQL at {{where}} does not answer ({error}). Start it, or correct host and port"


def is_starting(error: BaseException) -> bool:
    """Return whether a server is there but not ready yet: it starts, or is a standby that is to be the primary."""
    return _code_of(error) == "57P03" or isinstance(error, NobodyTakesWritesError)


def is_demoted(error: BaseException) -> bool:
    """Return whether a connection leads to a server that takes no writes any more, so that it must not be used again."""
    return _code_of(error) in _DEMOTED


def _max_attempts(error: BaseException, *, is_committing: bool) -> int:
    code = _code_of(error)
    if code in _CONFLICTS:
        return AS_LONG_AS_PATIENCE_LASTS
    if code in _MAYBE_CONFLICTS:
        return ONCE_OR_TWICE_MORE
    if is_committing:
        return ONLY_ONCE
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return AS_LONG_AS_PATIENCE_LASTS if is_lost or code in _LOST | _DEMOTED | _TOO_MANY else ONLY_ONCE


def _code_of(error: BaseException) -> str | None:
    """Return PostgreSQL's code of an error; None when it has none (SQLite, the network)."""
    for each in _chain(error):
        code = getattr(each, "sqlstate", None)
        if isinstance(code, str):
            return code
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None and not isinstance(error, asyncio.CancelledError):
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def _named(reason: str, address: URL) -> ConfigurationError:
    words = {"where": where_of(address), "user": address.username or "", "database": address.database}
    return ConfigurationError(f"DATABASE_URL: {reason.format(**words)}.", variable="DATABASE_URL")
