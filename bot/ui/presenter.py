"""Shows jobs in Discord: progress at a sane rate, then one reply or one sentence, always in the same message.

The services call it through their ``Presenter`` protocol. It knows nothing of queues, networks or the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import discord
import structlog

from bot.error_messages import explain
from bot.services.clock import utc_now
from bot.services.model import EarlySound, FileBundle, JobView, ProgressView, Reply, TakesReply
from bot.ui import take_views, views
from bot.ui.compose_card import with_stage_buttons
from bot.ui.courier import Courier, OutgoingFile, ReplyAddress
from bot.ui.embeds.progress import cancelled_embed, error_embed, progress_embed
from bot.ui.embeds.replies import reply_embed
from bot.ui.embeds.takes import takes_embed
from bot.ui.embeds.words import is_editable
from bot.ui.file_messages import show_files
from bot.ui.sending import Fitting, outgoing, send_fitting
from bot.ui.together.late_buttons import with_late_buttons
from core.errors import CancelledJobError, NotFoundError, PermissionDeniedError, TuttiError
from core.metrics import Metrics, NullMetrics

_log = structlog.stdlib.get_logger(__name__)

SECONDS_BETWEEN_EDITS = 1.5
_CLOSING_TIMEOUT_SECONDS = 20.0


@dataclass(slots=True)
class _Ticker:
    """The progress of one job on its way to Discord: only the latest state waits."""

    pending: tuple[JobView, ProgressView] | None = None
    heard: EarlySound | None = None  # what the message lets people hear
    was_heard: bool = False  # something, at some time; a restart takes the sound back
    task: asyncio.Task[None] | None = None
    is_closing: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """A reply ready to be sent; embed and buttons are made anew for every attempt."""

    embed: Callable[[], discord.Embed]
    view: Callable[[], discord.ui.View]
    files: tuple[OutgoingFile, ...]
    is_audible: bool


class DiscordPresenter:
    """Turns acknowledgements into progress, replies and error sentences. Owns one small task per running job."""

    def __init__(
        self,
        courier: Courier,
        *,
        seconds_between_edits: float = SECONDS_BETWEEN_EDITS,
        metrics: Metrics | None = None,
    ) -> None:
        self._courier = courier
        self._metrics = metrics or NullMetrics()
        self._seconds_between_edits = seconds_between_edits
        self._tickers: dict[int, _Ticker] = {}

    async def close(self) -> None:
        """Show the latest progress and no more after it."""
        for job_id, ticker in list(self._tickers.items()):
            await self._settle(job_id)
            if ticker.pending is not None:
                await self._show(ticker, *ticker.pending)

    async def show_progress(self, job: JobView, progress: ProgressView) -> None:
        """Note the latest state; it is shown at once, or when the last edit is old enough."""
        ticker = self._tickers.setdefault(job.job_id, _Ticker())
        ticker.pending = (job, progress)
        if ticker.task is None or ticker.task.done():
            ticker.task = asyncio.create_task(self._tick(ticker), name=f"progress-{job.job_id}")

    async def show_reply(self, job: JobView, reply: Reply) -> int:
        """Turn the acknowledgement into the reply; where it was deleted, post the reply into the channel."""
        message = _Message(
            embed=lambda: reply_embed(reply),
            view=lambda: with_late_buttons(
                with_stage_buttons(
                    views.result_view(reply.revision.revision_id, with_edit=is_editable(reply.revision.options)),
                    reply.revision,
                ),
                reply.revision.revision_id,
                reply.line,
            ),
            files=outgoing(reply.files, picture=reply.picture, alt_text=reply.alt_text),
            is_audible=reply.audio is not None,
        )
        return await self._show_message(job, message)

    async def show_takes(self, job: JobView, reply: TakesReply) -> int:
        """Turn the acknowledgement into a reply of several takes; where it was deleted, post it into the channel."""
        message = _Message(
            embed=lambda: takes_embed(reply),
            view=lambda: take_views.takes_view(
                [take.revision.revision_id for take in reply.takes],
                is_in_song=len(reply.takes) > 1 and reply.takes[0].line is not None,
            ),
            files=outgoing(reply.files, picture=reply.picture, alt_text=reply.alt_text),
            is_audible=any(take.audio is not None for take in reply.takes),
        )
        return await self._show_message(job, message)

    async def _show_message(self, job: JobView, message: _Message) -> int:
        """Deliver a message with what its place takes of its files."""
        ticker = self._tickers.get(job.job_id)
        await self._settle(job.job_id)
        message_id = await send_fitting(
            message.files,
            lambda fitting: self._deliver(job, message, fitting),
            size_limit_bytes=job.size_limit_bytes,
        )
        if message.is_audible and not (ticker is not None and ticker.was_heard):
            self._note_audible(job)
        return message_id

    async def show_files(self, job: JobView, bundle: FileBundle) -> None:
        """Turn the acknowledgement into the bundle's first message; the others follow in the channel."""
        await self._settle(job.job_id)
        await show_files(self._courier, job, bundle)

    async def show_error(self, job: JobView, error: TuttiError) -> None:
        """Turn the acknowledgement into one sentence; where even an embed is forbidden, into plain words."""
        await self._settle(job.job_id)
        explanation = explain(error)
        _log.info("job_error_shown", job_id=job.job_id, error=type(error).__name__, reference=explanation.reference)
        if isinstance(error, CancelledJobError):
            embed = cancelled_embed(explanation.text)
        else:
            embed = error_embed(explanation.text)
        address = ReplyAddress.decode(job.reply_token)
        try:
            try:
                await self._courier.edit(address, embed=embed)
            except PermissionDeniedError:
                await self._courier.edit_plainly(address, explanation.text)
        except NotFoundError:
            _log.info("acknowledgement_gone", job_id=job.job_id)

    async def _deliver(self, job: JobView, message: _Message, fitting: Fitting) -> int:
        address = ReplyAddress.decode(job.reply_token)
        embed, view = fitting.note_in(message.embed()), message.view()
        try:
            return await self._courier.edit(address, embed=embed, files=fitting.files, view=view)
        except NotFoundError:
            _log.info("acknowledgement_gone", job_id=job.job_id)
        nonce = f"tutti-{job.job_id}"
        return await self._courier.post(address.channel_id, nonce=nonce, embed=embed, files=fitting.files, view=view)

    async def _tick(self, ticker: _Ticker) -> None:
        """Show what is pending, not more often than the rate allows, until nothing is."""
        while ticker.pending is not None and not ticker.is_closing.is_set():
            job, progress = ticker.pending
            ticker.pending = None
            await self._show(ticker, job, progress)
            try:
                async with asyncio.timeout(self._seconds_between_edits):
                    await ticker.is_closing.wait()
            except TimeoutError:
                continue

    async def _show(self, ticker: _Ticker, job: JobView, progress: ProgressView) -> None:
        early = progress.early
        files = [] if early is None else [OutgoingFile(filename=early.file.filename, data=early.file.data)]
        is_heard = early is not None and early is ticker.heard
        try:
            await self._courier.edit(
                ReplyAddress.decode(job.reply_token),
                embed=progress_embed(job, progress),
                files=None if is_heard else files,
                view=views.running_view(job.job_id),
            )
            ticker.heard = early
            if early is not None and not ticker.was_heard:
                ticker.was_heard = True
                self._note_audible(job)
        except TuttiError as error:  # progress is a courtesy: the job goes on
            _log.info("progress_not_shown", job_id=job.job_id, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - nobody awaits this task before the reply, which must not suffer
            _log.exception("progress_broke", job_id=job.job_id)

    def _note_audible(self, job: JobView) -> None:
        waited_seconds = (utc_now() - job.created_at).total_seconds()
        self._metrics.observe_first_audible_seconds(task=job.kind, seconds=waited_seconds)

    async def _settle(self, job_id: int) -> None:
        """End a job's progress. An edit under way is awaited: cancelled, it could still arrive after the reply."""
        ticker = self._tickers.pop(job_id, None)
        if ticker is None or ticker.task is None:
            return
        ticker.is_closing.set()
        try:
            async with asyncio.timeout(_CLOSING_TIMEOUT_SECONDS):
                await ticker.task
        except TimeoutError:
            _log.warning("progress_edit_abandoned", job_id=job_id)
