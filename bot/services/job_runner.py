"""One job from its stored order to its answer: source, request, music, revision, files, reply. It owns no task.

It knows neither Discord nor SQL. Every step can be repeated after a crash: the seed is stored, so the music comes out
the same; the result is stored once; showing the reply again edits the same message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import msgspec
import structlog

from bot.services.clock import utc_now
from bot.services.early_listening import EarlyListening
from bot.services.estimates import Estimates
from bot.services.graph import load_finished
from bot.services.job_leases import JobLeases
from bot.services.job_results import JobResults, Outcome, Shown
from bot.services.library import ReplyMaker, ReplyParts, hash_file
from bot.services.model import EarlySound, JobView, Presenter, ProgressView, Upload
from bot.services.ports import MediaMaker, Writer
from bot.services.requests import build_request
from core.errors import (
    InferenceError,
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    ServiceStoppingError,
    TuttiError,
    WorkerLostError,
)
from core.metrics import Metrics, NullMetrics
from core.settings import LimitSettings
from db.engine import Database
from inference.protocol import FinishedBars, GenerateRequest, Progress, Request, Result
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)

MAX_ATTEMPTS = 3
MAX_ANSWER_ATTEMPTS = 15  # with growing pauses: about three quarters of an hour
QUEUE_LOOK_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.25  # whoever has to wait shall see their place within a second, the way to Discord included
PRESENTER_TIMEOUT_SECONDS = 120.0  # Discord may make us wait for its rate limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Everything outside that a job needs."""

    writer: Writer
    media: MediaMaker
    presenter: Presenter


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
        await self._progress(job, ProgressView(stage="rendering", early=heard))
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
        request = build_request(str(job.job_id), job.options, seed=job.seed, source=source, limits=self._limits)
        early = self._open_early_listening(job)
        if isinstance(request, GenerateRequest) and early is not None:
            request = msgspec.structs.replace(request, wants_early_bars=True)
        try:
            result, run_seconds = await self._follow(job, request, early)
        finally:
            if early is not None:
                early.close()
        if early is not None and early.sound is not None:
            self._heard[job.job_id] = early.sound
        return Outcome(result=result, uploaded=uploaded, run_seconds=run_seconds)

    def _open_early_listening(self, job: JobView) -> EarlyListening | None:
        parts = self._parts
        if parts.audio_format is None or parts.early_worth_seconds is None or job.kind != "generate":
            return None
        return EarlyListening(
            self._doors.media,
            job_id=job.job_id,
            audio_format=parts.audio_format,
            worth_seconds=parts.early_worth_seconds,
        )

    async def _follow(self, job: JobView, request: Request, early: EarlyListening | None) -> tuple[Result, float]:
        """Show how the networks get on until they are done; return their result and how long they took."""
        last: Progress | None = None
        started: float | None = None
        submitted = time.monotonic()
        look_seconds = min(FIRST_LOOK_SECONDS, QUEUE_LOOK_SECONDS)
        async with aclosing(_Stream(await self._join_queue(job, request))) as stream:
            while True:
                message = await stream.next(timeout_seconds=look_seconds)
                look_seconds = QUEUE_LOOK_SECONDS
                if isinstance(message, Result):
                    run_seconds = time.monotonic() - (submitted if started is None else started)
                    return message, run_seconds
                if isinstance(message, FinishedBars):
                    if early is not None and started is not None:
                        early.offer(message, elapsed_seconds=time.monotonic() - started)
                    continue
                if message is None:
                    if started is None:
                        await self._show_queue(job)
                    if last is None:
                        continue
                    message = last  # nothing new was written, but there may be something new to hear
                last = message
                started = time.monotonic() if started is None else started
                sound = None if early is None else early.sound
                await self._show_writing(job, message, sound, elapsed_seconds=time.monotonic() - started)

    async def _join_queue(self, job: JobView, request: Request) -> AsyncIterator[Progress | FinishedBars | Result]:
        """Hand a job to the networks; while their queue is full, wait: this job was accepted, nobody may refuse it now."""
        while True:
            try:
                return self._doors.writer.submit(request, user_id=job.author.user_id, guild_id=job.place.guild_id)
            except LimitError:
                await self._progress(job, ProgressView(stage="waiting"))
                await asyncio.sleep(QUEUE_LOOK_SECONDS)

    async def _read_source(self, job: JobView) -> tuple[Piece | None, Piece | None]:
        """Return (what to work on, the same if it came as a file)."""
        source = await self._results.source_of(job.job_id)
        if not isinstance(source, Upload):
            return source, None
        await self._progress(job, ProgressView(stage="reading"))
        piece = await self._doors.media.read_upload(source.filename, source.data)
        return piece, piece

    async def _show_queue(self, job: JobView) -> None:
        place = self._doors.writer.queue_place(str(job.job_id))
        eta_seconds = self._estimates.end_seconds(job.job_id)
        await self._progress(job, ProgressView(stage="waiting", queue_place=place, eta_seconds=eta_seconds))

    async def _show_writing(
        self, job: JobView, progress: Progress, early: EarlySound | None, *, elapsed_seconds: float
    ) -> None:
        done, total = progress.num_done, progress.num_total
        if done > 0 and elapsed_seconds > 0:
            eta_seconds = elapsed_seconds * (total - done) / done
        else:
            eta_seconds = self._estimates.job_seconds(job.kind, num_bars=total) if progress.unit == "bar" else None
        view = ProgressView(
            stage="writing",
            num_done=done,
            num_total=total,
            unit=progress.unit,
            eta_seconds=eta_seconds,
            early=early,
        )
        await self._progress(job, view)

    async def _progress(self, job: JobView, view: ProgressView) -> None:
        """Show progress; whatever goes wrong there, the job goes on."""
        try:
            async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
                await self._doors.presenter.show_progress(job, view)
        except (TuttiError, TimeoutError) as error:
            _log.info("progress_not_shown", job_id=job.job_id, error=type(error).__name__)


class _Stream:
    """A writer's stream that can be asked for its next message with a time limit, without losing any."""

    def __init__(self, messages: AsyncIterator[Progress | FinishedBars | Result]) -> None:
        self._messages = messages
        self._pending: asyncio.Future[Progress | FinishedBars | Result] | None = None

    async def next(self, *, timeout_seconds: float) -> Progress | FinishedBars | Result | None:
        """Return the next message, or None when none came in time.

        Raises:
            InferenceError: when the networks gave up.
        """
        if self._pending is None:
            self._pending = asyncio.ensure_future(anext(self._messages))
        done, _ = await asyncio.wait({self._pending}, timeout=timeout_seconds)
        if not done:
            return None
        pending, self._pending = self._pending, None
        try:
            return pending.result()
        except StopAsyncIteration:
            raise InferenceError("the stream ended without a result") from None

    async def aclose(self) -> None:
        """Stop the job if it has not ended."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait({self._pending})
        close: Callable[[], Awaitable[None]] | None = getattr(self._messages, "aclose", None)
        if close is not None:
            await close()
