"""A real database file, migrated by Alembic, for each test."""

import pytest

from db.engine import Database
from db.migrate import upgrade


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/tutti.db"


@pytest.fixture
async def database(database_url):
    await upgrade(database_url)
    database = Database(database_url)
    yield database
    await database.close()
