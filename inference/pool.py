"""The worker processes: start, watch, restart, drain; and the jobs on their way through them. Parent side, without torch.

It decides nothing about order (``scheduler``), about who serves and who stands by (``crew``), or about music. A job whose worker
died runs again with the same request, so with the same seed and to the same bytes; after ``max_deaths`` of which it alone can be
guilty it is given up, and everybody else's jobs go on. Everything here happens on one event loop; only the slots' tasks wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

import structlog

from core.errors import ChildLostError, ConfigurationError, InferenceError, ServiceStoppingError, WorkerLostError
from core.memory import available_bytes
from core.metrics import Metrics, NullMetrics, OutcomeLabel
from core.processes import ChildLimits
from inference.crew import Crew, Slot
from inference.job import Job
from inference.outlook import Outlook
from inference.place_board import PlaceBoard, QueueListener
from inference.protocol import (
    Cancel,
    Company,
    Failure,
    FailureCode,
    FinishedBars,
    FromWorker,
    Heartbeat,
    Progress,
    Ready,
    Request,
    Result,
    WorkerSetup,
)
from inference.scheduler import Scheduler, Ticket
from inference.work import work_of
from inference.worker_handle import Worker, WorkerHandle

_ROOM_PER_SPARE = 2.0  # memory that must be free for a spare, in sizes of a worker that serves
_MEMORY_LOOK_SECONDS = 30.0
_LOST_FIRST_STARTS = 2  # of a worker that says nothing, before the start of all is given up
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How many workers, what they load, and every limit."""

    setup: WorkerSetup
    limits: ChildLimits
    num_workers: int = 1
    num_spares: int = 0  # workers that stand by, warm, to take a lost one's place at once; started while memory allows
    max_queued_jobs: int = 100
    job_timeout_seconds: float = 300.0  # of one attempt, from the moment a worker has it
    max_deaths: int = 3  # of workers that had the job alone
    waits_for_workers: bool = False  # jobs wait however long none can start, as for a cluster that comes back


