"""The loop of a worker process: receive, run, reply. It knows nothing of networks (``runner``) or of who asked.

Several requests run in turn, one step of their iterator at a time, up to the number in the start-up message; between any two steps
the worker looks for new requests and cancellations. It imports the runner, and so torch, only inside ``main``.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.child import Channel
from core.errors import (
    CheckpointError,
    ConfigurationError,
    DeviceMemoryError,
    InputError,
    TuttiError,
)
from core.heap import FreedMemory, resident_bytes
from inference.protocol import (
    Cancel,
    Failure,
    FailureCode,
    FinishedBars,
    Heartbeat,
    Progress,
    Ready,
    Request,
    Result,
    WorkerSetup,
    decode_setup,
    decode_to_worker,
    encode_message,
)

if TYPE_CHECKING:
    from inference.runner import ModelRunner

_CODES: tuple[tuple[type[TuttiError], FailureCode], ...] = (
    (InputError, "input"),
    (DeviceMemoryError, "memory"),
    (CheckpointError, "checkpoint"),
    (ConfigurationError, "checkpoint"),
)


def main(channel: Channel, argument: bytes) -> None:
    """Load the networks, say ``Ready`` (or why not), and serve until the channel closes."""
    from inference.runner import ModelRunner

    setup = decode_setup(argument)
    try:
        runner = ModelRunner.load(setup)
    except TuttiError as error:
        channel.send(encode_message(_failure("", error)))
        return
    ready = Ready(
        process_id=os.getpid(),
        device=runner.device,
        checkpoint_ids=runner.checkpoint_ids,
        load_seconds=runner.load_seconds,
    )
    channel.send(encode_message(ready))
    _Server(channel, runner, setup).serve()


class _Server:
    """The requests in progress, and the pipe."""

    def __init__(self, channel: Channel, runner: ModelRunner, setup: WorkerSetup) -> None:
        self._channel = channel
        self._runner = runner
        self._setup = setup
        self._waiting: list[Request] = []
        self._running: dict[str, Iterator[Progress | FinishedBars | Result | None]] = {}
        self._in_lanes: dict[str, None] = {}  # the running jobs that wait for their network, in order
        self._last_progress: dict[str, Progress] = {}
        self._next_beat_seconds = 0.0
        self._freed = FreedMemory()

    def serve(self) -> None:
        """Serve until ``EOFError`` says that the parent wants an end."""
        while True:
            self._receive_all()
            self._start_waiting()
            self._take_turns()
            self._beat()

    def _take_turns(self) -> None:
        """Let every job that waits for nobody take one step, then the songs in lanes as many as fit into as much time.

        A pass of one network may take as long as a hundred events of another; without this, songs beside it would stall.
        """
        started = time.monotonic()
        others = [job_id for job_id in self._running if job_id not in self._in_lanes]
        for job_id in others:
            self._step(job_id)
            self._receive_all()
        stop = time.monotonic()
        stop += (stop - started) / max(len(others), 1)
        while self._in_lanes:
            self._runner.run_lanes()
            for job_id in tuple(self._in_lanes):
                self._step(job_id)
            self._receive_all()
            if time.monotonic() >= stop:
                return

    def _receive_all(self) -> None:
        """Take what has arrived; sleep only when there is nothing to do."""
        timeout_seconds = 0.0 if self._running or self._waiting else self._setup.heartbeat_seconds
        while (frame := self._channel.receive(timeout_seconds)) is not None:
            message = decode_to_worker(frame)
            if isinstance(message, Cancel):
                self._cancel(message.job_id)
            else:
                self._waiting.append(message)
            timeout_seconds = 0.0

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._setup.max_running_jobs:
            request = self._waiting.pop(0)
            self._running[request.job_id] = self._runner.run_in_lane(request)

    def _step(self, job_id: str) -> None:
        """Advance one job to its next message, or to where it waits for its network."""
        iterator = self._running.get(job_id)
        if iterator is None:  # cancelled a moment ago
            return
        try:
            message = next(iterator)
        except StopIteration:
            message = Failure(job_id=job_id, code="internal", message="The network ended without a result.")
        except Exception as error:  # noqa: BLE001 - the border of the process: every failure becomes a value
            message = _failure(job_id, error)
        if message is None:
            self._in_lanes[job_id] = None
            return
        self._in_lanes.pop(job_id, None)
        if isinstance(message, Progress):
            self._send_progress(message)
        elif isinstance(message, FinishedBars):
            self._channel.send(encode_message(message))
        else:
            self._forget(job_id)
            self._channel.send(encode_message(message))
            self._freed.give_back()

    def _send_progress(self, message: Progress) -> None:
        # Decoders yield often so that cancelling is quick; the reader needs only what is new.
        if self._last_progress.get(message.job_id) != message:
            self._last_progress[message.job_id] = message
            self._channel.send(encode_message(message))
        self._beat()

    def _cancel(self, job_id: str) -> None:
        is_known = job_id in self._running or any(request.job_id == job_id for request in self._waiting)
        self._waiting = [request for request in self._waiting if request.job_id != job_id]
        self._forget(job_id)
        if is_known:
            failure = Failure(job_id=job_id, code="cancelled", message="The job was cancelled.")
            self._channel.send(encode_message(failure))
            self._freed.give_back()

    def _forget(self, job_id: str) -> None:
        iterator = self._running.pop(job_id, None)
        self._in_lanes.pop(job_id, None)
        self._last_progress.pop(job_id, None)
        close = getattr(iterator, "close", None)
        if close is not None:
            close()

    def _beat(self) -> None:
        now_seconds = time.monotonic()
        if now_seconds >= self._next_beat_seconds:
            self._next_beat_seconds = now_seconds + self._setup.heartbeat_seconds
            num_bytes = self._runner.measure_device_memory() or resident_bytes()
            self._channel.send(encode_message(Heartbeat(memory_bytes=num_bytes)))


def _failure(job_id: str, error: Exception) -> Failure:
    """Return an exception as a value; exceptions themselves are never sent."""
    code: FailureCode = "internal"
    for kind, its_code in _CODES:
        if isinstance(error, kind):
            code = its_code
            break
    details = "" if code in ("input", "checkpoint") else "".join(traceback.format_exception(error))
    return Failure(job_id=job_id, code=code, message=str(error), details=details)
