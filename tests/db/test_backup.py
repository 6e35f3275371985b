"""Backups, restoring and moving: every row comes back as it was, whatever kind of database it goes to."""

import gzip
import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.errors import InputError
from db.backup import back_up, move, restore
from db.backup_file import writing_backup
from db.engine import Database, migration_connection
from db.portable import read_rows, table_shapes
from tests.factories.full_database import NUM_ROWS, fill
from tests.factories.rows import NOW, make_job, make_user

NUM_TABLES = len(table_shapes())
TABLES_OF_0004 = {
    *("drafts", "favourites", "guild_settings", "job_takes", "jobs", "messages"),
    *("pieces", "revision_parents", "revisions", "songs", "uploads", "users"),
}


async def content(url):
    """Return every row of every table, in no order."""
    found = {}
    async with migration_connection(url) as connection:
        for shape in table_shapes():
            found[shape.name] = {row async for rows in read_rows(connection, shape) for row in rows}
    return found


@pytest.fixture
async def full_url(database_url):
    """A database with rows in every table."""
    async with migration_connection(database_url) as connection:
        await fill(connection)
    return database_url


@pytest.fixture
def other_empty_url(tmp_path, request, database_kind):
    """A database without tables, of the other kind."""
    if database_kind == "postgresql":
        yield f"sqlite+aiosqlite:///{tmp_path}/other.db"
        return
    with request.getfixturevalue("postgresql_maker").empty() as url:
        yield url


async def test_the_rows_of_these_tests_are_in_every_table(full_url):
    rows = await content(full_url)
    assert {name: len(found) for name, found in rows.items()} == dict.fromkeys(rows, NUM_ROWS)


async def test_a_restored_copy_equals_what_was_backed_up(full_url, other_empty_url, tmp_path):
    made = await back_up(full_url, tmp_path / "all.tutti", now=NOW)
    restored = await restore(other_empty_url, tmp_path / "all.tutti")

    assert made == restored
    assert made.total_rows == NUM_TABLES * NUM_ROWS
    assert await content(other_empty_url) == await content(full_url)


async def test_a_moved_database_equals_where_it_came_from(full_url, other_empty_url):
    async with migration_connection(full_url) as connection:
        await connection.execute(text("UPDATE jobs SET lease_until = NULL"))
    before = await content(full_url)

    moved = await move(full_url, other_empty_url, now=NOW)

    assert moved.total_rows == NUM_TABLES * NUM_ROWS
    assert await content(other_empty_url) == await content(full_url) == before


async def test_numbers_go_on_where_they_were(full_url, other_empty_url, tmp_path):
    await back_up(full_url, tmp_path / "all.tutti", now=NOW)
    await restore(other_empty_url, tmp_path / "all.tutti")
    database = Database(other_empty_url)
    async with database.writing() as session:
        user = await make_user(session, discord_id=4711)
        job = await make_job(session, user=user)
        assert (user.id, job.id) == (NUM_ROWS + 1, NUM_ROWS + 1)
    await database.close()


async def test_a_backup_of_the_same_rows_is_the_same_file(full_url, tmp_path):
    await back_up(full_url, tmp_path / "one", now=NOW)
    await back_up(full_url, tmp_path / "two", now=NOW)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_mode & 0o077 == 0


async def test_nothing_is_written_into_a_database_that_is_not_empty(full_url, other_empty_url, tmp_path):
    await back_up(full_url, tmp_path / "all.tutti", now=NOW)
    await restore(other_empty_url, tmp_path / "all.tutti")
    before = await content(other_empty_url)
    with pytest.raises(InputError, match="not empty"):
        await restore(other_empty_url, tmp_path / "all.tutti")
    with pytest.raises(InputError, match="not empty"):
        await move(full_url, other_empty_url, now=NOW)
    assert await content(other_empty_url) == before


def spoil(data, how):
    """Return the bytes of a damaged backup."""
    if how == "cut":
        return data[: len(data) // 2]
    if how == "bit":
        return data[:200] + bytes([data[200] ^ 1]) + data[201:]
    lines = gzip.decompress(data).splitlines(keepends=True)
    middle = next(index for index, line in enumerate(lines) if line.startswith(b"["))
    changed = {
        "row gone": lines[:middle] + lines[middle + 1 :],
        "row changed": [*lines[:middle], lines[middle].replace(b"1", b"2", 1), *lines[middle + 1 :]],
        "end gone": lines[:-1],
        "more after the end": [*lines, b"[1]\n"],
        "no backup": [b'{"something": "else"}\n'],
        "nothing": [],
    }[how]
    return gzip.compress(b"".join(changed))


@pytest.mark.parametrize(
    "how", ["cut", "bit", "row gone", "row changed", "end gone", "more after the end", "no backup", "nothing"]
)
@pytest.mark.only_on("sqlite", reason="what is damaged is the file of a backup, the same from either database")
async def test_a_damaged_file_is_refused_before_anything_is_written(full_url, tmp_path, how):
    file = tmp_path / "all.tutti"
    await back_up(full_url, file, now=NOW)
    file.write_bytes(spoil(file.read_bytes(), how))
    with pytest.raises(InputError, match="damaged"):
        await restore(f"sqlite+aiosqlite:///{tmp_path}/new.db", file)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.only_on("sqlite", reason="what is newer is the file of a backup, the same from either database")
@pytest.mark.parametrize(("name", "value", "match"), [("tutti_backup", 2, "newer"), ("version", "9999", "newer")])
async def test_a_file_of_a_newer_program_is_refused(full_url, tmp_path, name, value, match):
    file = tmp_path / "all.tutti"
    await back_up(full_url, file, now=NOW)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)[:-1]
    lines[0] = json.dumps(json.loads(lines[0]) | {name: value}).encode() + b"\n"
    end = json.dumps({"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}).encode()
    file.write_bytes(gzip.compress(b"".join(lines) + end))
    with pytest.raises(InputError, match=match):
        await restore(f"sqlite+aiosqlite:///{tmp_path}/new.db", file)


async def test_a_database_is_not_moved_while_a_bot_works_in_it(database_url, other_empty_url):
    """What it wrote after the look would stay behind."""
    database = Database(database_url)
    async with database.writing() as session:
        await make_job(session, until=NOW + timedelta(seconds=1))
    await database.close()
    with pytest.raises(InputError, match="Stop it"):
        await move(database_url, other_empty_url, now=NOW)
    moved = await move(database_url, other_empty_url, now=NOW + timedelta(seconds=2))
    assert moved.num_rows["jobs"] == 1


async def test_a_database_is_not_moved_onto_itself(database_url):
    with pytest.raises(InputError, match="same"):
        await move(database_url, database_url, now=NOW)


async def test_a_backup_of_earlier_tables_is_restored_and_brought_up_to_date(full_url, other_empty_url, tmp_path):
    earlier = [shape for shape in table_shapes() if shape.name in TABLES_OF_0004]
    assert len(earlier) == len(TABLES_OF_0004)
    async with migration_connection(full_url) as connection:
        with writing_backup(tmp_path / "old") as writer:
            writer.begin(version="0004", now=NOW)
            for shape in earlier:
                writer.table(shape)
                async for rows in read_rows(connection, shape):
                    writer.rows(rows)
            writer.end()

    restored = await restore(other_empty_url, tmp_path / "old")

    assert restored.version == "0004"
    after, before = await content(other_empty_url), await content(full_url)
    assert {name: rows for name, rows in after.items() if rows} == {name: before[name] for name in TABLES_OF_0004}
