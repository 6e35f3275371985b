"""Brings the tables to a version: called at start-up, by tests, and as ``python -m db.migrate [VERSION]``.

It knows nothing of what the versions do; they lie in ``db/migrations/versions``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.errors import ConfigurationError, TuttiError
from core.settings import Settings
from db.engine import migration_connection

HEAD = "head"
BASE = "base"


async def upgrade(url: str, version: str = HEAD) -> None:
    """Apply every version up to ``version``.

    Raises:
        core.errors.ConfigurationError: when a newer program has changed the tables.
        core.errors.StorageError: when the database fails.
    """

    def apply(config: Config) -> None:
        _refuse_newer(config.attributes["connection"])
        command.upgrade(config, version)

    await _run(url, apply)


async def downgrade(url: str, version: str = BASE) -> None:
    """Take versions back down to ``version``.

    Raises:
        core.errors.StorageError: when the database fails.
    """
    await _run(url, lambda config: command.downgrade(config, version))


def known_versions() -> list[str]:
    """Return every version that this program knows, oldest first."""
    script = ScriptDirectory.from_config(_config())
    return [version.revision for version in script.walk_revisions()][::-1]


async def draft_version(url: str, message: str, *, version: str) -> None:
    """Write a new version file from the difference between the tables and the mapped classes, to be edited by hand.

    Raises:
        core.errors.StorageError: when the database fails.
    """
    await _run(url, lambda config: command.revision(config, message, autogenerate=True, rev_id=version))


async def _run(url: str, action: Callable[[Config], object]) -> None:
    def on_connection(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        action(config)

    async with migration_connection(url) as connection:
        await connection.run_sync(on_connection)


def _refuse_newer(connection: Connection) -> None:
    """Stop before anything is touched that we do not understand: after a return to an older program, for instance."""
    for found in MigrationContext.configure(connection).get_current_heads():
        if found not in known_versions():
            raise ConfigurationError(
                f"The database in DATABASE_URL was used by a newer Tutti (its tables are of version {found}). Start that one again, or "
                "name an empty database and fill it from a backup of before: python -m bot restore FILE.",
                variable="DATABASE_URL",
            )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def main() -> None:
    """Read the command line and bring the configured database to the asked version."""
    parser = argparse.ArgumentParser(prog="python -m db.migrate", description="Bring the tables up to date.")
    parser.add_argument("version", nargs="?", default=HEAD, help="head (default), base, or the number of a version")
    parser.add_argument("--down", action="store_true", help="take versions back in place of applying them")
    parser.add_argument("--draft", metavar="MESSAGE", help="write a new version file named VERSION from the difference")
    arguments = parser.parse_args()
    try:
        asyncio.run(_obey(arguments, Settings().database.url))
    except TuttiError as error:
        sys.exit(str(error))  # to standard error, with exit code 1


async def _obey(arguments: argparse.Namespace, url: str) -> None:
    if arguments.draft:
        await draft_version(url, arguments.draft, version=arguments.version)
    elif arguments.down:
        await downgrade(url, arguments.version)
    else:
        await upgrade(url, arguments.version)


if __name__ == "__main__":
    main()
