"""The scope of a transaction on real databases."""

import asyncio
import traceback

import pytest
from sqlalchemy import text

from core.errors import InputError, StorageError
from db.engine import unbroken
from db.tables import Song, User
from tests.factories.rows import NOW, make_user

ON_SQLITE = pytest.mark.only_on("sqlite", reason="its write-ahead log, and its one writer at a time")


async def test_block_that_ends_well_is_committed(database):
    async with database.writing() as session:
        await make_user(session, discord_id=5)
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 1


async def test_block_that_raises_is_rolled_back(database):
    with pytest.raises(InputError):  # noqa: PT012 - the block is what is tested
        async with database.writing() as session:
            await make_user(session)
            raise InputError("no")
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 0


async def test_error_of_sqlalchemy_becomes_ours(database):
    with pytest.raises(StorageError):
        async with database.writing() as session:
            session.add(Song(channel_id=None, created_at=NOW))


async def test_what_people_wrote_is_not_in_errors(database):
    """Errors go to the log with their whole chain of causes."""
    words = "gnos terces ym"[::-1]  # a traceback quotes this file, too
    with pytest.raises(StorageError) as caught:
        async with database.writing() as session:
            await session.execute(text("INSERT INTO nowhere VALUES (:words)"), {"words": words})

    told = "".join(traceback.format_exception(caught.value))
    assert "nowhere" in told
    assert words not in told


async def test_foreign_keys_are_enforced(database):
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        async with database.writing() as session:
            await session.execute(text("INSERT INTO messages VALUES (1, 0, 12345, '2026-01-01')"))


async def test_writers_that_meet_lose_nothing(database):
    """All read, then write: SQLite lets one in at a time (or fails with SQLITE_BUSY), PostgreSQL refuses some, which begin again."""

    @unbroken
    async def rename():
        async with database.writing() as session:
            user = await session.get_one(User, user_id)
            await asyncio.sleep(0)
            user.name += "x"

    async with database.writing() as session:
        user_id = (await make_user(session, name="")).id
    await asyncio.gather(*(rename() for _ in range(8)))
    async with database.reading() as session:
        assert (await session.get_one(User, user_id)).name == "x" * 8


async def test_reader_does_not_wait_for_a_writer(database):
    async with database.writing() as writer:
        await make_user(writer)
        async with database.reading() as reader:
            assert await reader.scalar(text("SELECT count(*) FROM users")) == 0


async def test_moments_keep_their_zone(database):
    async with database.writing() as session:
        user_id = (await make_user(session)).id
    async with database.reading() as session:
        assert (await session.get_one(User, user_id)).created_at == NOW


@ON_SQLITE
async def test_write_ahead_log_is_on(database):
    async with database.reading() as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"


@ON_SQLITE
async def test_writers_wait_in_line(database):
    """However many want to write at once, each has its turn, in the order of asking, and reading goes on meanwhile."""
    order = []

    async def write(number):
        async with database.writing() as session:
            await make_user(session, discord_id=100 + number)
            order.append(number)

    async with database.writing() as session:
        await make_user(session, discord_id=1)
        tasks = [asyncio.create_task(write(number)) for number in range(60)]
        await asyncio.sleep(0.05)
        async with database.reading() as reader:
            assert await reader.scalar(text("SELECT count(*) FROM users")) == 0
    await asyncio.gather(*tasks)

    assert order == list(range(60))


async def test_cancelled_writer_finishes_and_gives_the_lock_back(database):
    """Cancelling inside BEGIN IMMEDIATE would otherwise leave the write lock with nobody."""

    @unbroken
    async def write():
        async with database.writing() as session:
            await make_user(session, discord_id=6)

    async with database.writing() as session:
        await make_user(session, discord_id=5)
        task = asyncio.create_task(write())
        await asyncio.sleep(0)  # it has begun
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 2
