"""A bot process that is going to be killed: ``python -m tests.bot.services.doomed_bot URL FOLDER MOMENT``.

It submits one order and then, at the named moment, says so on standard output and waits to be killed: ``writing`` in the
middle of the music, ``shown`` after the reply was shown and before the row was marked.
"""

import asyncio
import sys
from pathlib import Path

from bot.services.jobs import JobService
from core.settings import LimitSettings
from db.engine import Database
from tests.factories.doors import FolderPresenter, StandInMedia, StandInWriter
from tests.factories.orders import make_order


class HangingPresenter(FolderPresenter):
    """Shows the reply, and never comes back to say so."""

    async def show_reply(self, job, reply):
        await super().show_reply(job, reply)
        print("shown", flush=True)
        await asyncio.Event().wait()


async def main(url, folder, moment):
    writer = StandInWriter(is_open=moment != "writing")
    presenter = HangingPresenter(Path(folder)) if moment == "shown" else FolderPresenter(Path(folder))
    jobs = JobService(Database(url), writer=writer, media=StandInMedia(), presenter=presenter, limits=LimitSettings())
    await jobs.start()
    job = await jobs.submit(make_order())
    await jobs.attach_message(job.job_id, 4711)
    await writer.started.wait()
    if moment == "writing":
        print("writing", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
