"""A bot process that is going to be killed: ``python -m tests.bot.services.doomed_bot URL FOLDER MOMENT``.

It submits one order and then, at the named moment, says so on standard output and waits to be killed: ``writing`` in the
middle of the music, ``shown`` after the reply was shown and before the row was marked, ``two-stored`` when two of four
takes are stored and the others are being written, ``takes-shown`` after a reply of four takes was shown.
"""

import asyncio
import sys
from pathlib import Path

from sqlalchemy import select

from bot.services.jobs.service import JobService
from core.settings import LimitSettings
from db.engine import Database
from db.tables import JobTake
from inference.protocol import Result
from tests.factories.doors import FolderPresenter, StandInMedia, StandInWriter
from tests.factories.orders import make_order


class HangingPresenter(FolderPresenter):
    """Shows the reply, and never comes back to say so."""

    async def show_reply(self, job, reply):
        await super().show_reply(job, reply)
        print("shown", flush=True)
        await asyncio.Event().wait()

    async def show_takes(self, job, reply):
        await super().show_takes(job, reply)
        print("takes-shown", flush=True)
        await asyncio.Event().wait()


class HalfWriter(StandInWriter):
    """Writes the first two takes and never ends with the others."""

    async def submit(self, request, *, user_id, guild_id):
        async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
            if isinstance(message, Result) and request.job_id in {"1.2", "1.3"}:
                await asyncio.Event().wait()
            yield message


async def until_two_are_stored(database):
    num_stored = 0
    while num_stored < 2:
        await asyncio.sleep(0.02)
        async with database.reading() as session:
            num_stored = len(list(await session.scalars(select(JobTake))))


async def main(url, folder, moment):
    writers = {"writing": StandInWriter(is_open=False), "two-stored": HalfWriter()}
    writer = writers.get(moment, StandInWriter())
    presenter = HangingPresenter(Path(folder)) if moment.endswith("shown") else FolderPresenter(Path(folder))
    database = Database(url)
    jobs = JobService(database, writer=writer, media=StandInMedia(), presenter=presenter, limits=LimitSettings())
    await jobs.start()
    num_takes = 4 if moment in {"two-stored", "takes-shown"} else 1
    job = await jobs.submit(make_order(num_takes=num_takes))
    await jobs.attach_message(job.job_id, 4711)
    await writer.started.wait()
    if moment == "two-stored":
        await until_two_are_stored(database)
    if not moment.endswith("shown"):
        print(moment, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
