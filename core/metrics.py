"""Numbers about a running service: what is counted, and two ways to keep it. It knows nothing of who counts or who looks.

Labels are small closed sets, never ids of users or servers. ``NullMetrics`` is a full implementation that keeps nothing; tests and
the command line use it. ``bot/monitor.py`` serves what ``PrometheusMetrics`` keeps; ``docs/operations.md`` says what each name means.
"""

from __future__ import annotations

from typing import Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

TaskLabel = str
"""A kind of operation, or of work for the networks: a small closed set."""
OutcomeLabel = Literal["finished", "cancelled", "failed", "refused"]
RenderLabel = Literal["audio", "picture", "midi", "upload"]
SealLabel = Literal["unsealed", "wrong_seal", "not_offered"]
LimitLabel = Literal[
    "person", "person_here", "channel", "server", "permission", "double_press", "person_jobs", "server_jobs", "all_jobs"
]
"""Why somebody was turned away: orders a minute, rights, the same press twice, unfinished jobs."""
PartLabel = Literal["database", "inference", "media", "gateway", "jobs"]

_JOB_SECONDS = (0.25, 0.5, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300)
_FIRST_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8, 15, 30, 60)
_RENDER_SECONDS = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8, 15, 30, 90)
_ACKNOWLEDGE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5)


class Metrics(Protocol):
    """What the service reports about itself."""

    def count_job(self, *, task: TaskLabel, outcome: OutcomeLabel) -> None:
        """Count one job that came to its end."""
        ...

    def observe_job_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        """Note the time from submission to the finished piece."""
        ...

    def observe_first_token_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        """Note the time from submission to the first real progress."""
        ...

    def observe_first_audible_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        """Note the time from the order until its first bars, or all of them, could be heard."""
        ...

    def observe_reply_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        """Note the time from the order until its whole reply was shown."""
        ...

    def observe_acknowledge_seconds(self, seconds: float) -> None:
        """Note the time from a person's command or press until Discord had our acknowledgement."""
        ...

    def observe_render_seconds(self, *, kind: RenderLabel, seconds: float) -> None:
        """Note the time that a media child took for one file, waiting for a free child included."""
        ...

    def set_queue_depth(self, num_jobs: int) -> None:
        """Note how many jobs wait."""
        ...

    def set_batch_size(self, num_jobs: int) -> None:
        """Note how many jobs run."""
        ...

    def count_tokens(self, *, task: TaskLabel, num_tokens: int) -> None:
        """Count events or notes that a network decoded."""
        ...

    def set_device_memory(self, *, worker: int, num_bytes: int) -> None:
        """Note the memory of one worker, by its slot in the pool."""
        ...

    def count_worker_restart(self) -> None:
        """Count one worker that was replaced."""
        ...

    def observe_recovery_seconds(self, seconds: float) -> None:
        """Note the time from the loss of a job's worker until the job went on elsewhere."""
        ...

    def count_refusal(self, *, limit: LimitLabel) -> None:
        """Count one command, press or mention that was turned away."""
        ...

    def count_database_error(self) -> None:
        """Count one transaction that the database failed."""
        ...

    def count_gateway_reconnect(self) -> None:
        """Count one time that the connection to Discord came back."""
        ...

    def count_refused_press(self, *, why: SealLabel) -> None:
        """Count one press that bore no seal of ours, or chose what was not offered."""
        ...

    def set_ready(self, *, part: PartLabel, is_ready: bool) -> None:
        """Note whether a part could do its work just now."""
        ...


class NullMetrics:
    """Keeps nothing."""

    def count_job(self, *, task: TaskLabel, outcome: OutcomeLabel) -> None: ...

    def observe_job_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def observe_first_token_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def observe_first_audible_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def observe_reply_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def observe_acknowledge_seconds(self, seconds: float) -> None: ...

    def observe_render_seconds(self, *, kind: RenderLabel, seconds: float) -> None: ...

    def set_queue_depth(self, num_jobs: int) -> None: ...

    def set_batch_size(self, num_jobs: int) -> None: ...

    def count_tokens(self, *, task: TaskLabel, num_tokens: int) -> None: ...

    def set_device_memory(self, *, worker: int, num_bytes: int) -> None: ...

    def count_worker_restart(self) -> None: ...

    def observe_recovery_seconds(self, seconds: float) -> None: ...

    def count_refusal(self, *, limit: LimitLabel) -> None: ...

    def count_database_error(self) -> None: ...

    def count_gateway_reconnect(self) -> None: ...

    def count_refused_press(self, *, why: SealLabel) -> None: ...

    def set_ready(self, *, part: PartLabel, is_ready: bool) -> None: ...


