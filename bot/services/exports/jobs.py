"""Jobs that end in files and not in new music: scores and exports. It knows no SQL and no Discord.

The files are made while the job can still be cancelled, and kept until they are shown; after a restart they are made
again from the piece, so a job that was accepted is answered.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from bot.services.exports.credits import load_line
from bot.services.exports.packing import ExportMaker, Order
from bot.services.jobs.networks import PRESENTER_TIMEOUT_SECONDS, Doors, show_progress
from bot.services.model import FileBundle, JobView, ProgressView
from bot.services.operations.exporting import FileOptions
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.songs.graph import load_finished
from bot.services.together.credits.service import SongCredits
from core.errors import InputError
from db.engine import Database

_MAX_KEPT = 4  # bundles of up to 50 MiB that wait to be shown


class ExportJobs:
    """Makes and shows the files of jobs whose options are ``FileOptions``."""

    def __init__(self, database: Database, doors: Doors, *, sound_of: SoundOf = usual_sound) -> None:
        self._database = database
        self._sound_of = sound_of
        self._doors = doors
        self._maker = ExportMaker(doors.media)
        self._credits = SongCredits(database)
        self._kept: OrderedDict[int, FileBundle] = OrderedDict()

    async def prepare(self, job: JobView) -> None:
        """Make the files of a job on an earlier result, while it can be cancelled; others wait for ``show``.

        Raises:
            core.errors.TuttiError: when they cannot be made.
        """
        if not isinstance(job.options, FileOptions) or job.source_revision_id is None:
            return
        self._kept[job.job_id] = await self._make(job, job.source_revision_id)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)

    async def show(self, job: JobView, revision_id: int) -> None:
        """Show the files of a finished job.

        Raises:
            core.errors.TuttiError: when they cannot be made or shown now.
        """
        bundle = self._kept.pop(job.job_id, None)
        try:
            bundle = bundle or await self._make(job, revision_id)
        except InputError as error:  # nothing will make it right later
            async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
                await self._doors.presenter.show_error(job, error)
            return
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS * len(bundle.messages)):
            await self._doors.presenter.show_files(job, bundle)

    async def _make(self, job: JobView, revision_id: int) -> FileBundle:
        async def listener(num_done: int, num_total: int) -> None:
            view = ProgressView(stage="rendering", num_done=num_done, num_total=num_total, unit="file")
            await show_progress(self._doors.presenter, job, view)

        assert isinstance(job.options, FileOptions)
        wishes = await self._sound_of(job.place.guild_id)
        order = Order(
            finished=await load_finished(self._database, revision_id),
            line=await load_line(self._database, revision_id),
            size_limit_bytes=job.size_limit_bytes,
            soundfont=wishes.soundfont,
            sheet=await self._credits.sheet_of(revision_id),
        )
        return await self._maker.make(job.options, order, listener=listener)
