"""Workers of a cluster as the pool sees them: each like one of ``WorkerHandle``, all behind one gateway process.

Bot side, without Ray: it knows the gateway as a supervised child that carries letters. When the gateway is lost, so are the workers
of all slots, as far as this bot is concerned; the first slot that starts again starts another one.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from core.errors import ChildLostError, WorkerLostError
from core.processes import ChildLimits, ChildProcess
from inference.cluster import gateway
from inference.cluster.letters import (
    Delivery,
    FromGateway,
    GatewayOrder,
    Joined,
    Leave,
    Letter,
    Lost,
    Post,
    Refused,
    Start,
    Started,
    decode_from_gateway,
    encode_letter,
)
from inference.cluster.refusals import error_of
from inference.protocol import FromWorker, Ready, ToWorker, decode_from_worker, encode_message

_JOIN_SECONDS = 60.0
_log = structlog.stdlib.get_logger(__name__)


class GatewayProcess:
    """The gateway, started when the first slot wants it and shared by all."""

    def __init__(self, order: GatewayOrder, *, hang_timeout_seconds: float) -> None:
        limits = ChildLimits(ready_timeout_seconds=_JOIN_SECONDS, hang_timeout_seconds=hang_timeout_seconds)
        self._child = ChildProcess(
            gateway.main, name="cluster-gateway", argument=encode_letter(order), limits=limits, also_sees=("RAY_",)
        )
        self._joining: asyncio.Task[None] | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._slots: dict[int, asyncio.Queue[FromGateway]] = {}

    @property
    def process_id(self) -> int | None:
        return self._child.process_id if self._child.is_running else None

    @property
    def output(self) -> str:
        """The end of what the process printed, for the log."""
        return self._child.output

    async def open(self, slot: int) -> asyncio.Queue[FromGateway]:
        """Begin with a slot; what concerns it comes through the queue, at the end a ``Lost``.

        Raises:
            InferenceError: when the gateway does not start.
            ConfigurationError: when it cannot join the cluster; the sentence says why.
        """
        if not self._child.is_running and self._joining is None:
            self._joining = asyncio.create_task(self._join())
            self._joining.add_done_callback(self._note_joined)
        if self._joining is not None:
            await asyncio.shield(self._joining)
        letters: asyncio.Queue[FromGateway] = asyncio.Queue()
        self._slots[slot] = letters
        self.post(Start(slot=slot))
        return letters

    def post(self, letter: Letter) -> None:
        """Say something to the gateway; it never waits."""
        self._child.post(encode_letter(letter))

    async def close(self, slot: int, *, grace_seconds: float) -> None:
        """Have no more to do with a slot; with the last one the process ends."""
        if self._slots.pop(slot, None) is not None:
            self.post(Leave(slot=slot))
        if not self._slots:
            for task in (self._joining, self._pumping):
                if task is not None:
                    task.cancel()
            await self._child.stop(grace_seconds=grace_seconds)

    def _note_joined(self, joining: asyncio.Task[None]) -> None:
        self._joining = None
        if not joining.cancelled():
            joining.exception()  # seen, even if nobody waits any more

    async def _join(self) -> None:
        if self._pumping is not None:
            await asyncio.wait({self._pumping})
        try:
            letter = decode_from_gateway(await self._child.start())
        except (ChildLostError, msgspec.MsgspecError) as error:
            await self._child.kill()
            raise WorkerLostError(f"The gateway to the cluster did not start: {error}.") from error
        if isinstance(letter, Refused):
            await self._child.stop()
            raise error_of(letter)
        assert isinstance(letter, Joined)
        self._pumping = asyncio.create_task(self._pump())
        _log.info("cluster_joined")

    async def _pump(self) -> None:
        """Hand letters to the slots that they concern, until the gateway is lost."""
        try:
            while True:
                letter = decode_from_gateway(await self._child.receive())
                if not isinstance(letter, Joined) and (letters := self._slots.get(letter.slot)) is not None:
                    letters.put_nowait(letter)
        except ChildLostError:
            _log.warning("cluster_gateway_lost", output=self._child.output)
        except msgspec.MsgspecError:
            await self._child.kill()
        for slot, letters in self._slots.items():
            letters.put_nowait(Lost(slot=slot, cause="exited"))


class ClusterHandle:
    """A worker of the cluster that can be started, lost, and started again; as ``WorkerHandle`` is."""

    def __init__(self, *, slot: int, gateway_process: GatewayProcess) -> None:
        self._slot = slot
        self._gateway = gateway_process
        self._letters: asyncio.Queue[FromGateway] | None = None
        self._frames: list[bytes] = []  # delivered, and not yet read
        self._num_aboard: dict[str, int] | None = None  # of the last loss

    @property
    def process_id(self) -> int | None:
        """Of the gateway: the worker's own is on some other machine."""
        return self._gateway.process_id

    @property
    def resident_bytes(self) -> int:
        """0: what a worker holds is held elsewhere."""
        return 0

    @property
    def output(self) -> str:
        """The end of what the gateway printed; what a worker prints is in the logs of Ray."""
        return self._gateway.output

    async def start(self) -> Ready:
        """Find or make the worker and wait until it is ready for us.

        Raises:
            InferenceError: with the sentence in which somebody said why not.
            ConfigurationError: when a setting, or the set-up of the cluster, has to change.
        """
        self._frames.clear()
        self._letters = await self._gateway.open(self._slot)
        letter = await self._letters.get()  # the gateway bounds the wait
        if isinstance(letter, Started):
            return letter.ready
        if isinstance(letter, Refused):
            raise error_of(letter)
        raise WorkerLostError("A worker of the cluster was lost before it was ready.")

    def post(self, message: ToWorker, *, is_alone: bool = False) -> None:
        """Send a request or a cancellation; it never waits. ``is_alone``: no other bot's job may run beside it."""
        self._gateway.post(Post(slot=self._slot, frame=encode_message(message), is_alone=is_alone))

    async def receive(self) -> FromWorker:
        """Return the worker's next message.

        Raises:
            ChildLostError: when it is gone.
        """
        while not self._frames:
            if self._letters is None:
                raise ChildLostError(name=f"cluster-{self._slot}", cause="stopped")
            letter = await self._letters.get()
            if isinstance(letter, Delivery):
                self._frames.extend(reversed(letter.frames))
            elif isinstance(letter, Lost):
                self._num_aboard = letter.num_aboard
                raise ChildLostError(name=f"cluster-{self._slot}", cause=letter.cause)
        try:
            return decode_from_worker(self._frames.pop())
        except msgspec.MsgspecError as error:
            await self.kill()
            raise ChildLostError(name=f"cluster-{self._slot}", cause="protocol") from error

    def num_aboard(self, job_id: str, *, num_ours: int) -> int:
        """Return how many jobs the lost worker had begun, this one included; 0 when it had not begun this one."""
        return num_ours if self._num_aboard is None else self._num_aboard.get(job_id, 0)

    async def stop(self, *, grace_seconds: float) -> None:
        """Leave the worker to others."""
        self._letters = None
        await self._gateway.close(self._slot, grace_seconds=grace_seconds)

    async def kill(self) -> None:
        """Have no more to do with the worker until ``start``."""
        self._gateway.post(Leave(slot=self._slot))
