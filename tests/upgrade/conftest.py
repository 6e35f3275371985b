"""What a bot of version 0.1.0 left, brought to today's tables: as SQLite at its start, or moved to PostgreSQL as an operator does."""

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.services.clock import utc_now
from db.backup import move
from db.engine import Database
from db.migrate import upgrade
from tests.factories.studio import Studio

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def noted():
    """What that version's own services and people saw."""
    return json.loads((DATA / "first_version.json").read_text(encoding="utf-8"))


def write_first(file):
    """Make the SQLite file of that version, as it was when its bot was killed."""
    with sqlite3.connect(file) as connection:
        connection.executescript((DATA / "first_version.sql").read_text(encoding="utf-8"))
    connection.close()
    return file


@pytest.fixture
def first_file(tmp_path):
    return write_first(tmp_path / "first.db")


@pytest.fixture
def first_url(first_file):
    return f"sqlite+aiosqlite:///{first_file}"


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory):
    """The same file with today's tables; copied for each test."""
    file = write_first(tmp_path_factory.mktemp("upgraded") / "first.db")
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def moved_database(postgresql_maker, tmp_path_factory):
    """The name of a PostgreSQL database that it was moved to; copied for each test."""
    file = write_first(tmp_path_factory.mktemp("moved") / "first.db")
    with postgresql_maker.empty() as url:
        asyncio.run(move(f"sqlite+aiosqlite:///{file}", url, now=utc_now()))
        yield make_url(url).database


@pytest.fixture
def upgraded_url(database_kind, tmp_path, request):
    """The address of the database that today's bot works in."""
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{shutil.copy(request.getfixturevalue('upgraded_file'), tmp_path / 'upgraded.db')}"
        return
    name = request.getfixturevalue("moved_database")
    with request.getfixturevalue("postgresql_maker")._copied(name) as url:
        yield url


@pytest.fixture
async def upgraded(upgraded_url):
    database = Database(upgraded_url)
    yield database
    await database.close()


@pytest.fixture
def studio(upgraded):
    """Today's services on it; nothing is taken up before ``jobs.start``."""
    return Studio(upgraded)
