"""One job from its stored order to its answer: source, request, music, revision, files, reply. It owns no task.

It knows neither Discord nor SQL. Every step can be repeated after a crash: the seed is stored, so the music comes out
the same; the result is stored once; showing the reply again edits the same message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.services.clock import utc_now
from bot.services.exports.jobs import ExportJobs
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.leases import JobLeases
from bot.services.jobs.networks import PRESENTER_TIMEOUT_SECONDS, Doors, JobNetworks, show_progress
from bot.services.jobs.results import HeldJob, JobResults, Outcome, Shown
from bot.services.model import EarlySound, JobView, ProgressView, Upload
from bot.services.operations.base import Wish
from bot.services.operations.exporting import FileOptions
from bot.services.operations.picking import PICK, PickOptions
from bot.services.operations.registry import HEARING_KINDS, operation_called
from bot.services.replies.library import Finished, ReplyMaker, ReplyParts, hash_file
from bot.services.replies.take_maker import TakeMaker
from bot.services.replies.take_replies import TakesReplyMaker, missing_takes_remark
from bot.services.songs.graph import load_all_finished
from bot.services.together.recording import SongWork, within_song
from core.errors import (
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    ServiceStoppingError,
    StorageError,
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
        self._take_replies = TakesReplyMaker(doors.media, parts=parts)
        self._exports = ExportJobs(database, doors, sound_of=parts.sound_of)
        self._takes = TakeMaker(doors=doors, results=results, estimates=estimates, limits=limits, parts=parts)

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
                if await self._results.finish_takes(job_id, run_seconds=0.0):  # better some takes than none
                    return
                raise WorkerLostError(f"given up after {MAX_ATTEMPTS} attempts", job_id=str(job_id))
            is_stored = await self._make(job)
        except ServiceStoppingError:  # nothing is wrong with the job: it stays stored for the next start
            return
        except TuttiError as error:
            if isinstance(error, StorageError) and error.max_attempts > 1:
                raise  # the database was away for long; the job is tried again when its lease has run out
            _log.info("job_failed", job_id=job_id, kind=job.kind, error=type(error).__name__)
            await self._results.fail(job_id, error)
            return
        if is_stored:
            _log.info("job_finished", job_id=job_id, kind=job.kind, num_takes=job.num_takes)

    def is_writing(self, job_id: int) -> bool:
        """Whether the networks are known to be at work on a take of this job right now."""
        return self._takes.is_writing(job_id)

    async def answer(self, job_id: int) -> None:
        """Show what is stored of a job's end, and remember that it was shown; try later if it could not be."""
        held = await self._results.held(job_id)
        if held is None or (held.result_revision_id is None and held.error is None):
            return
        heard = self._heard.pop(job_id, None)
        try:
            if held.result_revision_id is not None:
                shown = await self._show_result(held, heard)
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

    async def _show_result(self, held: HeldJob, heard: EarlySound | None) -> Shown | None:
        job, revision_id = held.job, held.result_revision_id
        assert revision_id is not None
        finished = await load_all_finished(self._database, held.take_ids or (revision_id,))
        if not finished:  # deleted between making and showing
            await self._show_error(job, NotFoundError(what="result", identifier=str(revision_id)))
            return None
        if isinstance(job.options, FileOptions):
            return await self._exports.show(job, revision_id)
        await show_progress(self._doors.presenter, job, ProgressView(stage="rendering", early=heard))
        first, *others = finished
        shown = await (self._show_takes(job, finished) if others else self._show_reply(job, first))
        self._metrics.observe_reply_seconds(task=job.kind, seconds=(utc_now() - job.created_at).total_seconds())
        return shown

    async def _show_reply(self, job: JobView, finished: Finished) -> Shown:
        is_whole = isinstance(job.options, PickOptions) and job.options.is_whole
        reply = await self._replies.make(finished, size_limit_bytes=job.size_limit_bytes, is_whole=is_whole)
        if job.num_takes > 1:
            reply = replace(reply, remarks=(*reply.remarks, missing_takes_remark(1, num_asked=job.num_takes)))
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
            message_id = await self._doors.presenter.show_reply(job, reply)
        midi_hashes = {finished.revision.revision_id: hash_file(reply.midi.data)}
        return Shown(message_id=message_id, midi_hashes=midi_hashes)

    async def _show_takes(self, job: JobView, takes: Sequence[Finished]) -> Shown:
        reply = await self._take_replies.make(takes, num_asked=job.num_takes, size_limit_bytes=job.size_limit_bytes)
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
            message_id = await self._doors.presenter.show_takes(job, reply)
        midi_hashes = {take.revision.revision_id: hash_file(take.midi.data) for take in reply.takes}
        return Shown(message_id=message_id, midi_hashes=midi_hashes)

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
        if isinstance(
            error, LimitError
        ):  # too many files wait to be made; this job was accepted, nobody may refuse it now
            await self._leases.postpone(job.job_id, is_failure=False)
            _log.info("answer_waits", job_id=job.job_id)
            return
        num_failures = await self._leases.postpone(job.job_id)
        _log.warning("answer_failed", job_id=job.job_id, error=type(error).__name__, num_failures=num_failures)
        if num_failures < MAX_ANSWER_ATTEMPTS:
            return
        await self._show_last_word(job, error if isinstance(error, TuttiError) else TuttiError())
        await self._results.mark_answered(job.job_id)
        _log.error("answer_given_up", job_id=job.job_id)

    async def _make(self, job: JobView) -> bool:
        """Make and store what a job asks for; return False when it is not ours any more or was cancelled."""
        if job.kind == PICK.kind and job.source_revision_id is not None:
            is_whole = isinstance(job.options, PickOptions) and job.options.is_whole
            await self._results.finish_with(job.job_id, job.source_revision_id, is_chosen=not is_whole)
            return True
        source, uploaded = await self._read_source(job)
        work = await self._results.work_of(job.job_id, job.options)
        if job.num_takes > 1:
            return await self._takes.make(job, source=source, uploaded=uploaded, work=work)
        outcome = replace(await self._write(job, source, uploaded, work), work=work)
        await self._exports.prepare(job)
        return await self._results.finish(job, outcome)

    async def _write(
        self, job: JobView, source: Piece | None, uploaded: Piece | None, work: SongWork | None
    ) -> Outcome:
        wish = Wish(job_id=str(job.job_id), options=job.options, seed=job.seed, source=source, limits=self._limits)
        wish = wish if work is None else within_song(wish, work, kind=job.kind)
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
        is_sound = job.kind in HEARING_KINDS
        piece = await self._doors.media.read_upload(source.filename, source.data, is_sound=is_sound)
        return piece, piece
