"""Stopping in good order: what the networks have begun is finished and answered, the rest waits for the next start."""

import asyncio
from datetime import timedelta

import pytest

from bot.services.clock import utc_now
from bot.services.options import GenerateOptions
from db.tables import Job
from tests.factories.doors import ListPresenter, StandInWriter
from tests.factories.orders import BEN, make_order
from tests.factories.studio import Studio


@pytest.fixture
async def studio(database):
    """Somebody's job is being written, somebody else's waits behind it."""
    studio = Studio(database, writer=StandInWriter(is_open=False, places={"2": 1}))
    await studio.jobs.start()
    await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=1)))
    await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=2), author=BEN))
    async with asyncio.timeout(20):
        while len(studio.writer.requests) < 2:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
    return studio


async def last_stage_of(presenter, job_id):
    return [view.stage for job, view in presenter.progress if job.job_id == job_id][-1]


async def test_what_is_begun_is_finished_and_answered(studio):
    """The running job gets its reply before the service ends; the waiting one is told, and not answered."""
    stopping = asyncio.create_task(studio.jobs.stop(drain_seconds=20))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    studio.writer.gate.set()
    await stopping

    assert [job.job_id for job, _ in studio.presenter.replies] == [1]
    assert studio.presenter.errors == []
    assert await last_stage_of(studio.presenter, 2) == "restarting"


async def test_the_rest_is_resumed_by_the_next_start(studio, database):
    """Everybody is answered once, by one of the two services."""
    studio.writer.gate.set()
    await studio.jobs.stop(drain_seconds=20)
    following = Studio(database, presenter=studio.presenter)
    await following.jobs.start()
    async with asyncio.timeout(20):
        while len(studio.presenter.replies) < 2:
            await studio.presenter.answered()
    await following.jobs.stop()

    assert sorted(job.job_id for job, _ in studio.presenter.replies) == [1, 2]


async def test_draining_has_a_limit(studio, database):
    """A job that takes too long is laid aside like the waiting ones, and its person told."""
    await studio.jobs.stop(drain_seconds=0.1)

    assert studio.presenter.replies == []
    assert {await last_stage_of(studio.presenter, job_id) for job_id in (1, 2)} == {"restarting"}

    following = Studio(database, presenter=ListPresenter())
    await following.jobs.start()
    async with asyncio.timeout(20):
        while len(following.presenter.replies) < 2:
            await following.presenter.answered()
    await following.jobs.stop()


async def test_orders_that_come_while_draining_wait_for_the_next_start(studio, database):
    """They are stored, their people read that it goes on after the restart, and each is answered once, by the next service."""
    stopping = asyncio.create_task(studio.jobs.stop(drain_seconds=20))
    await asyncio.sleep(0)
    job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=3), author=BEN))
    await studio.jobs.attach_message(job.job_id, 77)
    studio.writer.gate.set()
    await stopping

    assert await last_stage_of(studio.presenter, job.job_id) == "restarting"
    assert [shown.job_id for shown, _ in studio.presenter.replies] == [1]
    following = Studio(database, presenter=studio.presenter)
    await following.jobs.start()
    async with asyncio.timeout(20):
        while len(studio.presenter.replies) < 3:
            await studio.presenter.answered()
    await following.jobs.stop()
    assert sorted(shown.job_id for shown, _ in studio.presenter.replies) == [1, 2, 3]
    assert studio.presenter.errors == []


async def test_another_bot_takes_over_what_waits_while_the_first_drains(studio, database, monkeypatch):
    """A rolling upgrade: two bots on one database; what waits is no longer renewed and goes to the second, nobody gets two answers."""
    stopping = asyncio.create_task(studio.jobs.stop(drain_seconds=20))
    await asyncio.sleep(0)
    late = await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=3), author=BEN))
    async with database.writing() as session:  # half a minute passes
        for job_id in (2, late.job_id):
            (await session.get_one(Job, job_id)).lease_until = utc_now() - timedelta(seconds=1)
    monkeypatch.setattr("socket.gethostname", lambda: "another machine")  # or it would be sure that the first is dead
    following = Studio(database, presenter=studio.presenter)
    await following.jobs.start()
    async with asyncio.timeout(20):
        while len(studio.presenter.replies) < 2:
            await studio.presenter.answered()
    assert sorted(shown.job_id for shown, _ in studio.presenter.replies) == [2, late.job_id]
    assert not stopping.done()

    studio.writer.gate.set()
    await stopping
    await following.jobs.stop()

    assert sorted(shown.job_id for shown, _ in studio.presenter.replies) == [1, 2, late.job_id]
    assert studio.presenter.errors == []


async def test_orders_are_no_longer_taken_once_draining_has_begun(studio):
    """So readiness turns false before the bot ends, and whoever sends people here can send them elsewhere."""
    assert studio.jobs.is_accepting
    stopping = asyncio.create_task(studio.jobs.stop(drain_seconds=20))
    await asyncio.sleep(0)
    assert not studio.jobs.is_accepting
    studio.writer.gate.set()
    await stopping


async def test_takes_that_are_being_written_are_begun_work(database):
    """Also while another take of the same job still waits: what is begun is finished, and answered."""
    writer = StandInWriter(is_open=False, places={"1.1": 1})
    studio = Studio(database, writer=writer)
    await studio.jobs.start()
    await studio.jobs.submit(make_order(num_takes=2))
    async with asyncio.timeout(20):
        while not any(view.stage == "writing" for _, view in studio.presenter.progress):  # noqa: ASYNC110 - same
            await asyncio.sleep(0.01)
    stopping = asyncio.create_task(studio.jobs.stop(drain_seconds=20))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    writer.gate.set()
    await stopping

    assert len(studio.presenter.replies) == 1


async def test_takes_that_all_wait_are_laid_aside(database):
    """Nobody waits for what has not begun; the next start makes them."""

    class Full(StandInWriter):
        async def submit(self, request, *, user_id, guild_id):
            self.started.set()
            await asyncio.Event().wait()
            yield

    writer = Full(places={"1": 1, "1.1": 2})
    studio = Studio(database, writer=writer)
    await studio.jobs.start()
    await studio.jobs.submit(make_order(num_takes=2))
    await writer.started.wait()
    async with asyncio.timeout(5):
        await studio.jobs.stop(drain_seconds=60)
    following = Studio(database, presenter=studio.presenter)
    await following.jobs.start()
    await studio.presenter.answered()
    await following.jobs.stop()

    ((_, reply),) = studio.presenter.replies
    assert len(reply.takes) == 2
