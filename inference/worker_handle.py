"""One worker process as the pool sees it: messages in and out of a supervised child. It knows nothing of jobs and queues."""

from __future__ import annotations

from typing import Protocol

import msgspec

from core.errors import (
    CheckpointError,
    ChildLostError,
    DeviceMemoryError,
    InferenceError,
    WorkerLostError,
)
from core.processes import ChildLimits, ChildProcess
from inference import worker
from inference.protocol import (
    Failure,
    FromWorker,
    Ready,
    ToWorker,
    WorkerSetup,
    decode_from_worker,
    encode_message,
)


class Worker(Protocol):
    """A worker, wherever it is: ``WorkerHandle`` on this machine, ``inference.cluster`` on others."""

    @property
    def process_id(self) -> int | None: ...
    @property
    def resident_bytes(self) -> int: ...
    @property
    def output(self) -> str: ...
    async def start(self) -> Ready: ...
    def post(self, message: ToWorker, *, is_alone: bool = False) -> None: ...
    async def receive(self) -> FromWorker: ...
    def num_aboard(self, job_id: str, *, num_ours: int) -> int: ...
    async def stop(self, *, grace_seconds: float) -> None: ...
    async def kill(self) -> None: ...


class WorkerHandle:
    """A worker that can be started, lost, and started again."""

    def __init__(self, *, slot: int, setup: WorkerSetup, limits: ChildLimits) -> None:
        self._child = ChildProcess(worker.main, name=f"inference-{slot}", argument=encode_message(setup), limits=limits)

    @property
    def process_id(self) -> int | None:
        return self._child.process_id

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds, as the system counts it; 0 when there is none."""
        return self._child.resident_bytes

    @property
    def output(self) -> str:
        """The end of what the process printed, for the log."""
        return self._child.output

    async def start(self) -> Ready:
        """Start the process and wait until its networks are loaded and warm.

        Raises:
            InferenceError: with the sentence in which the worker said why not.
        """
        try:
            message = decode_from_worker(await self._child.start())
        except (ChildLostError, msgspec.MsgspecError) as error:
            await self._child.kill()
            raise WorkerLostError(f"A worker did not start: {error}. The log has what it printed.") from error
        if isinstance(message, Ready):
            return message
        await self._child.stop()
        if isinstance(message, Failure):
            kinds = {"checkpoint": CheckpointError, "memory": DeviceMemoryError}
            raise kinds.get(message.code, InferenceError)(message.message)
        raise WorkerLostError("A worker began with something else than its ready message.")

    def post(self, message: ToWorker, *, is_alone: bool = False) -> None:  # noqa: ARG002 - nobody but this bot has the worker
        """Send a request or a cancellation; it never waits."""
        self._child.post(encode_message(message))

    async def receive(self) -> FromWorker:
        """Return the worker's next message.

        Raises:
            ChildLostError: when the process is gone, or talks nonsense (then it is killed).
        """
        frame = await self._child.receive()
        try:
            return decode_from_worker(frame)
        except msgspec.MsgspecError as error:
            await self._child.kill()
            raise ChildLostError(name=self._child.name, cause="protocol") from error

    def num_aboard(self, job_id: str, *, num_ours: int) -> int:  # noqa: ARG002 - it begins what it is sent
        """Return how many jobs a lost worker had begun when it had ``num_ours`` of this bot, a certain one included."""
        return num_ours

    async def stop(self, *, grace_seconds: float) -> None:
        """Let the process end by itself, then end it."""
        await self._child.stop(grace_seconds=grace_seconds)

    async def kill(self) -> None:
        """End the process at once."""
        await self._child.kill()
