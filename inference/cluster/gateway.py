"""The process between one bot and a cluster: it alone joins Ray. It knows nothing of queues and of what is asked.

The bot starts it as it starts a worker, over the same pipes, and speaks to it in letters. Each of the bot's slots is a *line* to one
worker of the cluster: reach it, carry requests there and replies back, tell when it is gone.
"""

from __future__ import annotations

import asyncio
import io
import os
import socket
import sys
import threading
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import msgspec

from core.child import Channel
from core.errors import ChildLostError, ConfigurationError
from inference.cluster.letters import (
    Attach,
    Attached,
    Delivery,
    GatewayOrder,
    Joined,
    Letter,
    Lost,
    Parcel,
    Post,
    Pull,
    Pulled,
    Refused,
    Start,
    Started,
    decode_from_actor,
    decode_order,
    decode_to_gateway,
    encode_letter,
)
from inference.cluster.refusals import ADDRESS_VARIABLE

if TYPE_CHECKING:
    from inference.cluster.ray_seam import RemoteWorker

_BEAT_SECONDS = 1.0
_REACH_SECONDS = 5.0
_WATCH_SECONDS = 2.0
_WATCH_TIMEOUT_SECONDS = 15.0
_LONGEST_GIST = 300  # characters
_FAREWELL_SECONDS = 1.0
_RETRY_SECONDS = 0.5  # between looks for a worker whose predecessor of the same name the cluster has not buried yet
_START_ROOM_SECONDS = 10.0  # beyond what the worker's own process may take


def main(channel: Channel, argument: bytes) -> None:
    """Join the cluster, say ``Joined`` (or why not), and carry letters until the channel closes."""
    order = decode_order(argument)
    try:
        _reach(order.address)  # first: without a cluster Ray would try for long, and then end this process
        from inference.cluster import ray_seam
    except ConfigurationError as error:
        channel.send(encode_letter(Refused(code="setting", message=str(error))))
        return
    except ImportError as error:
        message = f"{ADDRESS_VARIABLE} names a cluster, but Ray is not installed here ({error}). Run “pip install .[cluster]”."
        channel.send(encode_letter(Refused(code="setting", message=message)))
        return
    try:
        ray_seam.join_cluster(order.address, group=order.group)
    except ConfigurationError as error:
        channel.send(encode_letter(Refused(code="setting", message=str(error))))
        return
    sys.stdout = _Gist(sys.stdout)
    try:
        channel.send(encode_letter(Joined()))
        asyncio.run(_Gateway(channel, order).serve())
    finally:
        ray_seam.leave_cluster()
        os._exit(0)  # the interpreter's own way out takes a second with Ray in it, and there is nothing left to do


def _reach(address: str) -> None:
    """See whether anybody listens at ``address`` (host:port).

    Raises:
        ConfigurationError: when nobody does.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"{ADDRESS_VARIABLE}: no Ray cluster answers at {address} ({error}). Start one with "
            f"“ray start --head --port={port}” on {host}, or leave {ADDRESS_VARIABLE} empty to use this machine alone.",
            variable=ADDRESS_VARIABLE,
        ) from error


class _Gist(io.TextIOBase):
    """Passes on the beginning of what Ray prints: when a node dies it prints the last pages of that one's log."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def write(self, text: str) -> int:
        """Write the first line, unless it continues another."""
        line = text.partition("\n")[0]
        if line.strip() and not line[0].isspace():
            self._output.write(f"{line[:_LONGEST_GIST]}\n")
            self._output.flush()
        return len(text)


