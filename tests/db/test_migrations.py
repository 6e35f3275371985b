"""Migrations on real databases: up, down, and equal to the mapped classes."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.errors import ConfigurationError
from db.engine import migration_connection
from db.migrate import downgrade, upgrade
from db.schema import METADATA

ROOT = Path(__file__).resolve().parents[2]


async def table_names(url):
    async with migration_connection(url) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_upgrade_makes_every_table(empty_url):
    await upgrade(empty_url)
    assert await table_names(empty_url) == set(METADATA.tables) | {"alembic_version"}


async def test_upgrade_twice_changes_nothing(empty_url):
    await upgrade(empty_url)
    await upgrade(empty_url)
    assert "jobs" in await table_names(empty_url)


async def test_an_older_program_leaves_newer_tables_alone_and_says_the_way_back(empty_url):
    await upgrade(empty_url)
    async with migration_connection(empty_url) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match=r"9999.*python -m bot restore") as caught:
        await upgrade(empty_url)
    assert caught.value.variable == "DATABASE_URL"


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
        return compare_metadata(context, METADATA)

    await upgrade(empty_url)
    async with migration_connection(empty_url) as connection:
        assert await connection.run_sync(differences) == []


def migrate(url, *arguments):
    """Run ``python -m db.migrate`` as people do."""
    return subprocess.run(
        [sys.executable, "-m", "db.migrate", *arguments],
        cwd=ROOT,
        env={"DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_command_goes_up_and_down(empty_url):
    assert migrate(empty_url).returncode == 0
    assert "jobs" in await table_names(empty_url)
    assert migrate(empty_url, "base", "--down").returncode == 0
    assert await table_names(empty_url) == {"alembic_version"}


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_bots_that_start_at_the_same_moment_wait_for_each_other(empty_url):
    """One brings the tables up to date, the others find them so."""
    done = await asyncio.gather(*(asyncio.to_thread(migrate, empty_url) for _ in range(2)))
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert "jobs" in await table_names(empty_url)


@pytest.mark.parametrize(("url", "version"), [("nonsense", "head"), (None, "no-such-version")])
def test_command_that_cannot_work_says_why_in_one_line(empty_url, url, version):
    done = migrate(url or empty_url, version)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Traceback" not in done.stderr
