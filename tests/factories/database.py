"""Fixtures: real databases, migrated by Alembic once and copied for each test. Import them into a ``conftest.py``.

A test that asks for ``database``, ``database_url`` or ``empty_url`` runs on SQLite, on PostgreSQL or on both: tests/conftest.py decides.
"""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from sqlalchemy import make_url

from db.engine import Database
from db.migrate import upgrade
from tests.factories.postgresql import PostgreSQLServer

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_TEMPLATE = "template_of_tests"


class DatabaseMaker:
    """Makes databases on a server: empty ones, and ones with all tables."""

    def __init__(self, server: PostgreSQLServer) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count()
        self._is_template_ready = False

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the address of a database with all tables, gone after the block."""
        if not self._is_template_ready:
            self._run(f"CREATE DATABASE {_TEMPLATE}")
            self._loop.run_until_complete(upgrade(self._server.url(_TEMPLATE)))
            self._is_template_ready = True
        with self._copied(_TEMPLATE) as url:
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the address of a database without tables, gone after the block."""
        with self._copied("template0") as url:
            yield url

    def close(self) -> None:
        """End what it needs itself."""
        self._loop.close()

    @contextmanager
    def _copied(self, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        # Copying files is twice as quick as writing them through the log, for a database as small as this.
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self._server.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        self._loop.run_until_complete(execute(self._server.url("postgres"), statement))


async def execute(url: str, statement: str) -> None:
    """Run one statement outside of any transaction."""
    address = make_url(url)
    where = {"host": address.query["host"], "port": int(address.query.get("port", "5432"))}
    connection = await asyncpg.connect(**where, user=address.username, database=address.database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgresql_server():
    """One server for a whole test run, started when the first test asks for it."""
    server = PostgreSQLServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql_maker(postgresql_server):
    maker = DatabaseMaker(postgresql_server)
    yield maker
    maker.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("migrated") / "tutti.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture
def database_kind():
    """Which kind of database a test runs on; tests/conftest.py gives it both values where both are wanted."""
    return SQLITE


@pytest.fixture
def database_url(database_kind, tmp_path, request):
    """A database with all tables and no rows."""
    if database_kind == SQLITE:
        yield f"sqlite+aiosqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path)}"
        return
    with request.getfixturevalue("postgresql_maker").migrated() as url:
        yield url


@pytest.fixture
def empty_url(database_kind, tmp_path, request):
    """A database without tables."""
    if database_kind == SQLITE:
        yield f"sqlite+aiosqlite:///{tmp_path}/empty.db"
        return
    with request.getfixturevalue("postgresql_maker").empty() as url:
        yield url


@pytest.fixture
async def database(database_url):
    database = Database(database_url)
    yield database
    await database.close()