class WorkerPool:
    """Runs jobs on worker processes that may die at any time."""

    def __init__(
        self, options: PoolOptions, *, workers: Sequence[Worker] | None = None, metrics: Metrics | None = None
    ) -> None:
        self.checkpoint_ids: dict[str, str] = {}
        self._options = options
        self._metrics = metrics or NullMetrics()
        self._scheduler = Scheduler(
            max_queued_jobs=options.max_queued_jobs,
            num_slots=options.num_workers * options.setup.max_running_jobs,
            slots_per_worker=options.setup.max_running_jobs,
        )
        self.outlook = Outlook(self._scheduler)
        self._jobs: dict[str, Job] = {}  # waiting and running, by id
        num_slots = options.num_workers + options.num_spares
        workers = workers or [
            WorkerHandle(slot=number, setup=options.setup, limits=options.limits) for number in range(num_slots)
        ]
        self._crew = Crew(
            [Slot(number, worker) for number, worker in enumerate(workers)],
            num_serving=options.num_workers,
            max_running_jobs=options.setup.max_running_jobs,
        )
        self._crew_changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._board = PlaceBoard()
        self._is_stopping = False
        self._started = asyncio.Event()
        self._start_error: InferenceError | ConfigurationError | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def process_ids(self) -> list[int]:
        """Of the workers that serve."""
        return [slot.handle.process_id or 0 for slot in self._crew.serving]

    @property
    def num_ready_spares(self) -> int:
        """How many workers stand by at the moment."""
        return self._crew.num_ready - len(self._crew.serving)

    async def start(self) -> None:
        """Start every worker and wait until the first is ready; the others join when they are, spares last.

        Raises:
            InferenceError: when no worker can start, in the words of the last one.
            ConfigurationError: when a setting is why.
        """
        self._tasks = [asyncio.create_task(self._run_slot(slot)) for slot in self._crew.slots]
        try:
            await self._started.wait()  # each start has its own timeout
        except asyncio.CancelledError:
            await self.stop(drain_seconds=0)
            raise
        if self._start_error is not None:
            await self.stop(drain_seconds=0)
            raise self._start_error

    async def stop(self, *, drain_seconds: float) -> None:
        """Refuse new jobs, end waiting ones, let running ones finish for ``drain_seconds``, end the processes."""
        self._is_stopping = True
        for job in (*(self._jobs[job_id] for job_id in self._scheduler.order()), *self._crew.reserved_jobs()):
            self._end_job(job, _stopping(job.job_id))
        try:
            async with asyncio.timeout(drain_seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("pool_drained_late", num_running=self._scheduler.num_running)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(slot.handle.stop(grace_seconds=2.0) for slot in self._crew.slots))
        for job in tuple(self._jobs.values()):
            self._end_job(job, _stopping(job.job_id))
        _log.info("pool_stopped")

    def submit(self, request: Request, *, user_id: int, guild_id: int | None) -> Job:
        """Queue a request; its reply comes through the job's stream.

        Raises:
            LimitError: when the queue is full.
            ServiceStoppingError: after ``stop``.
        """
        if self._is_stopping:
            raise ServiceStoppingError("The bot is shutting down.", job_id=request.job_id)
        if request.job_id in self._jobs:
            raise ValueError(f"job {request.job_id} is already on its way")
        ticket = Ticket(job_id=request.job_id, user_id=user_id, guild_id=guild_id, work=work_of(request))
        self._scheduler.add(ticket)
        job = Job(request, user_id=user_id, guild_id=guild_id, submitted_seconds=time.monotonic())
        self._jobs[job.job_id] = job
        job.tell("job_queued", task=job.task, guild_id=guild_id)
        self._dispatch()
        return job

    def cancel(self, job_id: str) -> bool:
        """End a job now: a waiting one leaves the queue, a running one leaves its worker within one step."""
        job = self._jobs.get(job_id)
        if job is None or job.stream.is_closed:
            return False
        self._abandon(job, Failure(job_id=job_id, code="cancelled", message="The job was cancelled."))
        return True

    def add_queue_listener(self, listener: QueueListener) -> Callable[[], None]:
        """Call ``listener`` whenever a place changes; the returned function ends that."""
        return self._board.add_listener(listener)

    # ---- one worker after another in a slot

    async def _run_slot(self, slot: Slot) -> None:
        while True:
            await self._until_wanted(slot)
            slot.is_starting = True
            try:
                ready = await slot.handle.start()
            except (InferenceError, ConfigurationError) as error:
                self._note_failed_start(slot, error)
            else:
                await self._live(slot, ready)
            finally:
                slot.is_starting = False
            self._crew_changed.set()
            await asyncio.sleep(slot.pause_seconds)

    async def _until_wanted(self, slot: Slot) -> None:
        """Wait until there are too few workers; or, for a spare, until the others are ready and memory allows it."""
        while not self._crew.is_wanted_to_serve(slot):
            if self._crew.has_full_service and self._has_room_for_spare():
                return
            self._crew_changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_MEMORY_LOOK_SECONDS):
                    await self._crew_changed.wait()

    def _has_room_for_spare(self) -> bool:
        free = available_bytes()
        size = max((slot.handle.resident_bytes for slot in self._crew.serving), default=0)
        return free is None or free >= _ROOM_PER_SPARE * size

    async def _live(self, slot: Slot, ready: Ready) -> None:
        """Serve, or stand by, with one worker until it is lost."""
        slot.note_ready(now_seconds=time.monotonic())
        self.checkpoint_ids = ready.checkpoint_ids
        self._started.set()
        self._crew_changed.set()
        loss: ChildLostError | None = None
        try:
            self._dispatch()
            _log.info(
                "worker_ready",
                worker=slot.number,
                is_spare=not slot.is_serving,
                device=ready.device,
                node=ready.node or "here",
                load_seconds=round(ready.load_seconds, 3),
            )
            while True:
                self._take(slot, await slot.handle.receive())
        except ChildLostError as error:
            loss = error
        except Exception:  # noqa: BLE001 - the border of a slot
            # A mistake of ours on one message must not leave the slot without a task and its jobs without an end.
            _log.exception("worker_message_failed", worker=slot.number)
            await slot.handle.kill()
        self._lose(slot, loss)

    def _note_failed_start(self, slot: Slot, error: InferenceError | ConfigurationError) -> None:
        slot.note_failed_start(has_said_why=not isinstance(error, WorkerLostError))
        _log.error("worker_start_failed", worker=slot.number, reason=str(error), output=slot.handle.output)
        failing = [slot for slot in self._crew.slots if slot.num_failed_starts]
        # A worker that vanished without a word, killed from outside or for memory, gets a second try before the whole bot is given up.
        settled = [slot for slot in failing if slot.has_said_why or slot.num_failed_starts >= _LOST_FIRST_STARTS]
        if not self._started.is_set() and len(settled) >= self._options.num_workers:
            self._start_error = error
            self._started.set()
        is_hopeless = all(slot.is_hopeless for slot in failing) and len(failing) >= self._options.num_workers
        if is_hopeless and not self._options.waits_for_workers and not self._crew.num_ready:
            for job_id in self._scheduler.order():
                self._end_job(
                    self._jobs[job_id], Failure(job_id=job_id, code="worker_lost", message="No worker can start.")
                )

    def _lose(self, slot: Slot, loss: ChildLostError | None) -> None:
        """Give the jobs of a lost worker another try, up to a number; a spare takes its place at once."""
        now_seconds = time.monotonic()
        slot.note_loss(now_seconds=now_seconds)
        cause = loss.cause if loss is not None else "protocol"
        jobs, reserved = self._crew.dismiss(slot)
        self._metrics.count_worker_restart()
        _log.warning("worker_lost", worker=slot.number, cause=cause, num_jobs=len(jobs), output=slot.handle.output)
        if reserved is not None:
            self._scheduler.put_back(reserved.job_id)
        for job in reversed(jobs):
            num_aboard = slot.handle.num_aboard(job.job_id, num_ours=len(jobs))
            job.note_death(num_aboard=num_aboard, now_seconds=now_seconds)
            if job.stream.is_closed:
                self._end_job(job, None)
            elif job.num_deaths < self._options.max_deaths:
                self._scheduler.put_back(job.job_id)
                job.tell("job_put_back", num_deaths=job.num_deaths, num_aboard=num_aboard)
            else:
                code: FailureCode = "memory" if cause == "memory" else "worker_lost"
                message = f"The job ended its worker {job.num_deaths} times."
                self._end_job(job, Failure(job_id=job.job_id, code=code, message=message))
        self._dispatch()

    # ---- one job after another

    def _dispatch(self) -> None:
        """Give waiting jobs to workers that have room, suspects to one that is empty, then tell places."""
        self._crew.appoint()
        for slot, job in self._crew.reservations_due():
            self._begin(slot, job)
        while (slot := self._crew.free_slot()) is not None:
            job_id = self._scheduler.next_job(now_seconds=time.monotonic())
            if job_id is None:
                break
            job = self._jobs[job_id]
            if job.is_suspect and slot.jobs:
                slot.reserved = job
            else:
                self._begin(slot if job.is_suspect else self._crew.warmest_slot(job, slot), job)
        self._metrics.set_queue_depth(self._scheduler.num_waiting)
        self._metrics.set_batch_size(self._scheduler.num_running)
        if self._board.has_listeners:
            self._board.show(self._scheduler.places())
        if self._jobs:
            self._idle.clear()
        else:
            self._idle.set()

    def _begin(self, slot: Slot, job: Job) -> None:
        slot.jobs[job.job_id] = job
        self._scheduler.note_begin(job.job_id, worker=slot.number, now_seconds=time.monotonic())
        slot.handle.post(job.request, is_alone=job.is_suspect)
        job.timer = asyncio.get_running_loop().call_later(self._options.job_timeout_seconds, self._time_out, job)
        queue_seconds = round(time.monotonic() - job.submitted_seconds, 3)
        job.tell("job_started", task=job.task, worker=slot.number, queue_seconds=queue_seconds)

    def _take(self, slot: Slot, message: FromWorker) -> None:
        """Handle one message of a worker."""
        match message:
            case Heartbeat():
                self._metrics.set_device_memory(worker=slot.number, num_bytes=message.memory_bytes)
            case Progress():
                if job := slot.jobs.get(message.job_id):
                    self._note_progress(job, message)
            case FinishedBars():
                if job := slot.jobs.get(message.job_id):
                    job.stream.write(message)
            case Result() | Failure():
                if job := slot.jobs.pop(message.job_id, None):
                    self._note_recovery(job)
                    slot.num_short_lives = 0
                    self._end_job(job, message)
                    self._dispatch()
            case Company():
                slot.num_other_jobs, slot.num_places = message.num_other_jobs, message.num_places
                self._dispatch()
            case Ready():
                pass
            case _:
                assert_never(message)

    def _note_recovery(self, job: Job) -> None:
        """Note that a job goes on after it had lost its worker."""
        if job.lost_seconds is not None:
            seconds = round(time.monotonic() - job.lost_seconds, 3)
            job.tell("job_recovered", seconds=seconds)
            self._metrics.observe_recovery_seconds(seconds)
            job.lost_seconds = None

    def _note_progress(self, job: Job, message: Progress) -> None:
        self._note_recovery(job)
        if not job.has_progress:
            job.has_progress = True
            seconds = time.monotonic() - job.submitted_seconds
            self._metrics.observe_first_token_seconds(task=job.task, seconds=seconds)
        if message.num_total > 0:
            share = message.num_done / message.num_total
            self._scheduler.note_progress(job.job_id, share_done=share, now_seconds=time.monotonic())
        job.stream.write(message)

    def _time_out(self, job: Job) -> None:
        seconds = self._options.job_timeout_seconds
        self._abandon(
            job, Failure(job_id=job.job_id, code="timeout", message=f"The job took longer than {seconds:g} s.")
        )

    def _abandon(self, job: Job, failure: Failure) -> None:
        """Answer the asker now. A running job keeps its slot until its worker confirms, or is killed for being silent."""
        slot = self._crew.slot_of(job.job_id)
        if slot is None:
            self._end_job(job, failure)
            self._dispatch()
            return
        job.stop_timer()
        self._answer(job, failure)
        slot.handle.post(Cancel(job_id=job.job_id))

    def _end_job(self, job: Job, message: Result | Failure | None) -> None:
        """Take a job off every list, and answer it unless that was done before."""
        job.stop_timer()
        self._crew.forget(job)
        del self._jobs[job.job_id]
        if message is not None and not job.stream.is_closed:
            self._answer(job, message)
        if isinstance(message, Result) and self._scheduler.place(job.job_id) == 0:
            self._scheduler.finish(job.job_id, now_seconds=time.monotonic())
        else:
            self._scheduler.remove(job.job_id)
        if not self._jobs:
            self._idle.set()

    def _answer(self, job: Job, message: Result | Failure) -> None:
        job.stream.write(message)
        seconds = time.monotonic() - job.submitted_seconds
        outcome: OutcomeLabel = "finished"
        if isinstance(message, Failure):
            outcome = "cancelled" if message.code == "cancelled" else "failed"
            outcome = "refused" if message.code == "input" else outcome
            job.tell("job_failed", task=job.task, code=message.code, details=message.details)
        else:
            self._metrics.observe_job_seconds(task=job.task, seconds=seconds)
            self._metrics.count_tokens(task=job.task, num_tokens=message.num_events)
            job.tell("job_finished", task=job.task, seconds=round(seconds, 3))
        self._metrics.count_job(task=job.task, outcome=outcome)


def _stopping(job_id: str) -> Failure:
    return Failure(job_id=job_id, code="stopping", message="The bot is shutting down.")
