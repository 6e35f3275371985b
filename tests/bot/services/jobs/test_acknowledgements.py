"""``bot/services/jobs/acknowledgements.py``: who waits is written down at once, forgotten in batches, and never waits for it."""

import asyncio

import pytest
from sqlalchemy import text

from bot.services.jobs import acknowledgements
from bot.services.jobs.acknowledgements import Acknowledgements, Waiting
from bot.services.jobs.leases import JobLeases
from core.errors import StorageError


@pytest.fixture
async def people(database, monkeypatch):
    monkeypatch.setattr(acknowledgements, "SECONDS_BEFORE_FORGETTING", 0.01)
    monkeypatch.setattr(acknowledgements, "PATIENCE_SECONDS", 30.0)  # a machine that runs tests may be busy
    noted = Acknowledgements(database, leases=JobLeases(database))
    noted.start()
    yield noted
    await noted.stop()


def somebody(number=11, **values):
    return Waiting(number=number, channel_id=5, effect="none", application_id=7, token="secret", **values)


async def rows(database):
    async with database.reading() as session:
        found = await session.execute(
            text("SELECT id, channel_id, message_id, token, lease_owner FROM acknowledgements ORDER BY id")
        )
        return [tuple(row) for row in found]


async def until(database, wanted):
    async with asyncio.timeout(5):
        while await rows(database) != wanted:  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.005)


async def test_who_is_told_to_wait_is_written_down_in_the_name_of_this_process(database, people):
    await people.note(somebody())
    await until(database, [(11, 5, None, "secret", people._owner)])


async def test_it_is_written_before_anybody_is_told(database, people):
    await people.note(somebody())
    assert [row[0] for row in await rows(database)] == [11]


async def test_while_a_database_hangs_nobody_is_told_to_wait(database, people, monkeypatch):
    """They are refused at once: unnoted, a kill would leave them waiting for ever. What is written late is deleted again."""
    goes_on, write = asyncio.Event(), people._write

    async def hang(batch):
        await goes_on.wait()
        await write(batch)

    monkeypatch.setattr(people, "_write", hang)
    for number in (11, 12):  # the first is on its way to the database, the second waits for its turn
        with pytest.raises(StorageError):
            await people.note(somebody(number), patience_seconds=0.01)
    goes_on.set()
    await people.stop()
    assert await rows(database) == []


async def test_the_message_is_noted_when_it_is_known(database, people):
    await people.note(somebody())
    await until(database, [(11, 5, None, "secret", people._owner)])
    people.name_message(11, 12)
    await until(database, [(11, 5, 12, "secret", people._owner)])


async def test_who_is_answered_is_forgotten(database, people):
    await people.note(somebody())
    await until(database, [(11, 5, None, "secret", people._owner)])
    people.name_message(11, 12)
    people.settle(11)
    await until(database, [])


async def test_who_is_answered_at_once_is_forgotten(database, people):
    noting = asyncio.create_task(people.note(somebody()))
    asyncio.get_running_loop().call_soon(people.settle, 11)
    await noting
    await people.stop()
    assert await rows(database) == []


async def test_people_who_come_together_share_a_transaction(database, people):
    await asyncio.gather(*(people.note(somebody(number)) for number in range(1, 41)))
    assert len(await rows(database)) == 40
    for number in range(1, 41):
        people.settle(number)
    await until(database, [])
    assert people.num_transactions <= 3


async def test_what_is_left_is_written_at_the_end(database, people):
    await people.note(somebody())
    await people.stop()
    assert [row[0] for row in await rows(database)] == [11]
    people.settle(11)  # nobody writes any more: the next process looks
    assert [row[0] for row in await rows(database)] == [11]


async def test_before_the_start_nothing_gathers(database):
    noted = Acknowledgements(database, leases=JobLeases(database))
    await noted.note(somebody())
    noted.settle(11)
    await noted.stop()
    assert not noted._open
    assert not noted._batch


async def test_a_database_that_fails_for_a_while_loses_nobody(database, people, monkeypatch):
    """The first attempt fails for good; what came, was named and was settled meanwhile is right in the end."""
    monkeypatch.setattr(acknowledgements, "_SECONDS_AFTER_TROUBLE", 0.01)
    write, has_failed, others = people._write, asyncio.Event(), []

    async def fail_once(batch):
        if has_failed.is_set():
            return await write(batch)
        others.append(asyncio.create_task(people.note(somebody(13))))
        people.name_message(11, 21)
        people.settle(12)
        has_failed.set()
        raise StorageError("no")

    monkeypatch.setattr(people, "_write", fail_once)
    others += [asyncio.create_task(people.note(somebody(number))) for number in (11, 12)]
    owner = people._owner
    await until(database, [(11, 5, 21, "secret", owner), (13, 5, None, "secret", owner)])


async def test_a_slow_answer_keeps_its_lease(database, people, monkeypatch):
    await people.note(somebody())
    await until(database, [(11, 5, None, "secret", people._owner)])

    async def lease():
        async with database.reading() as session:
            return (await session.execute(text("SELECT lease_until FROM acknowledgements"))).scalar()

    before = await lease()
    await people.renew()
    assert await lease() == before
    monkeypatch.setattr(acknowledgements, "_RENEW_AFTER_SECONDS", -1.0)
    await people.renew()
    assert await lease() != before


async def test_whom_discord_does_not_tell_is_left_to_the_apologies_of_this_process(database, people):
    """Also before the row is written: it is nobody's from then on, so that the next look takes it."""
    await people.note(somebody())
    people.abandon(11)
    noting = asyncio.create_task(people.note(somebody(12)))
    asyncio.get_running_loop().call_soon(people.abandon, 12)
    await noting
    await until(database, [(11, 5, None, "secret", None), (12, 5, None, "secret", None)])
    people.settle(11)  # too late: whoever looks decides
    await people.stop()
    assert len(await rows(database)) == 2
