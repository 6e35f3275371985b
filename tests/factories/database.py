"""Fixtures: a real database file, migrated by Alembic once and copied for each test. Import them into a ``conftest.py``."""

import asyncio
import shutil

import pytest

from db.engine import Database
from db.migrate import upgrade


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("migrated") / "tutti.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture
def database_url(tmp_path, migrated_file):
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_file, tmp_path)}"


@pytest.fixture
async def database(database_url):
    database = Database(database_url)
    yield database
    await database.close()
