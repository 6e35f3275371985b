"""One job on files, through the same services as in Discord: a database of its own for as long as the job lasts.

It knows nothing of the command line: ``bot/cli.py`` parses and prints.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.services.jobs.service import JobService
from bot.services.model import Author, FileBundle, JobOrder, JobView, Place, ProgressView, Reply, Source, TakesReply
from bot.services.operations.registry import check_options
from bot.services.options import Options
from bot.services.ports import MediaMaker, Writer
from bot.services.replies.library import ReplyParts
from core.errors import TuttiError
from core.settings import LimitSettings, Settings
from db.engine import Database
from db.migrate import upgrade
from inference.client import InferenceClient
from media.client import MediaClient

ProgressListener = Callable[[ProgressView], None]

_NOBODY = Author(user_id=0, name="command line")
_NOWHERE = Place(guild_id=None, channel_id=0)
_SIZE_LIMIT_BYTES = 2**31
_MESSAGE_ID = 1
_POLL_SECONDS = 60.0  # how often the wait for an answer looks whether it is still worth waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a job, and the seconds from order to reply (not counting the start of the processes)."""

    reply: Reply
    seconds: float


class _OneReply:
    """A presenter that keeps the single answer for whoever waits."""

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener
        self._reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    async def show_progress(self, job: JobView, progress: ProgressView) -> None:  # noqa: ARG002 - the protocol's
        """Hand the progress on."""
        self._listener(progress)

    async def show_reply(self, job: JobView, reply: Reply) -> int:  # noqa: ARG002 - the protocol's
        """Keep the reply."""
        if not self._reply.done():
            self._reply.set_result(reply)
        return _MESSAGE_ID

    async def show_files(self, job: JobView, bundle: FileBundle) -> None:
        """Do nothing: the command line makes files without jobs (``cli_exports.py``)."""

    async def show_takes(self, job: JobView, reply: TakesReply) -> int:
        """Keep the first take; files hold one."""
        return await self.show_reply(job, reply.takes[0])

    async def show_error(self, job: JobView, error: TuttiError) -> None:  # noqa: ARG002 - the protocol's
        """Keep the error."""
        if not self._reply.done():
            self._reply.set_exception(error)

    async def wait(self) -> Reply:
        """Return the reply, or raise the error. The job's own limits on time end the wait."""
        while not self._reply.done():
            await asyncio.wait({self._reply}, timeout=_POLL_SECONDS)
        return self._reply.result()


async def run_job(
    options: Options, *, source: Source | None, parts: ReplyParts, settings: Settings, listener: ProgressListener
) -> Answer:
    """Start the workers, run one job and return its answer.

    Raises:
        TuttiError: when it has none.
    """
    check_options(options, has_source=source is not None, limits=settings.limits)  # before processes are started for it
    async with MediaClient(settings.media) as media, InferenceClient(settings.inference) as writer:
        return await answer_order(
            options,
            source=source,
            parts=parts,
            doors=(writer, media),
            limits=settings.limits,
            listener=listener,
        )


async def answer_order(
    options: Options,
    *,
    source: Source | None,
    parts: ReplyParts,
    doors: tuple[Writer, MediaMaker],
    limits: LimitSettings,
    listener: ProgressListener,
) -> Answer:
    """Run one job in a database that lasts no longer, and return its answer.

    Raises:
        TuttiError: when it has none.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_passing_database())
        presenter = _OneReply(listener)
        writer, media = doors
        jobs = JobService(database, writer=writer, media=media, presenter=presenter, limits=limits, parts=parts)
        await jobs.start()
        stack.push_async_callback(jobs.stop)

        started_seconds = time.monotonic()
        order = JobOrder(
            author=_NOBODY, place=_NOWHERE, options=options, source=source, size_limit_bytes=_SIZE_LIMIT_BYTES
        )
        await jobs.submit(order)
        reply = await presenter.wait()
        return Answer(reply=reply, seconds=time.monotonic() - started_seconds)


@asynccontextmanager
async def _passing_database() -> AsyncGenerator[Database]:
    with tempfile.TemporaryDirectory(prefix="tutti-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/tutti.db"
        await upgrade(url)
        database = Database(url)
        try:
            yield database
        finally:
            await database.close()
