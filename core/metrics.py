"""Numbers about a running service: what is counted, and two ways to keep it. It knows nothing of who counts.

Labels are small closed sets, never ids of users or servers. ``NullMetrics`` is a full implementation that keeps nothing; tests and
the command line use it.
"""

from __future__ import annotations

from typing import Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

TaskLabel = Literal["generate", "harmonize", "remix", "describe"]
OutcomeLabel = Literal["finished", "cancelled", "failed", "refused"]

_JOB_SECONDS = (0.25, 0.5, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300)
_FIRST_TOKEN_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8, 15, 30, 60)


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


class NullMetrics:
    """Keeps nothing."""

    def count_job(self, *, task: TaskLabel, outcome: OutcomeLabel) -> None: ...

    def observe_job_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def observe_first_token_seconds(self, *, task: TaskLabel, seconds: float) -> None: ...

    def set_queue_depth(self, num_jobs: int) -> None: ...

    def set_batch_size(self, num_jobs: int) -> None: ...

    def count_tokens(self, *, task: TaskLabel, num_tokens: int) -> None: ...

    def set_device_memory(self, *, worker: int, num_bytes: int) -> None: ...

    def count_worker_restart(self) -> None: ...


class PrometheusMetrics:
    """Keeps everything in a registry of its own, which ``serve`` offers to Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._jobs = Counter("tutti_jobs", "Jobs that ended", ["task", "outcome"], registry=self.registry)
        self._job_seconds = Histogram(
            "tutti_job_seconds", "From submission to the piece", ["task"], buckets=_JOB_SECONDS, registry=self.registry
        )
        self._first_token_seconds = Histogram(
            "tutti_first_token_seconds",
            "From submission to the first progress",
            ["task"],
            buckets=_FIRST_TOKEN_SECONDS,
            registry=self.registry,
        )
        self._queue_depth = Gauge("tutti_queue_depth", "Jobs that wait", registry=self.registry)
        self._batch_size = Gauge("tutti_batch_size", "Jobs that run", registry=self.registry)
        self._tokens = Counter("tutti_tokens", "Events and notes decoded", ["task"], registry=self.registry)
        self._device_memory = Gauge(
            "tutti_device_memory_bytes", "Memory of a worker", ["worker"], registry=self.registry
        )
        self._restarts = Counter("tutti_worker_restarts", "Workers replaced", registry=self.registry)

    def count_job(self, *, task: TaskLabel, outcome: OutcomeLabel) -> None:
        self._jobs.labels(task, outcome).inc()

    def observe_job_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._job_seconds.labels(task).observe(seconds)

    def observe_first_token_seconds(self, *, task: TaskLabel, seconds: float) -> None:
        self._first_token_seconds.labels(task).observe(seconds)

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


class MetricsServer:
    """The endpoint that Prometheus scrapes, in a thread of its own; loopback only unless ``host`` says otherwise."""

    def __init__(self, metrics: PrometheusMetrics, *, port: int, host: str = "127.0.0.1") -> None:
        self._server, self._thread = start_http_server(port, addr=host, registry=metrics.registry)
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """Stop serving; the numbers stay."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
