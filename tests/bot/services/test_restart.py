"""A bot that is killed with SIGKILL loses no job and answers none twice: real processes, one real database file."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.services.jobs.service import JobService
from core.settings import LimitSettings
from db.tables import Job, JobTake, Message, Revision
from music.midi import read_midi
from tests.factories.doors import FolderPresenter, StandInMedia, StandInWriter
from tests.factories.orders import make_order

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def channel(tmp_path):
    folder = tmp_path / "channel"
    folder.mkdir()
    return folder


def notes_of(file):
    return [track.notes for track in read_midi(file.read_bytes()).tracks]


def run_until(moment, url, folder):
    """Start a bot, wait until it has come to the moment, and kill it."""
    command = [sys.executable, "-m", "tests.bot.services.doomed_bot", url, str(folder), moment]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.strip() == moment:
                break
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


async def come_back(database, folder):
    """Run the next bot until it has answered, and return its presenter."""
    presenter = FolderPresenter(folder)
    jobs = JobService(
        database, writer=StandInWriter(), media=StandInMedia(), presenter=presenter, limits=LimitSettings()
    )
    await jobs.start()
    async with asyncio.timeout(20):
        await presenter.is_answered.wait()
    await jobs.stop()
    return presenter


@pytest.mark.parametrize("moment", ["writing", "shown"])
async def test_killed_bot_answers_exactly_once_when_it_comes_back(database, database_url, channel, moment):
    await asyncio.to_thread(run_until, moment, database_url, channel)
    await come_back(database, channel)

    assert [file.name for file in channel.iterdir()] == ["4711.mid"]
    async with database.reading() as session:
        (job,) = await session.scalars(select(Job))
        (revision,) = await session.scalars(select(Revision))
        (message,) = await session.scalars(select(Message))
    assert (job.is_answered, job.result_revision_id) == (True, revision.id)
    assert (message.message_id, message.revision_id) == (4711, revision.id)


async def test_repeated_job_gives_the_same_bytes_as_an_undisturbed_one(database, database_url, channel, tmp_path):
    await asyncio.to_thread(run_until, "writing", database_url, channel)
    await come_back(database, channel)
    disturbed = (channel / "4711.mid").read_bytes()

    quiet = FolderPresenter(tmp_path)
    jobs = JobService(database, writer=StandInWriter(), media=StandInMedia(), presenter=quiet, limits=LimitSettings())
    await jobs.start()
    await jobs.submit(make_order())
    async with asyncio.timeout(20):
        await quiet.is_answered.wait()
    await jobs.stop()
    assert disturbed == (tmp_path / "1002.mid").read_bytes()


async def test_answered_job_is_not_shown_again_by_later_bots(database, database_url, channel):
    await asyncio.to_thread(run_until, "shown", database_url, channel)
    await come_back(database, channel)
    presenter = FolderPresenter(channel)
    jobs = JobService(
        database, writer=StandInWriter(), media=StandInMedia(), presenter=presenter, limits=LimitSettings()
    )
    await jobs.start()
    await jobs.stop()
    assert presenter.num_edits == 0


async def test_takes_that_were_stored_are_not_made_again(database, database_url, channel, tmp_path):
    """Killed when two of four takes are stored: the next bot writes the other two; all four are what they would have been."""
    await asyncio.to_thread(run_until, "two-stored", database_url, channel)
    writer = StandInWriter()
    presenter = FolderPresenter(channel)
    jobs = JobService(database, writer=writer, media=StandInMedia(), presenter=presenter, limits=LimitSettings())
    await jobs.start()
    async with asyncio.timeout(20):
        await presenter.is_answered.wait()
    await jobs.submit(make_order(num_takes=4))
    presenter.is_answered.clear()
    async with asyncio.timeout(20):
        await presenter.is_answered.wait()
    await jobs.stop()

    assert sorted(request.job_id for request in writer.requests[:2]) == ["1.2", "1.3"]
    files = {file.name: notes_of(file) for file in channel.iterdir()}
    assert sorted(files) == [f"{message}-{number}.mid" for message in (1002, 4711) for number in (1, 2, 3, 4)]
    for number in (1, 2, 3, 4):
        assert files[f"4711-{number}.mid"] == files[f"1002-{number}.mid"]
    async with database.reading() as session:
        assert len(list(await session.scalars(select(Revision)))) == 8


async def test_takes_that_were_shown_are_shown_once(database, database_url, channel):
    """Killed between the reply and the row: the same message is edited, and shows four revisions in their order."""
    await asyncio.to_thread(run_until, "takes-shown", database_url, channel)
    presenter = await come_back(database, channel)

    assert presenter.num_edits == 1
    async with database.reading() as session:
        messages = list(await session.scalars(select(Message).order_by(Message.position)))
        takes = list(await session.scalars(select(JobTake).order_by(JobTake.position)))
    assert [(row.message_id, row.position) for row in messages] == [(4711, 0), (4711, 1), (4711, 2), (4711, 3)]
    assert [row.revision_id for row in messages] == [take.revision_id for take in takes]
