"""Jobs across a stop, a start and a crash of the service, on a real database."""

from bot.services.jobs.service import JobService
from core.errors import (
    WorkerLostError,
)
from db.tables import Job
from tests.factories.doors import (
    StandInWriter,
)
from tests.factories.orders import make_order
from tests.factories.studio import Studio, make_result, rows


async def test_stopped_service_hands_its_jobs_to_the_next(open_studio):
    async with open_studio(writer=StandInWriter(is_open=False)) as first:
        job = await first.jobs.submit(make_order())
        await first.writer.started.wait()
    async with open_studio() as second:
        await second.presenter.answered()
    assert first.presenter.replies == first.presenter.errors == []
    assert [shown.job_id for shown, _ in second.presenter.replies] == [job.job_id]


async def test_good_stops_are_no_failed_attempts(open_studio, database):
    for _ in range(5):
        async with open_studio(writer=StandInWriter(is_open=False)) as studio:
            if not await rows(database, Job):
                await studio.jobs.submit(make_order())
            await studio.writer.started.wait()
    async with open_studio() as studio:
        await studio.presenter.answered()
    assert len(studio.presenter.replies) == 1


async def test_result_that_was_stored_but_not_shown_is_shown_without_new_music(open_studio, database):
    """The process died between storing the result and showing it."""
    async with open_studio() as first:
        await make_result(first)
    async with database.writing() as session:
        job = await session.get_one(Job, 1)
        job.is_answered, job.lease_owner = False, None
    async with open_studio() as second:
        await second.presenter.answered()
    assert second.writer.requests == []
    assert second.presenter.replies[0][1].midi == first.presenter.replies[0][1].midi


async def test_job_that_kills_the_bot_again_and_again_is_given_up(open_studio, database):
    studio = Studio(database, writer=StandInWriter(is_open=False))
    await studio.jobs.submit(make_order())
    await studio.jobs.stop()
    async with database.writing() as session:
        (await session.get_one(Job, 1)).attempts = 3
    async with open_studio() as second:
        await second.presenter.answered()
    assert isinstance(second.presenter.errors[0][1], WorkerLostError)


async def test_attached_message_is_known_after_a_restart(open_studio):
    async with open_studio(writer=StandInWriter(is_open=False)) as first:
        job = await first.jobs.submit(make_order())
        await first.jobs.attach_message(job.job_id, 4711)
    async with open_studio() as second:
        await second.presenter.answered()
    assert second.presenter.replies[0][0].message_id == 4711


async def test_service_that_stopped_keeps_orders_for_the_next(open_studio, database):
    """Whoever asks in the last moment is not sent away: the order is stored, and answered by the next service."""
    studio = Studio(database)
    await studio.jobs.start()
    await studio.jobs.stop()
    job = await studio.jobs.submit(make_order())
    assert studio.writer.requests == []
    async with open_studio() as second:
        await second.presenter.answered()
    assert [shown.job_id for shown, _ in second.presenter.replies] == [job.job_id]


async def test_stop_without_start_is_quiet(database):
    studio = Studio(database)
    assert isinstance(studio.jobs, JobService)
    await studio.jobs.stop()
