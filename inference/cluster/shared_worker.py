"""A worker of the cluster: the ordinary worker process, shared by several bots. It knows nothing of Ray, which only calls it.

It runs on a machine that has weights of its own. The networks live in a child process, the very one that a bot starts when it is
alone (``inference.worker_handle``), so a job that kills or hangs it is seen here, at once, and costs the cluster nothing. Methods take
and return bytes (``letters``); a bot asks with ``pull`` for what is new, and one that does not ask any more is forgotten.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from core.errors import ChildLostError, TuttiError
from core.processes import ChildLimits
from core.settings import Settings
from inference.cluster.attachment import Attachment
from inference.cluster.build import build_id
from inference.cluster.letters import (
    Attach,
    Attached,
    Lost,
    Parcel,
    Post,
    Pull,
    Pulled,
    Refused,
    decode_to_actor,
    encode_letter,
)
from inference.cluster.refusals import refusal_of
from inference.cluster.turns import Entry, Turns
from inference.protocol import (
    Cancel,
    Company,
    Failure,
    FromWorker,
    Heartbeat,
    Ready,
    Result,
    WorkerSetup,
    decode_to_worker,
)
from inference.worker_handle import WorkerHandle

_BETWEEN = "/"  # a bot's attachment and its own name for a job; bots may use the same names
_STOP_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_log = structlog.stdlib.get_logger(__name__)


class SharedWorker:
    """One worker process and the bots that it works for."""

    def __init__(self, *, end: Callable[[], None] | None = None) -> None:
        self._end = end  # gives back what we took of the cluster
        self._attachments: dict[str, Attachment] = {}  # by life
        self._order: Attach | None = None  # of whoever started the process that runs
        self._handle: WorkerHandle | None = None
        self._ready: Ready | None = None
        self._turns = Turns(num_places=1)
        self._lock = asyncio.Lock()
        self._pumping: asyncio.Task[None] | None = None
        self._idle_since_seconds = time.monotonic()
        self._keeper: asyncio.Task[None] | None = None

    # ---- what gateways call

    async def where(self) -> bytes:
        """Return the name of this machine; the first call waits until there is room for us somewhere."""
        return _place().encode()

    async def attach(self, letter: bytes) -> bytes:
        """Start the process unless it runs, and work for one more bot; the answer is ``Attached`` or ``Refused``."""
        order = decode_to_actor(letter)
        assert isinstance(order, Attach)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_order(order))
        async with self._lock:
            if (refused := self._refuse_stranger(order)) is not None:
                return encode_letter(refused)
            try:
                ready = await self._start(order)
            except TuttiError as error:
                return encode_letter(refusal_of(error, place=_place()))
        refused = self._refuse_weights(order, ready)
        if refused is not None:
            return encode_letter(refused)
        for life_id in [life_id for life_id, one in self._attachments.items() if one.client_id == order.client_id]:
            self._forget(life_id)  # the same bot, in an earlier life
        self._attachments[order.life_id] = Attachment(order)
        self._turns.join(order.life_id)
        self._tell_company()
        return encode_letter(Attached(ready=ready))

    async def post(self, letter: bytes) -> bytes:
        """Take requests and cancellations."""
        parcel = decode_to_actor(letter)
        assert isinstance(parcel, Parcel)
        if parcel.life_id in self._attachments and not self._attachments[parcel.life_id].is_over:
            for post in parcel.posts:
                self._take_post(parcel.life_id, post)
            self._admit()
        return b""

    async def pull(self, letter: bytes) -> bytes:
        """Return ``Pulled``: what is new, at the latest after a heartbeat."""
        ask = decode_to_actor(letter)
        assert isinstance(ask, Pull)
        attachment = self._attachments.get(ask.life_id)
        if attachment is None:
            return encode_letter(Pulled(loss=Lost(cause="stopped")))
        if ask.is_last:
            self._forget(ask.life_id)
            self._admit()
            return encode_letter(Pulled())
        pulled = await attachment.pull(timeout_seconds=attachment.order.setup.heartbeat_seconds)
        if pulled.loss is not None:
            self._attachments.pop(ask.life_id, None)
        return encode_letter(pulled)

    # ---- the process

    async def _start(self, order: Attach) -> Ready:
        """Return the ready message of the process, which is started unless it runs.

        Raises:
            TuttiError: when it cannot start.
        """
        if self._ready is not None:
            return self._ready
        # What the bot says of paths holds on the bot's machine: here, the weights lie where this machine's own setting says.
        setup = msgspec.structs.replace(order.setup, weights_folder=str(_weights_folder()))
        self._handle = WorkerHandle(slot=0, setup=setup, limits=order.limits)
        ready = await self._handle.start()
        self._ready = msgspec.structs.replace(ready, node=_place())
        self._order = order
        self._turns = Turns(num_places=order.setup.max_running_jobs)
        self._pumping = asyncio.create_task(self._pump(self._handle))
        _log.info("shared_worker_ready", process_id=ready.process_id, device=ready.device)
        return self._ready

    async def _pump(self, handle: WorkerHandle) -> None:
        """Hand what the process says to whom it concerns, until it is lost."""
        try:
            while True:
                self._take(await handle.receive())
        except ChildLostError as error:
            self._lose(error)

    def _take(self, message: FromWorker) -> None:
        if isinstance(message, Heartbeat):
            for attachment in self._attachments.values():
                attachment.write(message)
            return
        if isinstance(message, Ready | Company):
            return
        life_id, _, job_id = message.job_id.partition(_BETWEEN)
        is_end = isinstance(message, Result | Failure)
        if is_end:
            self._turns.end((life_id, job_id))
        if (attachment := self._attachments.get(life_id)) is not None:
            attachment.write(msgspec.structs.replace(message, job_id=job_id))
        if is_end:
            self._admit()

    def _lose(self, loss: ChildLostError) -> None:
        """Tell every bot that the process is gone; each attaches again, and the first starts another."""
        _log.warning("shared_worker_lost", cause=loss.cause, num_bots=len(self._attachments))
        inside = self._turns.inside
        for life_id, attachment in self._attachments.items():
            aboard = {job_id: len(inside) for owner, job_id in inside if owner == life_id}
            attachment.lose(Lost(cause=loss.cause, num_aboard=aboard))
        self._turns.clear()
        self._ready = None
        self._order = None

    # ---- jobs

    def _take_post(self, life_id: str, post: Post) -> None:
        message = decode_to_worker(post.frame)
        key = (life_id, message.job_id)
        if not isinstance(message, Cancel):
            self._turns.add(Entry(key=key, content=message, is_alone=post.is_alone))
        elif self._turns.withdraw(key):
            failure = Failure(job_id=message.job_id, code="cancelled", message="The job was cancelled.")
            self._attachments[life_id].write(failure)
        else:
            self._cancel(key)

    def _admit(self) -> None:
        """Give the process as many jobs as it takes, then tell the bots what room is left."""
        while (entry := self._turns.next()) is not None and self._handle is not None:
            message = entry.content
            assert isinstance(message, msgspec.Struct)
            self._handle.post(msgspec.structs.replace(message, job_id=_BETWEEN.join(entry.key)))  # pyright: ignore[reportArgumentType]
        self._tell_company()

    def _cancel(self, key: tuple[str, str]) -> None:
        if self._handle is not None:
            self._handle.post(Cancel(job_id=_BETWEEN.join(key)))

    def _tell_company(self) -> None:
        for life_id, attachment in self._attachments.items():
            if attachment.is_over:
                continue
            company = Company(
                num_other_jobs=self._turns.num_others(life_id), num_places=self._turns.num_places(life_id)
            )
            attachment.write_if_new(company)

    # ---- bots

    def _refuse_stranger(self, order: Attach) -> Refused | None:
        """Return why a bot cannot be worked for, if it speaks otherwise or wants otherwise than those that are here."""
        if order.build != build_id():
            return Refused(
                code="setting",
                message=f"The worker on {_place()} runs another version of Tutti ({build_id()}) than the bot ({order.build}). "
                "Install the same version on both and restart Ray there.",
            )
        if self._order is not None and _wishes(self._order) != _wishes(order):
            return Refused(
                code="setting",
                message=f"The worker on {_place()} was started by a bot with other settings (TUTTI_LANES, TUTTI_ENGINE, "
                "TUTTI_HANG_TIMEOUT_SECONDS, TUTTI_MAX_WORKER_BYTES). Give all bots of one TUTTI_CLUSTER_GROUP the same, "
                "or this one a group of its own.",
            )
        return None

    def _refuse_weights(self, order: Attach, ready: Ready) -> Refused | None:
        """Return how the weights here differ from the bot's, if they do."""
        ours = ready.checkpoint_ids
        differing = [name for name, its_id in order.checkpoint_ids.items() if ours.get(name) != its_id]
        if not differing:
            return None
        name = differing[0]
        return Refused(
            code="checkpoint",
            message=f"The weights on {_place()} are not the bot's: {name} is {ours.get(name, 'missing')} there and "
            f"{order.checkpoint_ids[name]} here. Install the same weights on both, or point TUTTI_WEIGHTS on {_place()} "
            "to them, and restart Ray there.",
        )

    def _forget(self, life_id: str) -> None:
        """Have no more to do with an attachment; what it had running is cancelled."""
        self._attachments.pop(life_id, None)
        for key in self._turns.leave(life_id):
            self._cancel(key)
        self._idle_since_seconds = time.monotonic()

    async def _keep_order(self, order: Attach) -> None:
        """Forget bots that do not ask any more, and end when nobody has asked for long."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, order.idle_seconds / 4))
            for life_id, attachment in tuple(self._attachments.items()):
                if attachment.silent_seconds > attachment.order.silence_seconds:
                    _log.warning("bot_forgotten", silent_seconds=round(attachment.silent_seconds))
                    self._forget(life_id)
                    self._admit()
            if self._attachments or self._lock.locked():
                self._idle_since_seconds = time.monotonic()
            elif time.monotonic() - self._idle_since_seconds > order.idle_seconds:
                await self.close()
                return

    async def close(self) -> None:
        """End the process, and give back what we took of the cluster."""
        if self._pumping is not None:
            self._pumping.cancel()
        if self._handle is not None:
            await self._handle.stop(grace_seconds=_STOP_SECONDS)
        _log.info("shared_worker_ended")
        if self._end is not None:
            self._end()


def _wishes(order: Attach) -> tuple[WorkerSetup, ChildLimits]:
    """Return what bots must agree on to share a process."""
    return msgspec.structs.replace(order.setup, weights_folder=""), order.limits


def _place() -> str:
    """Return the name of this machine, for people."""
    return socket.gethostname()


def _weights_folder() -> Path:
    """Return where this machine keeps its weights: its own TUTTI_WEIGHTS; a relative one begins where Tutti is installed."""
    return Path(__file__).parent.parent.parent / Settings().inference.weights_folder