class _Gateway:
    """The lines of one bot."""

    def __init__(self, channel: Channel, order: GatewayOrder) -> None:
        self._channel = channel
        self._order = order
        self._lines: dict[int, _Line] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._is_over = asyncio.Event()

    async def serve(self) -> None:
        """Carry letters until the bot closes the channel."""
        loop = asyncio.get_running_loop()
        reader = threading.Thread(target=self._read, args=(loop,), name="letters", daemon=True)
        reader.start()
        keeping = [asyncio.create_task(self._beat()), asyncio.create_task(self._watch())]
        await self._is_over.wait()
        for task in keeping:
            task.cancel()
        for slot in tuple(self._lines):
            self._leave(slot)
        if self._farewells:
            await asyncio.wait(self._farewells, timeout=_FAREWELL_SECONDS)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read letters in a thread of its own; the channel blocks."""
        try:
            while (frame := self._channel.receive()) is not None:
                loop.call_soon_threadsafe(self._take, frame)
        except EOFError:
            loop.call_soon_threadsafe(self._is_over.set)

    def _take(self, frame: bytes) -> None:
        letter = decode_to_gateway(frame)
        if isinstance(letter, Start):
            self._leave(letter.slot)
            self._lines[letter.slot] = _Line(letter.slot, self._order, self)
        elif isinstance(letter, Post):
            if (line := self._lines.get(letter.slot)) is not None:
                line.post(letter)
        else:
            self._leave(letter.slot)

    def _leave(self, slot: int) -> None:
        line = self._lines.pop(slot, None)
        if line is not None:
            farewell = asyncio.create_task(line.leave())
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    def send(self, letter: Letter) -> None:
        """Tell the bot."""
        try:
            self._channel.send(encode_letter(letter))
        except EOFError:
            self._is_over.set()

    async def _watch(self) -> None:
        """End this process when its cluster is gone, or another has taken its address: Ray would wait for ever, or end it later."""
        from inference.cluster import ray_seam

        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                async with asyncio.timeout(_WATCH_TIMEOUT_SECONDS):
                    is_member = await asyncio.to_thread(ray_seam.is_member)
            except TimeoutError:
                is_member = False
            if not is_member:
                sys.stderr.write("The cluster is gone.\n")
                sys.stderr.flush()
                os._exit(1)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            self._channel.beat()


class _Line:
    """One slot's way to its worker, from ``Start`` to its loss or to ``leave``."""

    def __init__(self, slot: int, order: GatewayOrder, gateway: _Gateway) -> None:
        self._slot = slot
        self._order = order
        self._gateway = gateway
        self._life_id = uuid.uuid4().hex
        self._worker: RemoteWorker | None = None
        self._posts: asyncio.Queue[Post] = asyncio.Queue()
        self._task = asyncio.create_task(self._live())

    def post(self, post: Post) -> None:
        """Carry a request or cancellation, after those before it."""
        self._posts.put_nowait(post)

    async def leave(self) -> None:
        """Say farewell to the worker, so that it stops working for us at once."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._worker is not None:
            letter = encode_letter(Pull(life_id=self._life_id, is_last=True))
            with suppress(ChildLostError, ConfigurationError):  # it is gone already
                await self._worker.call("pull", letter, timeout_seconds=_FAREWELL_SECONDS)

    async def _live(self) -> None:
        try:
            answer = await self._reach()
        except ConfigurationError as error:
            answer = Refused(code="setting", message=str(error))
        except ChildLostError as error:
            answer = Refused(code="lost", message=f"A worker of the cluster did not start: {error}. {error.output}")
        if isinstance(answer, Refused):
            self._gateway.send(Refused(slot=self._slot, code=answer.code, message=answer.message))
            return
        self._gateway.send(Started(slot=self._slot, ready=answer.ready))
        sending = asyncio.create_task(self._send_posts())
        pulling = asyncio.create_task(self._pull())
        try:
            done, _ = await asyncio.wait({sending, pulling}, return_when=asyncio.FIRST_COMPLETED)
            error = next((task.exception() for task in done), None)
        finally:
            sending.cancel()
            pulling.cancel()
        cause = "hung" if isinstance(error, ChildLostError) and error.cause == "hung" else "exited"
        if isinstance(error, ChildLostError | ConfigurationError):
            self._gateway.send(Lost(slot=self._slot, cause=cause))
        elif error is not None:
            raise error

    async def _reach(self) -> Attached | Refused:
        """Attach to the worker, which is made unless it is there.

        Raises:
            ConfigurationError: when no machine can run it, or has room.
            ChildLostError: when it is lost meanwhile.
        """
        from inference.cluster.ray_seam import RemoteWorker, describe_room

        order, share = self._order, self._order.shares[self._slot]
        name = name_of(order, self._slot)
        loop = asyncio.get_running_loop()
        stop_seconds = loop.time() + order.place_seconds
        while True:
            worker = await asyncio.to_thread(RemoteWorker.find_or_make, name, share)
            try:
                await worker.call("where", timeout_seconds=max(0.1, stop_seconds - loop.time()))
                break
            except ChildLostError as error:
                if error.cause == "hung":
                    room = await asyncio.to_thread(describe_room)
                    raise ConfigurationError(
                        f"{ADDRESS_VARIABLE}: the cluster had no room for {name} in {order.place_seconds:g} s. It takes "
                        f"{share.num_cpus:g} CPUs and {share.num_gpus:g} GPUs; there are {room}. Add a machine, or "
                        "lower TUTTI_CLUSTER_CPU_WORKERS or TUTTI_CLUSTER_GPU_WORKERS."
                    ) from error
                if loop.time() > stop_seconds:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)
        self._worker = worker
        letter = Attach(
            client_id=order.client_id,
            life_id=self._life_id,
            setup=msgspec.structs.replace(order.setup, device=share.device),
            limits=order.limits,
            build=order.build,
            checkpoint_ids=order.checkpoint_ids,
            silence_seconds=order.silence_seconds,
            idle_seconds=order.idle_seconds,
        )
        timeout_seconds = order.limits.ready_timeout_seconds + _START_ROOM_SECONDS
        answer = decode_from_actor(await worker.call("attach", encode_letter(letter), timeout_seconds=timeout_seconds))
        assert isinstance(answer, Attached | Refused)
        return answer

    async def _send_posts(self) -> None:
        """Carry what the bot posts; one parcel at a time, so that order is kept."""
        assert self._worker is not None
        while True:
            posts = [await self._posts.get()]
            while not self._posts.empty():
                posts.append(self._posts.get_nowait())
            letter = encode_letter(Parcel(life_id=self._life_id, posts=tuple(posts)))
            await self._worker.call("post", letter, timeout_seconds=self._order.silence_seconds)

    async def _pull(self) -> None:
        """Carry what the worker has for us, until it is lost."""
        assert self._worker is not None
        letter = encode_letter(Pull(life_id=self._life_id))
        while True:
            answer = await self._worker.call("pull", letter, timeout_seconds=self._order.silence_seconds)
            pulled = decode_from_actor(answer)
            assert isinstance(pulled, Pulled)
            if pulled.frames:
                self._gateway.send(Delivery(slot=self._slot, frames=pulled.frames))
            if pulled.loss is not None:
                self._gateway.send(Lost(slot=self._slot, cause=pulled.loss.cause, num_aboard=pulled.loss.num_aboard))
                return


def name_of(order: GatewayOrder, slot: int) -> str:
    """Return the name under which all bots of a group find the worker of a slot: its kind, and a number within its kind."""
    share = order.shares[slot]
    number = sum(other.device == share.device for other in order.shares[:slot])
    return f"{share.device}-worker-{number}"
