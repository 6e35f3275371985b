"""The bot's only door to the networks: submit, follow, cancel. It knows nothing of networks, devices or how many processes there are.

async with InferenceClient(settings.inference, max_queued_jobs=100) as client:
async for message in client.submit(request, user_id=author.user_id):
...   # Progress, Progress, ..., Result
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from core.errors import (
    CancelledJobError,
    CheckpointError,
    DeviceMemoryError,
    InferenceError,
    InputError,
    JobTimeoutError,
    ServiceStoppingError,
    TuttiError,
    WorkerLostError,
)
from core.metrics import Metrics
from core.processes import ChildLimits
from core.settings import InferenceSettings
from inference.cluster.opening import open_cluster
from inference.job import Job
from inference.place_board import QueueListener
from inference.pool import PoolOptions, WorkerPool
from inference.protocol import (
    DEFAULT_DECODERS,
    Failure,
    FailureCode,
    FinishedBars,
    Progress,
    Request,
    Result,
    WorkerSetup,
)
from inference.work import Work

_READY_TIMEOUT_SECONDS = 120.0
_ERRORS: dict[FailureCode, type[InferenceError]] = {
    "timeout": JobTimeoutError,
    "memory": DeviceMemoryError,
    "checkpoint": CheckpointError,
    "worker_lost": WorkerLostError,
    "stopping": ServiceStoppingError,
    "internal": InferenceError,
}


class InferenceClient:
    """Turns requests into music on a pool of worker processes; an async context manager that owns the pool."""

    def __init__(
        self,
        settings: InferenceSettings,
        *,
        max_queued_jobs: int = 100,
        decoders: str = DEFAULT_DECODERS,
        drain_seconds: float = 10.0,
        num_spares: int = 0,
        metrics: Metrics | None = None,
    ) -> None:
        setup = WorkerSetup(
            weights_folder=str(settings.weights_folder),
            device=settings.device,
            engine=settings.engine,
            max_running_jobs=settings.num_lanes,
            decoders=decoders,
            heartbeat_seconds=min(1.0, settings.hang_timeout_seconds / 4),
        )
        limits = ChildLimits(
            ready_timeout_seconds=_READY_TIMEOUT_SECONDS,
            hang_timeout_seconds=settings.hang_timeout_seconds,
            resident_bytes=settings.max_worker_bytes or None,
        )
        workers = None
        if settings.cluster_address is not None:
            num_spares = 0  # an idle worker there would keep a machine from others
            workers = open_cluster(settings, setup=setup, limits=limits)
        options = PoolOptions(
            setup=setup,
            limits=limits,
            num_workers=settings.num_workers if workers is None else len(workers),
            num_spares=num_spares,
            waits_for_workers=workers is not None,
            max_queued_jobs=max_queued_jobs,
            job_timeout_seconds=settings.job_timeout_seconds,
            max_deaths=settings.max_deaths,
        )
        self._drain_seconds = drain_seconds
        self._pool = WorkerPool(options, workers=workers, metrics=metrics)

    @property
    def checkpoint_ids(self) -> dict[str, str]:
        """The loaded checkpoint of each network, by the network's name."""
        return dict(self._pool.checkpoint_ids)

    @property
    def worker_process_ids(self) -> list[int]:
        """The processes that serve, for whoever measures or watches them."""
        return self._pool.process_ids

    @property
    def num_ready_spares(self) -> int:
        """How many warm workers stand by for a lost one's place."""
        return self._pool.num_ready_spares

    async def __aenter__(self) -> Self:
        await self._pool.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an error nobody is left to read answers, so there is nothing to drain.
        await self._pool.stop(drain_seconds=self._drain_seconds if kind is None else 0.0)

    def submit(self, request: Request, *, user_id: int = 0, guild_id: int | None = None) -> Replies:
        """Queue a request at once and return its replies: progress and, last, the result.

        Closing the iterator early, or cancelling the task that reads it, cancels the job. ``user_id`` decides whose turn it is.

        Raises:
            LimitError: when the queue is full.
            InputError: while reading, for a request that the network cannot serve; its sentence may be shown.
            CancelledJobError: while reading, after ``cancel``.
            InferenceError: while reading, for everything else (see its subclasses).
        """
        return Replies(self._pool, self._pool.submit(request, user_id=user_id, guild_id=guild_id))

    def cancel(self, job_id: str) -> bool:
        """End a job now, waiting or running; return whether there was one."""
        return self._pool.cancel(job_id)

    def queue_place(self, job_id: str) -> int | None:
        """Return a waiting job's place (1 is next), or ``None`` when it does not wait."""
        return self._pool.outlook.place(job_id) or None

    def estimate_wait_seconds(self, job_id: str) -> float | None:
        """Return about how long a job will wait, from the jobs ahead of it; ``None`` when it is unknown."""
        return self._pool.outlook.wait_seconds(job_id)

    def estimate_end_seconds(self, job_id: str) -> float | None:
        """Return about how long it is until a job's end; ``None`` when it is over or nothing like it was measured."""
        return self._pool.outlook.end_seconds(job_id)

    def estimate_work_seconds(self, kind: str, *, num_bars: int) -> float | None:
        """Return about how long a job of a kind takes once it runs; ``None`` when nothing like it was measured."""
        return self._pool.outlook.work_seconds(Work(kind=kind, num_bars=num_bars))

    def recall_job(self, kind: str, *, seconds: float, num_bars: int) -> None:
        """Learn how long jobs take from one of an earlier run of the bot."""
        self._pool.outlook.recall(Work(kind=kind, num_bars=num_bars), seconds=seconds)

    def add_queue_listener(self, listener: QueueListener) -> Callable[[], None]:
        """Call ``listener(job_id, place)`` when a place changes (1 is next, 0 runs now); the returned function ends that."""
        return self._pool.add_queue_listener(listener)


class Replies:
    """The replies to one job, as an asynchronous iterator. However a reader leaves it early, the job is cancelled.

    Not a generator: one that was never begun runs no ``finally``, and its job would go on for nobody.
    """

    def __init__(self, pool: WorkerPool, job: Job) -> None:
        self._pool = pool
        self._job = job
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Progress | FinishedBars | Result:
        if self._is_over:
            raise StopAsyncIteration
        try:
            message = await self._job.stream.read()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        self._is_over = isinstance(message, Result | Failure)
        if isinstance(message, Failure):
            raise _error_of(message)
        return message

    async def aclose(self) -> None:
        """Cancel the job, unless it has ended."""
        self._is_over = True
        self._pool.cancel(self._job.job_id)

    def __del__(self) -> None:
        if not self._is_over:
            self._pool.cancel(self._job.job_id)


def _error_of(failure: Failure) -> TuttiError:
    """Return a failure as the exception that stands for it on this side."""
    if failure.code == "input":
        return InputError(failure.message)
    if failure.code == "cancelled":
        return CancelledJobError(failure.message)
    return _ERRORS[failure.code](failure.message, job_id=failure.job_id)
