"""Two servers in one address: what is found, what is said, and what a failover in mid-work takes along."""

import asyncio

import pytest
from sqlalchemy import text

from core.errors import ConfigurationError, StorageError
from db import engine
from db.engine import Database, unbroken
from db.migrate import upgrade
from db.tables import User
from tests.factories.database import execute
from tests.factories.replication import ReplicatedPair
from tests.factories.rows import make_user
from tests.factories.studio import rows


@pytest.fixture
def pair():
    """A primary and a synchronous standby."""
    pair = ReplicatedPair(is_synchronous=True)
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


async def test_a_failover_in_mid_work_takes_nothing_along_that_was_acknowledged(pair):
    """People are added one after the other while the primary is killed and the standby promoted: each is there, once."""
    await upgrade(pair.url)
    database = Database(pair.url)
    acknowledged, unsure = asyncio.Queue(), []

    @unbroken
    async def write(number):
        async with database.writing() as session:
            await make_user(session, discord_id=number)

    async def write_on():
        for number in range(1, 2000):
            try:
                await write(number)
            except StorageError:  # its commit was under way when the primary died: whether it happened, nobody knows
                unsure.append(number)
            else:
                acknowledged.put_nowait(number)

    writing = asyncio.create_task(write_on())
    before = [await acknowledged.get() for _ in range(20)]
    await asyncio.to_thread(pair.fail_over)
    meanwhile = [acknowledged.get_nowait() for _ in range(acknowledged.qsize())]
    try:
        async with asyncio.timeout(20):
            after = [await acknowledged.get() for _ in range(20)]
    finally:
        writing.cancel()
        await asyncio.wait({writing})

    found = {user.discord_id for user in await rows(database, User)}
    assert set(before + meanwhile + after) <= found
    assert len(unsure) <= 1
    await database.close()


async def test_servers_of_which_none_is_promoted_yet_are_waited_for_and_then_named(pair, monkeypatch):
    """While there is only a standby nothing can be written; a bot that starts then says what to do."""
    await upgrade(pair.url)
    database = Database(pair.url)
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.2)
    pair.primary.kill()

    @unbroken
    async def write():
        async with database.writing() as session:
            await make_user(session, discord_id=1)

    with pytest.raises(StorageError, match=r"none of .* takes what is written"):
        await write()
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL: of PostgreSQL at .* or .* none takes .*Promote one"):
        await upgrade(pair.url)
    pair.standby.promote()
    await write()
    await database.close()


async def test_the_wrong_password_of_one_server_is_no_server_that_is_down(pair):
    """What an operator can mend is told, not that the other server does not answer."""
    address = pair.url.replace("tutti@", "stranger@")
    pair.standby.stop()
    with pytest.raises(ConfigurationError, match=r"does not let “stranger” in.*pg_hba"):
        await upgrade(address)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_server_that_was_made_a_standby_under_us_is_left(database, database_url):
    """Behind a proxy a connection may lead to the old primary for a while: it is given up, and another one made."""
    servers = []

    @unbroken
    async def write():
        async with database.writing() as session:
            servers.append(await session.scalar(text("SELECT pg_backend_pid()")))
            if len(servers) == 1:
                await session.execute(text("SET transaction_read_only = on"))
            await make_user(session, discord_id=5)

    await write()
    assert len(servers) == len(set(servers)) == 2
    await execute(database_url, "SELECT 1")
    assert len(await rows(database, User)) == 1
