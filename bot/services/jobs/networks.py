"""The networks as one job meets them: its requests wait in the queue, and what they do is shown to whoever waits.

It knows no operation and no database. Several requests of one job, one after the other, are the steps of its operation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import msgspec
import structlog

from bot.services.jobs.early_listening import EarlyListening
from bot.services.jobs.estimates import Estimates
from bot.services.model import EarlySound, JobView, Presenter, ProgressView
from bot.services.operations.base import Step
from bot.services.ports import MediaMaker, Writer
from bot.services.replies.library import ReplyParts
from bot.services.replies.takes import ShowProgress
from core.errors import InferenceError, LimitError, TuttiError
from inference.protocol import FinishedBars, GenerateRequest, Progress, Request, Result

_log = structlog.stdlib.get_logger(__name__)

QUEUE_LOOK_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.25  # whoever has to wait shall see their place within a second, the way to Discord included
PRESENTER_TIMEOUT_SECONDS = 120.0  # Discord may make us wait for its rate limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Everything outside that a job needs."""

    writer: Writer
    media: MediaMaker
    presenter: Presenter


async def show_progress(presenter: Presenter, job: JobView, view: ProgressView) -> None:
    """Show progress; whatever goes wrong there, the job goes on."""
    try:
        async with asyncio.timeout(PRESENTER_TIMEOUT_SECONDS):
            await presenter.show_progress(job, view)
    except (TuttiError, TimeoutError) as error:
        _log.info("progress_not_shown", job_id=job.job_id, error=type(error).__name__)


class JobNetworks:
    """Implements ``operations.base.Networks`` for one job.

    ``run_seconds`` sums up how long its requests ran, without their waits; ``heard`` is what can be heard of the result
    already. Only a request without a step is heard early: a step's music is not yet the result.
    """

    def __init__(
        self,
        job: JobView,
        *,
        doors: Doors,
        estimates: Estimates,
        parts: ReplyParts,
        show: ShowProgress | None = None,
    ) -> None:
        """``show`` takes the progress instead of the presenter: this is then one of several takes, heard only at the end."""
        self._job = job
        self._show_view = show
        self._doors = doors
        self._estimates = estimates
        self._parts = parts
        self._early: EarlyListening | None = None
        self.run_seconds = 0.0
        self.has_written = False

    @property
    def heard(self) -> EarlySound | None:
        """The first bars as they were shown last."""
        return None if self._early is None else self._early.sound

    def close(self) -> None:
        """Stop listening early."""
        if self._early is not None:
            self._early.close()

    async def write(self, request: Request, *, step: Step | None = None) -> Result:
        """Show how the networks get on with a request until it is done, and return their result.

        Raises:
            InferenceError: when the networks gave up.
        """
        if isinstance(request, GenerateRequest) and step is None and self._show_view is None:
            self._early = self._open_early_listening()
            if self._early is not None:
                request = msgspec.structs.replace(request, wants_early_bars=True)
        self.has_written = True
        return await self._follow(request, step)

    def _open_early_listening(self) -> EarlyListening | None:
        parts = self._parts
        if parts.audio_format is None or parts.early_worth_seconds is None:
            return None
        return EarlyListening(
            self._doors.media,
            job_id=self._job.job_id,
            audio_format=parts.audio_format,
            worth_seconds=parts.early_worth_seconds,
            size_limit_bytes=self._job.size_limit_bytes,
            guild_id=self._job.place.guild_id,
            sound_of=parts.sound_of,
        )

    async def _follow(self, request: Request, step: Step | None) -> Result:
        last: Progress | None = None
        started: float | None = None
        submitted = time.monotonic()
        look_seconds = min(FIRST_LOOK_SECONDS, QUEUE_LOOK_SECONDS)
        early = self._early
        async with aclosing(_Stream(await self._join_queue(request))) as stream:
            while True:
                message = await stream.next(timeout_seconds=look_seconds)
                look_seconds = QUEUE_LOOK_SECONDS
                if isinstance(message, Result):
                    self.run_seconds += time.monotonic() - (submitted if started is None else started)
                    return message
                if isinstance(message, FinishedBars):
                    if early is not None and started is not None:
                        early.offer(message, elapsed_seconds=time.monotonic() - started)
                    continue
                if message is None:
                    if started is None:
                        await self._show_queue(request)
                    if last is None:
                        continue
                    message = last  # nothing new was written, but there may be something new to hear
                last = message
                started = time.monotonic() if started is None else started
                await self._show_writing(message, step, elapsed_seconds=time.monotonic() - started)

    async def _join_queue(self, request: Request) -> AsyncIterator[Progress | FinishedBars | Result]:
        """Hand a request to the networks; while their queue is full, wait: this job was accepted, nobody may refuse it now."""
        author, place = self._job.author, self._job.place
        while True:
            try:
                return self._doors.writer.submit(request, user_id=author.user_id, guild_id=place.guild_id)
            except LimitError:
                await self._show(ProgressView(stage="waiting"))
                await asyncio.sleep(QUEUE_LOOK_SECONDS)

    async def _show_queue(self, request: Request) -> None:
        place = self._doors.writer.queue_place(request.job_id)
        eta_seconds = self._estimates.end_seconds(self._job.job_id)
        await self._show(ProgressView(stage="waiting", queue_place=place, eta_seconds=eta_seconds))

    async def _show_writing(self, progress: Progress, step: Step | None, *, elapsed_seconds: float) -> None:
        done, total = progress.num_done, progress.num_total
        eta_seconds = None
        if step is None:  # the end of a step is not the end of the job
            if done > 0 and elapsed_seconds > 0:
                eta_seconds = elapsed_seconds * (total - done) / done
            elif progress.unit == "bar":
                eta_seconds = self._estimates.job_seconds(self._job.kind, num_bars=total)
        view = ProgressView(
            stage="writing",
            num_done=done,
            num_total=total,
            unit=progress.unit,
            eta_seconds=eta_seconds,
            early=self.heard,
            step="" if step is None else f"{step.name}, step {step.number} of {step.num_steps}",
        )
        await self._show(view)

    async def _show(self, view: ProgressView) -> None:
        if self._show_view is None:
            await show_progress(self._doors.presenter, self._job, view)
        else:
            await self._show_view(view)


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
