"""What operators of version 0.1.0 kept for bad days, given to today's commands."""

import sqlite3

import pytest
from sqlalchemy import text

from core.errors import InputError
from db.backup import back_up, restore
from db.backup_file import writing_backup
from db.engine import Database, migration_connection
from db.migrate import known_versions
from db.portable import TableShape, read_rows, table_shapes
from tests.factories.rows import NOW
from tests.factories.studio import Studio

FIRST_TABLES = ("users", "songs", "pieces", "uploads", "revisions", "revision_parents", "messages", "jobs")


async def first_shapes(connection):
    """Return the tables as they were then: today's order, their own columns."""
    shapes = []
    for shape in table_shapes():
        if shape.name not in FIRST_TABLES:
            continue
        result = await connection.execute(text(f"SELECT * FROM {shape.name} LIMIT 1"))
        there = set(result.keys())
        kept = [(name, kind) for name, kind in zip(shape.columns, shape.kinds, strict=True) if name in there]
        shapes.append(
            TableShape(
                name=shape.name,
                columns=tuple(name for name, _ in kept),
                kinds=tuple(kind for _, kind in kept),
                key=tuple(name for name in shape.key if name in there),
            )
        )
    return shapes


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
async def test_a_backup_with_the_tables_of_then_is_restored(first_url, empty_url, noted, tmp_path):
    """A file with tables of version 0002 fills an empty database, which is then brought up to date and reads as before."""
    async with migration_connection(first_url) as connection:
        with writing_backup(tmp_path / "old.tutti") as writer:
            writer.begin(version="0002", now=NOW)
            for shape in await first_shapes(connection):
                writer.table(shape)
                async for rows in read_rows(connection, shape):
                    writer.rows(rows)
            writer.end()

    restored = await restore(empty_url, tmp_path / "old.tutti")

    assert restored.version == "0002"
    assert restored.num_rows == {name: noted["counts"][name] for name in FIRST_TABLES}
    database = Database(empty_url)
    studio = Studio(database)
    for seen in noted["revisions"]:
        assert (await studio.songs.revision(seen["revision_id"])).piece_hash == seen["piece_sha256"]
    await database.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_copied_database_file_is_no_backup_and_the_answer_says_what_to_do(first_file, empty_url):
    """That version had no backup command: people copied its file. It is not restored but used."""
    with pytest.raises(InputError, match="DATABASE_URL=sqlite") as caught:
        await restore(empty_url, first_file)
    assert "damaged" not in str(caught.value)
    assert str(first_file) in str(caught.value)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
async def test_a_backup_of_what_was_upgraded_is_one_of_today(upgraded_url, tmp_path, noted):
    """Backing up brings the tables up to date first, so the file is of the newest version and holds every row."""
    made = await back_up(upgraded_url, tmp_path / "new.tutti", now=NOW)
    assert made.version == known_versions()[-1]
    assert {name: made.num_rows[name] for name in FIRST_TABLES} == {
        name: noted["counts"][name] for name in FIRST_TABLES
    }


def test_the_database_of_then_is_whole(first_file):
    """SQLite itself finds nothing to complain about in the test data, and it is of that version's tables."""
    with sqlite3.connect(first_file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]
    connection.close()
