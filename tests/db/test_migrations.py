"""Migrations on real SQLite files: up, down, and equal to the mapped classes."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from db.engine import migration_connection
from db.migrate import downgrade, upgrade
from db.tables import Base


@pytest.fixture
def empty_url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/empty.db"


async def table_names(url):
    async with migration_connection(url) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_upgrade_makes_every_table(empty_url):
    await upgrade(empty_url)
    assert await table_names(empty_url) == set(Base.metadata.tables) | {"alembic_version"}


async def test_upgrade_twice_changes_nothing(empty_url):
    await upgrade(empty_url)
    await upgrade(empty_url)
    assert "jobs" in await table_names(empty_url)


async def test_downgrade_leaves_nothing_behind(empty_url):
    await upgrade(empty_url)
    await downgrade(empty_url)
    assert await table_names(empty_url) == {"alembic_version"}


async def test_up_down_up_again(empty_url):
    await upgrade(empty_url)
    await downgrade(empty_url)
    await upgrade(empty_url)
    assert "revisions" in await table_names(empty_url)


async def test_migrated_tables_equal_the_mapped_classes(empty_url):
    """Columns, types, keys and indexes: autogeneration finds no difference."""

    def differences(sync):
        context = MigrationContext.configure(sync, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)

    await upgrade(empty_url)
    async with migration_connection(empty_url) as connection:
        assert await connection.run_sync(differences) == []
