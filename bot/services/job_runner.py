"""One job from its stored order to its answer: source, request, music, revision, files, reply. It owns no task.

It knows neither Discord nor SQL. Every step can be repeated after a crash: the seed is stored, so the music comes out
the same; the result is stored once; showing the reply again edits the same message.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from bot.services.clock import utc_now
from bot.services.estimates import Estimates
from bot.services.graph import load_finished
from bot.services.job_leases import JobLeases
from bot.services.job_networks import PRESENTER_TIMEOUT_SECONDS, Doors, JobNetworks, show_progress
from bot.services.job_results import JobResults, Outcome, Shown
from bot.services.library import ReplyMaker, ReplyParts, hash_file
from bot.services.model import EarlySound, JobView, ProgressView, Upload
from bot.services.operations.base import Wish
from bot.services.operations.registry import operation_called
from core.errors import (
    NotFoundError,
    PermissionDeniedError,
    ServiceStoppingError,
    TuttiError,
    WorkerLostError,
)
from core.metrics import Metrics, NullMetrics
from core.settings import LimitSettings
from db.engine import Database
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)

MAX_ATTEMPTS = 3
MAX_ANSWER_ATTEMPTS = 15  # with growing pauses: about three quarters of an hour


class JobRunner:
    """Runs jobs that this process holds."""

    def __init__(
        self,
        database: Database,
        *,
        doors: Doors,
        results: JobResults,
        leases: JobLeases,
        estimates: Estimates,
        limits: LimitSettings,
        parts: ReplyParts,
        metrics: Metrics | None = None,
    ) -> None:
        self._database = database
        self._metrics = metrics or NullMetrics()
        self._doors = doors
        self._results = results
        self._leases = leases
        self._estimates = estimates
        self._limits = limits
        self._parts = parts
        self._heard: dict[int, EarlySound] = {}  # stays in the message until the reply takes its place
        self._replies = ReplyMaker(doors.media, parts=parts)

    async def make(self, job_id: int) -> None:
        """Make the music of a job and store it, or store why there is none; nothing if that was done before.

        Cancelling the task that runs this stops the networks, too.
        """
        held = await self._results.held(job_id)
        if held is None or held.result_revision_id is not None or held.error is not None:
            return
        job = held.job
        attempt = await self._results.begin(job_id)
        if attempt is None:
            return
        _log.info("job_started", job_id=job_id, kind=job.kind, attempt=attempt)
        try:
            if attempt > MAX_ATTEMPTS:
                raise WorkerLostError(f"given up after {MAX_ATTEMPTS} attempts", job_id=str(job_id))
            outcome = await self._write(job)
        except ServiceStoppingError:  # nothing is wrong with the job: it stays stored for the next start
            return
        except TuttiError as error:
            _log.info("job_failed", job_id=job_id, kind=job.kind, error=type(error).__name__)
            await self._results.fail(job_id, error)
            return
        if not await self._results.finish(job_id, outcome):
            return
        _log.info("job_finished", job_id=job_id, kind=job.kind, seconds=round(outcome.run_seconds, 3))

    async def answer(self, job_id: int) -> None:
        """Show what is stored of a job's end, and remember that it was shown; try later if it could not be."""
        held = await self._results.held(job_id)
        if held is None or (held.result_revision_id is None and held.error is None):
            return
        heard = self._heard.pop(job_id, None)
        try:
            if held.result_revision_id is not None:
                shown = await self._show_reply(held.job, held.result_revision_id, heard)
            else:
                shown = None
                assert held.error is not None
                await self._show_error(held.job, held.error)
        except NotFoundError:
            _log.warning("answer_had_no_place", job_id=job_id)
            shown = None
        except PermissionDeniedError as error:
            _log.warning("answer_not_permitted", job_id=job_id, reason=error.reason)
            await self._show_last_word(held.job, error)
            shown = None
        except (TuttiError, TimeoutError) as error:
            await self._try_later(held.job, error)
            return
        await self._results.mark_answered(job_id, shown)
        _log.info("job_answered", job_id=job_id)

    async def _show_reply(self, job: JobView, revision_id: int, heard: EarlySound | None) -> Shown | None:
        try:
            finished = await load_finished(self._database, revision_id)
        except NotFoundError as error:  # deleted between making and showing
            await self._show_error(job, error)
            return None
        await show_progress(self._doors.presenter, job, ProgressView(stage="rendering", early=heard))
        reply = await self._replies.make(finished, size_limit_bytes=job.size_limit_bytes)
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
            message_id = await self._doors.presenter.show_reply(job, reply)
        self._metrics.observe_reply_seconds(task=job.kind, seconds=(utc_now() - job.created_at).total_seconds())
        return Shown(message_id=message_id, midi_hash=hash_file(reply.midi.data))

    async def _show_error(self, job: JobView, error: TuttiError) -> None:
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
            await self._doors.presenter.show_error(job, error)

    async def _show_last_word(self, job: JobView, error: TuttiError) -> None:
        """Say why there will be no reply; the job ends whether that can be shown or not."""
        try:
            await self._show_error(job, error)
        except (TuttiError, TimeoutError) as second:
            _log.warning("answer_had_no_place", job_id=job.job_id, error=type(second).__name__)

    async def _try_later(self, job: JobView, error: TuttiError | TimeoutError) -> None:
        num_failures = await self._leases.postpone(job.job_id)
        _log.warning("answer_failed", job_id=job.job_id, error=type(error).__name__, num_failures=num_failures)
        if num_failures < MAX_ANSWER_ATTEMPTS:
            return
        await self._show_last_word(job, error if isinstance(error, TuttiError) else TuttiError())
        await self._results.mark_answered(job.job_id)
        _log.error("answer_given_up", job_id=job.job_id)

    async def _write(self, job: JobView) -> Outcome:
        source, uploaded = await self._read_source(job)
        wish = Wish(job_id=str(job.job_id), options=job.options, seed=job.seed, source=source, limits=self._limits)
        networks = JobNetworks(job, doors=self._doors, estimates=self._estimates, parts=self._parts)
        started = time.monotonic()
        try:
            made = await operation_called(job.kind).make(wish, networks)
        finally:
            networks.close()
        if networks.heard is not None:
            self._heard[job.job_id] = networks.heard
        run_seconds = networks.run_seconds if networks.has_written else time.monotonic() - started
        return Outcome(made=made, uploaded=uploaded, run_seconds=run_seconds)

    async def _read_source(self, job: JobView) -> tuple[Piece | None, Piece | None]:
        """Return (what to work on, the same if it came as a file)."""
        source = await self._results.source_of(job.job_id)
        if not isinstance(source, Upload):
            return source, None
        await show_progress(self._doors.presenter, job, ProgressView(stage="reading"))
        piece = await self._doors.media.read_upload(source.filename, source.data)
        return piece, piece
