"""PostgreSQL goes away while a job is written: the job survives, and is answered once."""

import asyncio

import pytest

from db import engine
from db.tables import Job, Revision
from tests.factories.doors import StandInWriter
from tests.factories.orders import make_order
from tests.factories.studio import Studio, rows

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"])


async def begin_job(studio):
    await studio.jobs.start()
    await studio.jobs.submit(make_order())
    async with asyncio.timeout(20):
        await studio.writer.started.wait()


async def check_answered_once(studio):
    async with asyncio.timeout(30):
        await studio.presenter.answered()
        while not (await rows(studio.database, Job))[0].is_answered:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
    await studio.jobs.stop()
    assert (len(studio.presenter.replies), studio.presenter.errors) == (1, [])
    assert len(await rows(studio.database, Revision)) == 1


@pytest.mark.parametrize("is_gentle", [True, False], ids=["restarted", "killed"])
async def test_a_job_in_the_making_bears_that_the_server_is_restarted(database, postgresql_server, is_gentle):
    """Its result is stored as soon as the server is back."""
    studio = Studio(database, writer=StandInWriter(is_open=False))
    await begin_job(studio)

    postgresql_server.stop(is_gentle=is_gentle)
    studio.writer.gate.set()
    await asyncio.sleep(0.1)  # the result is there, and nobody to store it
    postgresql_server.start()

    await check_answered_once(studio)
    assert len(studio.writer.requests) == 1


async def test_a_job_in_the_making_bears_that_the_server_stays_away_for_long(database, postgresql_server, monkeypatch):
    """Longer than anybody is waited for: the job is written again when its lease has run out."""
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.2)
    studio = Studio(database, writer=StandInWriter(is_open=False), lease_seconds=0.9)
    await begin_job(studio)

    postgresql_server.stop()
    studio.writer.gate.set()
    await asyncio.sleep(1.0)
    postgresql_server.start()

    await check_answered_once(studio)
