"""``python -m bot backup``, ``restore`` and ``move`` as an operator types them."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner

from bot.cli import app
from db.engine import migration_connection
from db.portable import table_shapes
from tests.factories.full_database import NUM_ROWS, fill

NUM_TABLES = len(table_shapes())
ALL_KINDS = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def full_url(database_url, monkeypatch):
    """What DATABASE_URL says: a database with rows in every table, and nobody at work."""

    async def fill_it():
        async with migration_connection(database_url) as connection:
            await fill(connection, has_leases=False)

    asyncio.run(fill_it())
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


@ALL_KINDS
def test_a_backup_is_restored_into_another_database(full_url, tmp_path, monkeypatch):
    file = tmp_path / "all.tutti"
    assert f"{NUM_TABLES * NUM_ROWS} rows" in run("backup", str(file)).stdout
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    done = run("restore", str(file), "--json")
    assert json.loads(done.stdout.splitlines()[-1])["num_rows"]["songs"] == NUM_ROWS


@ALL_KINDS
def test_a_database_is_moved(full_url, tmp_path):
    done = run("move", "--to", f"sqlite:///{tmp_path}/new.db")
    assert f"{NUM_TABLES * NUM_ROWS} rows" in done.stdout
    assert "is the same" in done.stdout


def test_a_missing_file_is_said_in_a_sentence(full_url, tmp_path):
    done = run("restore", str(tmp_path / "none"))
    assert "There is no file" in str(done.exception)


def test_the_signing_key_is_renewed(full_url):
    done = run("renew-signing-key", "--forget-old", "--json")
    assert json.loads(done.stdout.splitlines()[-1]) == {"operation": "renew-signing-key", "num_keys": 1}


def test_a_signing_key_of_the_operators_own_is_theirs_to_renew(full_url, monkeypatch):
    monkeypatch.setenv("TUTTI_SIGNING_KEY", "k" * 32)
    assert "in front of the old one" in str(run("renew-signing-key").exception)
