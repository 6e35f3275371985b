"""Makes the takes of one job at the same time, each stored when it is done. It knows neither Discord nor SQL.

A take that was stored before a crash is not made again. One that fails does not cost the others; only when none comes out
has the job failed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import structlog

from bot.services.jobs.estimates import Estimates
from bot.services.jobs.networks import Doors, JobNetworks, show_progress
from bot.services.jobs.results import JobResults, Outcome
from bot.services.model import JobView, ProgressView
from bot.services.operations.base import Wish
from bot.services.operations.registry import operation_called
from bot.services.options import Options
from bot.services.replies.library import ReplyParts
from bot.services.replies.takes import TakesProgress, take_name, take_seed
from bot.services.together.recording import SongWork, within_song
from core.errors import ServiceStoppingError, StorageError, TuttiError
from core.settings import LimitSettings
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)


class TakeMaker:
    """Makes the takes of jobs that this process holds."""

    def __init__(
        self, *, doors: Doors, results: JobResults, estimates: Estimates, limits: LimitSettings, parts: ReplyParts
    ) -> None:
        self._doors = doors
        self._results = results
        self._estimates = estimates
        self._limits = limits
        self._parts = parts
        self._progress: dict[int, TakesProgress] = {}  # of the jobs that are being made

    def is_writing(self, job_id: int) -> bool:
        """Whether the networks are at work on a take of this job right now."""
        progress = self._progress.get(job_id)
        return progress is not None and progress.is_writing

    async def make(
        self, job: JobView, *, source: Piece | None, uploaded: Piece | None, work: SongWork | None = None
    ) -> bool:
        """Make and store the takes that are not there yet; return False when the job is not ours any more.

        Raises:
            TuttiError: what the first take failed with, when there is none.
            StorageError: when a take could not be stored; what is stored stays.
        """
        stored = await self._results.takes(job.job_id)
        progress = TakesProgress(job.num_takes, show=lambda view: self._show(job, view))
        for take in stored:
            progress.finish(take)
        self._progress[job.job_id] = progress
        started = time.monotonic()
        missing = [take for take in range(job.num_takes) if take not in stored]
        makings = [self._make_one(job, take, source, uploaded, work) for take in missing]
        try:
            outcomes = await asyncio.gather(*makings, return_exceptions=True)
        finally:
            self._progress.pop(job.job_id, None)
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        for error in errors:
            if not isinstance(error, TuttiError) or isinstance(error, StorageError | ServiceStoppingError):
                raise error
        if len(errors) == job.num_takes:
            raise errors[0]
        for error in errors:
            _log.warning("take_failed", job_id=job.job_id, error=type(error).__name__)
        return await self._results.finish_takes(job.job_id, run_seconds=time.monotonic() - started)

    async def _make_one(
        self, job: JobView, take: int, source: Piece | None, uploaded: Piece | None, work: SongWork | None
    ) -> None:
        progress = self._progress[job.job_id]
        networks = JobNetworks(
            job,
            doors=self._doors,
            estimates=self._estimates,
            parts=self._parts,
            show=lambda view: progress.note(take, view),
        )
        wish: Wish[Options] = Wish(
            job_id=take_name(job.job_id, take),
            options=options_of_take(job, take),
            seed=take_seed(job.seed, take),
            source=source,
            limits=self._limits,
        )
        wish = wish if work is None else within_song(wish, work, kind=job.kind)
        try:
            made = await operation_called(job.kind).make(wish, networks)
        finally:
            networks.close()
        progress.finish(take)
        outcome = Outcome(made=made, uploaded=uploaded, run_seconds=networks.run_seconds, work=work)
        await self._results.add_take(job, take, outcome, seed=wish.seed, options=wish.options)

    async def _show(self, job: JobView, view: ProgressView) -> None:
        await show_progress(self._doors.presenter, job, view)


def options_of_take(job: JobView, take: int) -> Options:
    """Return what somebody would ask for to get this take alone: a seed that was typed is the take's own."""
    if job.options.seed is None:
        return job.options
    return replace(job.options, seed=take_seed(job.seed, take))