class PrometheusMetrics:
    """Keeps everything in a registry of its own, with the memory and processor time of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._jobs = self._counter("tutti_jobs", "Jobs that ended", "task", "outcome")
        self._tokens = self._counter("tutti_tokens", "Events and notes that the networks decoded", "task")
        self._restarts = self._counter("tutti_worker_restarts", "Workers that were lost and replaced")
        self._refusals = self._counter("tutti_refusals", "Commands, presses and mentions turned away", "limit")
        self._database_errors = self._counter("tutti_database_errors", "Transactions that the database failed")
        self._reconnects = self._counter("tutti_gateway_reconnects", "Times the connection to Discord came back")

        self._refused_presses = self._counter("tutti_presses_refused", "Presses that bore no seal of ours", "why")

        self._queue_depth = self._gauge("tutti_queue_depth", "Jobs that wait")
        self._batch_size = self._gauge("tutti_batch_size", "Jobs that run")
        self._device_memory = self._gauge("tutti_device_memory_bytes", "Memory of a worker, by slot", "worker")
        self._ready = self._gauge("tutti_ready", "1 while a part can do its work", "part")

        self._job_seconds = self._histogram("tutti_job_seconds", "From submission to the piece", _JOB_SECONDS, "task")
        self._first_token_seconds = self._histogram(
            "tutti_first_token_seconds", "From submission to the first progress", _FIRST_SECONDS, "task"
        )
        self._first_audible_seconds = self._histogram(
            "tutti_first_audible_seconds", "From the order to the first bars that can be heard", _FIRST_SECONDS, "task"
        )
        self._reply_seconds = self._histogram(
            "tutti_reply_seconds", "From the order to the whole reply", _JOB_SECONDS, "task"
        )
        self._render_seconds = self._histogram(
            "tutti_render_seconds", "One file in a media child, waiting included", _RENDER_SECONDS, "kind"
        )
        self._acknowledge_seconds = self._histogram(
            "tutti_acknowledge_seconds", "From the command to its acknowledgement", _ACKNOWLEDGE_SECONDS
        )

        self._recovery_seconds = self._histogram(
            "tutti_recovery_seconds", "From the loss of a job's worker until the job went on", _FIRST_SECONDS
        )

    def count_job(self, *, task: TaskLabel, outcome: OutcomeLabel) -> None:
        self._jobs.labels(task, outcome).inc()

    def observe_job_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._job_seconds.labels(task).observe(seconds)

    def observe_first_token_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._first_token_seconds.labels(task).observe(seconds)

    def observe_first_audible_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._first_audible_seconds.labels(task).observe(seconds)

    def observe_reply_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._reply_seconds.labels(task).observe(seconds)

    def observe_acknowledge_seconds(self, seconds: float) -> None:
        self._acknowledge_seconds.observe(seconds)

    def observe_render_seconds(self, *, kind: RenderLabel, seconds: float) -> None:
        self._render_seconds.labels(kind).observe(seconds)

    def set_queue_depth(self, num_jobs: int) -> None:
        self._queue_depth.set(num_jobs)

    def set_batch_size(self, num_jobs: int) -> None:
        self._batch_size.set(num_jobs)

    def count_tokens(self, *, task: TaskLabel, num_tokens: int) -> None:
        self._tokens.labels(task).inc(num_tokens)

    def set_device_memory(self, *, worker: int, num_bytes: int) -> None:
        self._device_memory.labels(str(worker)).set(num_bytes)

    def count_worker_restart(self) -> None:
        self._restarts.inc()

    def observe_recovery_seconds(self, seconds: float) -> None:
        self._recovery_seconds.observe(seconds)

    def count_refusal(self, *, limit: LimitLabel) -> None:
        self._refusals.labels(limit).inc()

    def count_database_error(self) -> None:
        self._database_errors.inc()

    def count_gateway_reconnect(self) -> None:
        self._reconnects.inc()

    def count_refused_press(self, *, why: SealLabel) -> None:
        self._refused_presses.labels(why).inc()

    def set_ready(self, *, part: PartLabel, is_ready: bool) -> None:
        self._ready.labels(part).set(float(is_ready))

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)
