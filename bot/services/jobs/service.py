"""Jobs from order to answer: stored first, run in tasks of this service, answered exactly once, resumed after a restart.

It knows nothing of Discord (the presenter shows things), of networks (the inference client writes music) or of SQL.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog
from structlog.contextvars import bind_contextvars

from bot.services.house.order_rules import OperatorRules, OrderRules
from bot.services.jobs.estimates import NUM_REMEMBERED_JOBS, Estimates
from bot.services.jobs.leases import DEFAULT_LEASE_SECONDS, JobLeases
from bot.services.jobs.networks import Doors
from bot.services.jobs.results import JobResults
from bot.services.jobs.runner import JobRunner
from bot.services.jobs.store import JobStore, SoonestEnd
from bot.services.model import Author, JobOrder, JobView, Presenter, ProgressView
from bot.services.operations.registry import NETWORK_KINDS, check_options, operation_for
from bot.services.ports import MediaMaker, Writer
from bot.services.replies.library import ReplyParts
from bot.services.replies.takes import check_num_takes, take_names
from bot.services.sampling import draw_seed
from core.errors import StorageError, TuttiError
from core.metrics import Metrics
from core.settings import LimitSettings
from db.engine import Database

_log = structlog.stdlib.get_logger(__name__)

FORGET_ANSWERED_AFTER_DAYS = 30
_STOP_TIMEOUT_SECONDS = 15.0
_LOOKS_PER_LEASE = 3
_FORGET_EVERY_SECONDS = 24 * 3600.0


class JobService:
    """Accepts orders and sees each one through to exactly one answer. Between ``start`` and ``stop`` it owns tasks."""

    def __init__(
        self,
        database: Database,
        *,
        writer: Writer,
        media: MediaMaker,
        presenter: Presenter,
        limits: LimitSettings,
        parts: ReplyParts | None = None,
        metrics: Metrics | None = None,
        lease_seconds: float = DEFAULT_LEASE_SECONDS,
        rules: OrderRules | None = None,
    ) -> None:
        self._doors = Doors(writer=writer, media=media, presenter=presenter)
        self._leases = JobLeases(database, lease_seconds=lease_seconds)
        self._rules = rules or OperatorRules(limits)
        self._store = JobStore(database, leases=self._leases, metrics=metrics)
        self._estimates = Estimates(writer)
        self._results = JobResults(database, owner=self._leases.owner)
        self._runner = JobRunner(
            database,
            doors=self._doors,
            results=self._results,
            leases=self._leases,
            estimates=self._estimates,
            limits=limits,
            parts=parts or ReplyParts(),
            metrics=metrics,
        )
        self._tasks: dict[int, asyncio.Task[None]] = {}  # one per job, from taking it to its answer
        self._making: dict[int, asyncio.Task[None]] = {}  # the part of a job that can be cancelled
        self._watch: asyncio.Task[None] | None = None
        self._is_stopping = False

    @property
    def leases(self) -> JobLeases:
        """Who this process is, and which others are dead."""
        return self._leases

    async def start(self) -> None:
        """Resume the unfinished jobs of the last run and begin to accept orders."""
        for kind in NETWORK_KINDS:
            self._estimates.recall(kind, await self._store.recent_rates(kind, limit=NUM_REMEMBERED_JOBS))
        await self._take_orphans()
        self._watch = asyncio.create_task(self._watch_over_jobs(), name="job-watch")

    async def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Begin nothing more, let the networks finish what they have begun for ``drain_seconds``, and end the tasks.

        What is not finished then, and what is ordered meanwhile, stays stored and is resumed by the next ``start``, or by another
        bot on the same database; whoever waits for it is told.
        """
        self._is_stopping = True
        waiting = {job_id for job_id in self._making if self._is_waiting(job_id)}
        await self._lay_aside(waiting)
        begun = {task for job_id, task in self._tasks.items() if job_id not in waiting}
        if begun and drain_seconds > 0:
            _log.info("draining", num_begun=len(begun), num_waiting=len(waiting))
            await asyncio.wait(begun, timeout=drain_seconds)
        await self._lay_aside(set(self._making))
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        tasks = set(self._tasks.values())
        if tasks:  # answers on their way are given the time to arrive
            _, late = await asyncio.wait(tasks, timeout=_STOP_TIMEOUT_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        await self._leases.release_all()

    @property
    def is_accepting(self) -> bool:
        """Whether orders are carried out: not before the start, and not once the bot was asked to stop."""
        return self._watch is not None and not self._is_stopping

    async def check(self, order: JobOrder) -> None:
        """Refuse what ``submit`` would refuse, as far as that can be seen beforehand; nothing is stored.

        Raises: like ``submit``.
        """
        order, limits = await self._dress(order)
        await self._store.check(order, limits=limits, soonest_end=self._soonest_end(order))

    async def submit(self, order: JobOrder) -> JobView:
        """Store an order with its input and start to work on it; it is in the database when this returns.

        While the bot stops it is only stored. Its lease is not renewed then, so whoever is there next takes it.

        Raises:
            core.errors.InputError: for options that no network can serve.
            core.errors.LimitError: when the person, the server or everybody together has too many unfinished jobs.
            core.errors.NotFoundError: when the source revision was deleted.
        """
        order, limits = await self._dress(order)
        seed = draw_seed(order.options.seed)
        job = await self._store.accept(order, seed=seed, soonest_end=self._soonest_end(order), limits=limits)
        _log.info("job_queued", job_id=job.job_id, kind=job.kind)
        if self._is_stopping:
            _log.info("job_left_to_the_next_start", job_id=job.job_id)
        else:
            self._begin(job.job_id)
        return job

    async def _dress(self, order: JobOrder) -> tuple[JobOrder, LimitSettings]:
        """Return an order with its place's defaults, and the limits there; what cannot be served is refused."""
        check_num_takes(order.num_takes)
        order = await self._rules.dress(order)
        limits = await self._rules.limits_of(order.place)
        check_options(order.options, has_source=order.source is not None, limits=limits)
        return order, limits

    def _soonest_end(self, order: JobOrder) -> SoonestEnd:
        return partial(self._estimates.soonest_end_seconds, kind=operation_for(order.options).kind)

    async def attach_message(self, job_id: int, message_id: int) -> None:
        """Remember the acknowledgement message, so that the reply can be an edit of it after a restart.

        Raises:
            core.errors.NotFoundError: when there is no such job.
        """
        await self._store.attach_message(job_id, message_id)
        if self._is_stopping and job_id not in self._tasks:
            await self._tell_restart(job_id)

    async def cancel(self, job_id: int, *, author: Author) -> None:
        """Stop a job; the presenter then shows ``CancelledJobError``. A finished job stays as it is.

        Raises:
            core.errors.NotFoundError: when there is no such job.
            core.errors.PermissionDeniedError: when it is somebody else's.
        """
        if not await self._store.cancel(job_id, author=author):
            return
        _log.info("job_cancelled", job_id=job_id)
        making = self._making.get(job_id)
        if making is not None:
            making.cancel()

    async def job(self, job_id: int) -> JobView:
        """Return a job as it stands.

        Raises:
            core.errors.NotFoundError: when there is no such job.
        """
        return await self._store.job(job_id)

    def _is_waiting(self, job_id: int) -> bool:
        """Whether the networks have not begun with a job, or with the takes of it that are not done."""
        places = (self._doors.writer.queue_place(name) for name in take_names(job_id))
        return any(place is not None for place in places) and not self._runner.is_writing(job_id)

    async def _lay_aside(self, job_ids: set[int]) -> None:
        """Stop making jobs; they stay stored, and their people read that it goes on after the restart."""
        for job_id in job_ids:
            if making := self._making.get(job_id):
                making.cancel()
        for job_id in job_ids:
            await self._tell_restart(job_id)

    async def _tell_restart(self, job_id: int) -> None:
        try:
            view = ProgressView(stage="restarting")
            await self._doors.presenter.show_progress(await self._store.job(job_id), view)
        except TuttiError:  # a courtesy
            _log.info("restart_not_shown", job_id=job_id)

    def _begin(self, job_id: int) -> None:
        if job_id in self._tasks:
            return
        task = asyncio.create_task(self._see_through(job_id), name=f"job-{job_id}")
        self._tasks[job_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job_id, None))

    async def _see_through(self, job_id: int) -> None:
        """Make one job's music and answer it. An error of ours that nobody foresaw is answered, too."""
        if self._is_stopping:  # it was taken, but its turn came too late
            return
        bind_contextvars(job_id=job_id)  # for all that happens in this task, and in those of the networks and of media
        making = asyncio.create_task(self._runner.make(job_id), name=f"job-{job_id}-making")
        self._making[job_id] = making
        try:
            try:
                await making
            except asyncio.CancelledError:
                if self._is_stopping:
                    raise
            except StorageError:
                _log.exception("job_left_to_its_lease", job_id=job_id)
                return
            except Exception:  # noqa: BLE001 - the last net: the person gets an answer, the log the traceback
                _log.exception("job_broke", job_id=job_id)
                await self._results.fail(job_id, TuttiError())
            finally:
                self._making.pop(job_id, None)
            await self._runner.answer(job_id)
        except Exception:  # noqa: BLE001 - same; the job stays stored and its lease runs out
            _log.exception("job_answer_broke", job_id=job_id)

    async def _watch_over_jobs(self) -> None:
        """Renew our leases, and take jobs that nobody works on any more."""
        loop = asyncio.get_running_loop()
        forget_at = loop.time()
        while True:
            await asyncio.sleep(self._leases.lease_seconds / _LOOKS_PER_LEASE)
            try:
                await self._renew()
                if not self._is_stopping:
                    await self._take_orphans()
                if loop.time() >= forget_at:
                    forget_at = loop.time() + _FORGET_EVERY_SECONDS
                    await self._store.forget_answered(days=FORGET_ANSWERED_AFTER_DAYS)
            except StorageError:
                _log.exception("lease_renewal_failed")

    async def _renew(self) -> None:
        """Renew our leases; a job that somebody else took meanwhile is theirs to answer."""
        ours = set(self._tasks)
        kept = await self._leases.renew(ours)
        for job_id in ours - kept:
            making = self._making.get(job_id)
            if making is not None:
                _log.warning("lease_lost", job_id=job_id)
                making.cancel()

    async def _take_orphans(self) -> None:
        for job_id in await self._leases.take_orphans():
            _log.info("job_resumed", job_id=job_id)
            self._begin(job_id)
