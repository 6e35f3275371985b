"""The worker processes: start, watch, restart, drain; and the jobs on their way through them. Parent side, without torch.

It decides nothing about order (``scheduler``) and nothing about music. A job whose worker died runs again with the same request, so
with the same seed and to the same bytes; after ``max_deaths`` it is given up and everybody else's jobs go on. Everything here
happens on one event loop; only the slots' tasks wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from core.errors import ChildLostError, InferenceError, ServiceStoppingError
from core.metrics import Metrics, NullMetrics, OutcomeLabel
from core.processes import ChildLimits
from inference.job import Job
from inference.protocol import (
    Cancel,
    Failure,
    FailureCode,
    FromWorker,
    Heartbeat,
    Progress,
    Ready,
    Request,
    Result,
    WorkerSetup,
)
from inference.scheduler import Scheduler, Ticket
from inference.worker_handle import WorkerHandle

QueueListener = Callable[[str, int], None]
"""Is told a job's id and its new place: 1 is next, 0 means that it runs now."""

_LONGEST_PAUSE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.2
_SHORT_LIFE_SECONDS = 10.0
_FAILED_STARTS_UNTIL_GIVING_UP = 3
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How many workers, what they load, and every limit."""

    setup: WorkerSetup
    limits: ChildLimits
    num_workers: int = 1
    max_queued_jobs: int = 100
    job_timeout_seconds: float = 300.0  # of one attempt, from the moment a worker has it
    max_deaths: int = 3


class _Slot:
    """A place for one worker at a time, and the jobs it has."""

    def __init__(self, number: int, handle: WorkerHandle) -> None:
        self.number = number
        self.handle = handle
        self.jobs: dict[str, Job] = {}
        self.is_ready = False
        self.ready_seconds = 0.0
        self.num_short_lives = 0  # in a row: lives that ended soon and without a finished job
        self.num_failed_starts = 0  # in a row


class WorkerPool:
    """Runs jobs on worker processes that may die at any time."""

    def __init__(self, options: PoolOptions, *, metrics: Metrics | None = None) -> None:
        self.checkpoint_ids: dict[str, str] = {}
        self._options = options
        self._metrics = metrics or NullMetrics()
        self._scheduler = Scheduler(
            max_queued_jobs=options.max_queued_jobs,
            num_slots=options.num_workers * options.setup.max_running_jobs,
        )
        self._jobs: dict[str, Job] = {}  # waiting and running, by id
        self._slots = [
            _Slot(number, WorkerHandle(slot=number, setup=options.setup, limits=options.limits))
            for number in range(options.num_workers)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: list[QueueListener] = []
        self._places: dict[str, int] = {}  # as last told to the listeners
        self._is_stopping = False
        self._started = asyncio.Event()
        self._start_error: InferenceError | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def process_ids(self) -> list[int]:
        """Of the workers that are ready."""
        return [slot.handle.process_id or 0 for slot in self._slots if slot.is_ready]

    async def start(self) -> None:
        """Start every worker and wait until the first is ready; the others join when they are.

        Raises:
            InferenceError: when no worker can start, in the words of the last one.
        """
        self._tasks = [asyncio.create_task(self._run_slot(slot)) for slot in self._slots]
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
        for job_id in self._scheduler.order():
            self._end_job(self._jobs[job_id], _stopping(job_id))
        try:
            async with asyncio.timeout(drain_seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("pool_drained_late", num_running=self._scheduler.num_running)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(slot.handle.stop(grace_seconds=2.0) for slot in self._slots))
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
        self._scheduler.add(Ticket(job_id=request.job_id, user_id=user_id))
        job = Job(request, user_id=user_id, guild_id=guild_id, submitted_seconds=time.monotonic())
        self._jobs[job.job_id] = job
        _log.info("job_queued", job_id=job.job_id, task=job.task, guild_id=guild_id)
        self._dispatch()
        return job

    def cancel(self, job_id: str) -> bool:
        """End a job now: a waiting one leaves the queue, a running one leaves its worker within one step."""
        job = self._jobs.get(job_id)
        if job is None or job.stream.is_closed:
            return False
        self._abandon(job, Failure(job_id=job_id, code="cancelled", message="The job was cancelled."))
        return True

    def place(self, job_id: str) -> int | None:
        """Return a job's place: 0 while it runs, 1 when it is next, ``None`` when it is over."""
        return self._scheduler.place(job_id)

    def estimate_wait_seconds(self, job_id: str) -> float | None:
        """Return about how long a job will wait, from the lengths of past ones."""
        return self._scheduler.estimate_wait_seconds(job_id, now_seconds=time.monotonic())

    def add_queue_listener(self, listener: QueueListener) -> Callable[[], None]:
        """Call ``listener`` whenever a place changes; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # ---- one worker after another in a slot

    async def _run_slot(self, slot: _Slot) -> None:
        while True:
            try:
                ready = await slot.handle.start()
            except InferenceError as error:
                self._note_failed_start(slot, error)
            else:
                await self._live(slot, ready)
            num_troubles = slot.num_failed_starts + max(0, slot.num_short_lives - 1)
            if num_troubles:
                await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (num_troubles - 1)))

    async def _live(self, slot: _Slot, ready: Ready) -> None:
        """Serve with one worker until it is lost."""
        slot.is_ready = True
        slot.num_failed_starts = 0
        slot.ready_seconds = time.monotonic()
        self.checkpoint_ids = ready.checkpoint_ids
        self._started.set()
        _log.info("worker_ready", worker=slot.number, device=ready.device, load_seconds=round(ready.load_seconds, 3))
        loss: ChildLostError | None = None
        try:
            self._dispatch()
            while True:
                self._take(slot, await slot.handle.receive())
        except ChildLostError as error:
            loss = error
        except Exception:  # noqa: BLE001 - the border of a slot
            # A mistake of ours on one message must not leave the slot without a task and its jobs without an end.
            _log.exception("worker_message_failed", worker=slot.number)
            await slot.handle.kill()
        self._lose(slot, loss)

    def _note_failed_start(self, slot: _Slot, error: InferenceError) -> None:
        slot.num_failed_starts += 1
        _log.error("worker_start_failed", worker=slot.number, reason=str(error), output=slot.handle.output)
        if not self._started.is_set() and all(slot.num_failed_starts for slot in self._slots):
            self._start_error = error
            self._started.set()
        if all(slot.num_failed_starts >= _FAILED_STARTS_UNTIL_GIVING_UP for slot in self._slots):
            for job_id in self._scheduler.order():
                self._end_job(
                    self._jobs[job_id], Failure(job_id=job_id, code="worker_lost", message="No worker can start.")
                )

    def _lose(self, slot: _Slot, loss: ChildLostError | None) -> None:
        """Give the jobs of a lost worker another try, up to a number."""
        slot.is_ready = False
        life_seconds = time.monotonic() - slot.ready_seconds
        slot.num_short_lives = slot.num_short_lives + 1 if life_seconds < _SHORT_LIFE_SECONDS else 0
        cause = loss.cause if loss is not None else "protocol"
        self._metrics.count_worker_restart()
        _log.warning("worker_lost", worker=slot.number, cause=cause, num_jobs=len(slot.jobs), output=slot.handle.output)
        jobs = list(slot.jobs.values())
        slot.jobs.clear()
        for job in reversed(jobs):
            job.stop_timer()
            job.num_deaths += 1
            if job.stream.is_closed:
                self._end_job(job, None)
            elif job.num_deaths < self._options.max_deaths:
                self._scheduler.put_back(job.job_id)
                _log.info("job_put_back", job_id=job.job_id, num_deaths=job.num_deaths)
            else:
                code: FailureCode = "memory" if cause == "memory" else "worker_lost"
                message = f"The job ended its worker {job.num_deaths} times."
                self._end_job(job, Failure(job_id=job.job_id, code=code, message=message))
        self._dispatch()

    # ---- one job after another

    def _dispatch(self) -> None:
        """Give waiting jobs to workers that have room, then tell places."""
        for slot in self._slots:
            while slot.is_ready and len(slot.jobs) < self._options.setup.max_running_jobs:
                job_id = self._scheduler.next_job(now_seconds=time.monotonic())
                if job_id is None:
                    break
                self._begin(slot, self._jobs[job_id])
        self._metrics.set_queue_depth(self._scheduler.num_waiting)
        self._metrics.set_batch_size(self._scheduler.num_running)
        self._tell_places()
        if self._jobs:
            self._idle.clear()
        else:
            self._idle.set()

    def _begin(self, slot: _Slot, job: Job) -> None:
        slot.jobs[job.job_id] = job
        slot.handle.post(job.request)
        job.timer = asyncio.get_running_loop().call_later(self._options.job_timeout_seconds, self._time_out, job)
        queue_seconds = round(time.monotonic() - job.submitted_seconds, 3)
        _log.info("job_started", job_id=job.job_id, task=job.task, worker=slot.number, queue_seconds=queue_seconds)

    def _take(self, slot: _Slot, message: FromWorker) -> None:
        """Handle one message of a worker."""
        match message:
            case Heartbeat():
                self._metrics.set_device_memory(worker=slot.number, num_bytes=message.memory_bytes)
            case Progress():
                if job := slot.jobs.get(message.job_id):
                    self._note_progress(job, message)
            case Result() | Failure():
                if job := slot.jobs.pop(message.job_id, None):
                    slot.num_short_lives = 0
                    self._end_job(job, message)
                    self._dispatch()
            case Ready():
                pass
            case _:
                assert_never(message)

    def _note_progress(self, job: Job, message: Progress) -> None:
        if not job.has_progress:
            job.has_progress = True
            seconds = time.monotonic() - job.submitted_seconds
            self._metrics.observe_first_token_seconds(task=job.task, seconds=seconds)
        job.stream.write(message)

    def _time_out(self, job: Job) -> None:
        seconds = self._options.job_timeout_seconds
        self._abandon(
            job, Failure(job_id=job.job_id, code="timeout", message=f"The job took longer than {seconds:g} s.")
        )

    def _abandon(self, job: Job, failure: Failure) -> None:
        """Answer the asker now. A running job keeps its slot until its worker confirms, or is killed for being silent."""
        slot = next((slot for slot in self._slots if job.job_id in slot.jobs), None)
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
            _log.info("job_failed", job_id=job.job_id, task=job.task, code=message.code, details=message.details)
        else:
            self._metrics.observe_job_seconds(task=job.task, seconds=seconds)
            self._metrics.count_tokens(task=job.task, num_tokens=message.num_events)
            _log.info("job_finished", job_id=job.job_id, task=job.task, seconds=round(seconds, 3))
        self._metrics.count_job(task=job.task, outcome=outcome)

    def _tell_places(self) -> None:
        if not self._listeners:
            return
        places = self._scheduler.places()
        changed = {job_id: place for job_id, place in places.items() if self._places.get(job_id) != place}
        self._places = places
        for job_id, place in changed.items():
            for listener in tuple(self._listeners):
                listener(job_id, place)


def _stopping(job_id: str) -> Failure:
    return Failure(job_id=job_id, code="stopping", message="The bot is shutting down.")
