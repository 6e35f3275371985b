"""A server that goes away: what had not happened is done again, what may have happened is not."""

import asyncio

import pytest
from sqlalchemy import text

from core.errors import StorageError
from db import addresses, engine
from db.engine import Database, unbroken
from db.tables import User
from tests.factories.rows import make_user
from tests.factories.studio import rows

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"])


async def test_a_transaction_whose_connection_is_lost_is_done_again(database):
    attempts = []

    @unbroken
    async def write():
        async with database.writing() as session:
            await make_user(session, discord_id=5)
            attempts.append(1)
            if len(attempts) < 3:
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await write()
    assert len(attempts) == 3
    assert len(await rows(database, User)) == 1


async def test_a_server_that_is_restarted_is_waited_for(database, postgresql_server):
    @unbroken
    async def write(number):
        async with database.writing() as session:
            await make_user(session, discord_id=number)

    await write(1)
    postgresql_server.stop()
    writing = asyncio.create_task(write(2))
    await asyncio.sleep(0.1)
    postgresql_server.start()
    await writing
    assert [user.discord_id for user in await rows(database, User)] == [1, 2]


async def test_a_server_that_died_takes_nothing_along_that_was_committed(database, postgresql_server):
    async with database.writing() as session:
        await make_user(session, discord_id=1)
    postgresql_server.stop(is_gentle=False)
    postgresql_server.start()
    assert [user.discord_id for user in await rows(database, User)] == [1]


async def test_a_server_that_stays_away_is_said_in_time(database, postgresql_server, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.2)

    @unbroken
    async def read():
        return await rows(database, User)

    postgresql_server.stop()
    try:
        with pytest.raises(StorageError, match="cannot be reached"):
            await read()
        with pytest.raises(StorageError):
            await database.check()
    finally:
        postgresql_server.start()
    assert await read() == []
    assert await database.check()


async def test_a_commit_whose_answer_is_lost_is_not_done_again(database):
    """It may have happened: whoever did it twice would write twice."""
    await define_lost_commit(database)
    attempts = []

    @unbroken
    async def write():
        async with database.writing() as session:
            await make_user(session, discord_id=5)
            attempts.append(1)

    with pytest.raises(StorageError):
        await write()
    assert len(attempts) == 1


async def define_lost_commit(database):
    """Let the server end the connection of whoever commits a new user."""
    async with database.writing() as session:
        await session.execute(
            text(
                "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$"
            )
        )
        await session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER lost AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION lose()"
            )
        )


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(database_url, monkeypatch):
    monkeypatch.setattr(addresses, "ANSWER_TIMEOUT_SECONDS", 0.2)
    database = Database(database_url)
    with pytest.raises(StorageError, match="TimeoutError"):
        async with database.reading() as session:
            await session.execute(text("SELECT pg_sleep(60)"))
    await database.close()


async def test_two_who_wait_for_each_other_both_come_through(database):
    """PostgreSQL refuses one of them, which begins again."""
    async with database.writing() as session:
        numbers = [(await make_user(session, discord_id=number, name="")).id for number in (1, 2)]

    @unbroken
    async def rename(first, second):
        async with database.writing_beside_others() as session:
            for number in (first, second):
                user = await session.get_one(User, number, with_for_update=True)
                user.name += "x"
                await session.flush()
                await asyncio.sleep(0.02)

    await asyncio.gather(*(rename(*order) for order in (numbers, numbers[::-1]) * 3))
    assert [user.name for user in await rows(database, User)] == ["xxxxxx", "xxxxxx"]
