"""One supervised child process: start, ready handshake, frames, signs of life, limits, kill, replace. It knows nothing of work.

The child is a fresh interpreter that runs ``core.child.run_child`` and imports only what its entry function needs. We do not use
``multiprocessing``: it would run the top of the caller's main script again in each child (and so could pull discord.py into
it), pickle its arguments, keep one more process for its own use, and let start-up messages escape our capture.

The two sides share a socket pair that carries frames of bytes (``core/child.py`` says how). Whatever the child prints goes to a
pipe, and from there line by line into our log: it can neither disturb the frames nor the output of a command line tool. The child is
the leader of its own session, so it dies with everything it started, and Ctrl-C reaches the parent alone. Of our environment it gets
named variables only, and no secret (``core/child_environment.py``).

One consumer at a time may await ``start``, ``receive`` or ``call``; the socket's buffer is the queue, so a child that is read
slowly waits. ``post`` never waits.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import structlog

from core.child import HEADER, Channel
from core.child_environment import environment_for_children
from core.child_output import ChildOutput
from core.errors import ChildLostError

LossCause = Literal["exited", "hung", "memory", "timeout", "not_ready", "protocol", "stopped"]
"""Why a child is gone. All but ``exited`` (it ended or was killed from outside) are our own decision."""

_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])['path']; from core.child import run_child; run_child()"
)
_KILL_TIMEOUT_SECONDS = 10.0  # SIGKILL takes milliseconds; longer means the kernel is stuck in a device
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """What a child may take. ``None`` switches a limit off."""

    ready_timeout_seconds: float = 60.0
    hang_timeout_seconds: float | None = None  # longest silence while we wait for a frame; the child must beat
    resident_bytes: int | None = None  # watched from outside, about once a second
    address_space_bytes: int | None = None  # RLIMIT_AS, also for its children; too blunt for torch
    cpu_seconds: int | None = None  # RLIMIT_CPU of the whole life; ``core.child.limit_cpu_time`` sets it per job
    max_frame_bytes: int = 256 * 2**20  # a child that reads untrusted files must not fill our memory


class ChildProcess:
    """A child that can be started, lost, and started again.

    ``entry`` is a module-level function; only its name travels. ``argument`` is handed to it as the first frame;
    ``also_sees``: beginnings of names of variables that this child needs beyond those that all get.
    """

    def __init__(
        self,
        entry: Callable[[Channel, bytes], None],
        *,
        name: str,
        argument: bytes = b"",
        limits: ChildLimits | None = None,
        also_sees: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.num_starts = 0
        self._entry = f"{entry.__module__}:{entry.__qualname__}"
        self._argument = argument
        self._also_sees = also_sees
        self._limits = limits or ChildLimits()
        self._life: _Life | None = None

    @property
    def is_running(self) -> bool:
        """Whether a process exists that has not been found dead."""
        return self._life is not None and not self._life.is_over

    @property
    def process_id(self) -> int | None:
        return self._life.process.pid if self._life else None

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds, as the system counts it; 0 when there is none."""
        return self._life.resident_bytes() if self._life else 0

    @property
    def output(self) -> str:
        """The end of what the process printed in its present or last life."""
        return self._life.output if self._life else ""

    async def start(self) -> bytes:
        """Start a process and return its ready frame.

        Raises:
            ChildLostError: when it ends, or stays silent, before it is ready.
        """
        if self.is_running:
            raise RuntimeError(f"child process {self.name} is already running")
        if self._life is not None:
            await self._life.end("stopped")
        self._life = await _Life.begin(self.name, self._entry, self._limits, self._also_sees)
        self.num_starts += 1
        try:
            self._life.post(self._argument)
            # A child that loads something large cannot beat, so only this timeout watches it until it is ready.
            async with asyncio.timeout(self._limits.ready_timeout_seconds):
                ready = await self._life.read_frame()
        except TimeoutError:
            raise await self._lose("not_ready") from None
        except BaseException:
            await self._life.end("stopped")
            raise
        self._life.watch()
        _log.info("child_started", child=self.name, process_id=self.process_id)
        return ready

    def post(self, frame: bytes) -> None:
        """Send a frame without waiting; to a child that is gone it is a no-op, and ``receive`` tells the loss."""
        if self._life is not None:
            self._life.post(frame)

    async def receive(self) -> bytes:
        """Return the next frame that is not a bare sign of life. Cancelling loses no frame.

        Raises:
            ChildLostError: when the child is gone.
        """
        if self._life is None:
            raise ChildLostError(name=self.name, cause="stopped")
        return await self._life.read_frame()

    async def call(self, frame: bytes, *, timeout_seconds: float) -> bytes:
        """Send a frame and return the answer. A late child is killed, and so is one whose answer nobody waits for any more.

        Raises:
            ChildLostError: when the child is gone or had to be killed (cause ``timeout``).
        """
        self.post(frame)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self.receive()
        except TimeoutError:
            raise await self._lose("timeout") from None
        except asyncio.CancelledError:
            await self.kill()
            raise

    async def kill(self) -> None:
        """End the process and everything it started, at once. It may be started again."""
        if self._life is not None:
            await self._life.end("stopped")

    async def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Ask the process to end by closing our side, wait for it, and kill it after ``grace_seconds``."""
        if self._life is None:
            return
        if not self._life.is_over:
            self._life.close_sending()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds):
                    await self._life.process.wait()
        await self._life.end("stopped")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _lose(self, cause: LossCause) -> ChildLostError:
        """Kill the process for ``cause`` and return the loss."""
        assert self._life is not None
        await self._life.end(cause)
        return self._life.loss()


class _Life:
    """One operating system process, from its start to its end."""

    def __init__(
        self,
        *,
        name: str,
        limits: ChildLimits,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self._name = name
        self._limits = limits
        self._reader = reader
        self._writer = writer
        self._cause: LossCause | None = None
        self._output = ChildOutput(name)
        self._frame_bytes: int | None = None  # length of the frame whose header was read already
        self._num_waiting = 0
        self._num_silent_checks = 0
        self._end_lock = asyncio.Lock()
        self._is_ended = False
        # A child outlives the request that happened to start it: its lines must not bear that one's numbers.
        self._collector = asyncio.create_task(self._collect_output(), context=Context())
        self._watcher: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, name: str, entry: str, limits: ChildLimits, also_sees: tuple[str, ...]) -> Self:
        """Start the process; it is not ready yet."""
        ours, theirs = socket.socketpair()
        with theirs:
            order = {
                "path": sys.path,
                "entry": entry,
                "connection": theirs.fileno(),
                "parent_process_id": os.getpid(),
                "address_space_bytes": limits.address_space_bytes,
                "cpu_seconds": limits.cpu_seconds,
                "log_level": logging.getLogger().getEffectiveLevel(),
            }
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-c",
                    _BOOTSTRAP,
                    json.dumps(order),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(theirs.fileno(),),
                    env=environment_for_children(also=also_sees),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise ChildLostError(name=name, cause="not_ready", output=str(error)) from error
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(name=name, limits=limits, process=process, reader=reader, writer=writer)

    @property
    def is_over(self) -> bool:
        return self._is_ended or self._cause is not None or self.process.returncode is not None

    @property
    def output(self) -> str:
        return self._output.end

    def loss(self) -> ChildLostError:
        return ChildLostError(
            name=self._name, cause=self._cause or "exited", exit_code=self.process.returncode, output=self.output
        )

    def post(self, frame: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(HEADER.pack(len(frame)) + frame)

    def close_sending(self) -> None:
        if not self._writer.is_closing():
            self._writer.write_eof()

    async def read_frame(self) -> bytes:
        """Return the next frame that is not empty; at the end of the stream, see the process off and raise its loss."""
        self._num_waiting += 1
        self._num_silent_checks = 0
        try:
            while True:
                if frame := await self._read_any_frame():
                    return frame
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.end("exited")
            raise self.loss() from None
        finally:
            self._num_waiting -= 1

    async def _read_any_frame(self) -> bytes:
        # A cancelled ``readexactly`` leaves the bytes in the buffer, so only the header must be remembered.
        num_bytes = self._frame_bytes
        if num_bytes is None:
            num_bytes = int(HEADER.unpack(await self._reader.readexactly(HEADER.size))[0])
            if num_bytes > self._limits.max_frame_bytes:
                await self.end("protocol")
                raise self.loss()
            self._frame_bytes = num_bytes
        frame = await self._reader.readexactly(num_bytes)
        self._frame_bytes = None
        self._num_silent_checks = 0
        return frame

    def watch(self) -> None:
        """Begin to look for silence and for memory."""
        if self._limits.hang_timeout_seconds is not None or self._limits.resident_bytes is not None:
            self._watcher = asyncio.create_task(self._watch(), context=Context())

    async def _watch(self) -> None:
        # Silence is counted in checks, not read off a clock: when our own loop stood still (a suspended laptop, a debugger),
        # the child's signs of life are still waiting to be read and it must not be killed for our absence.
        num_allowed = 4
        hang_seconds = self._limits.hang_timeout_seconds
        interval_seconds = 1.0 if hang_seconds is None else min(1.0, hang_seconds / num_allowed)
        if hang_seconds is not None:
            num_allowed = max(num_allowed, round(hang_seconds / interval_seconds))
        while True:
            await asyncio.sleep(interval_seconds)
            if self.is_over:
                return
            self._num_silent_checks += 1 if self._num_waiting else 0
            if hang_seconds is not None and self._num_silent_checks > num_allowed:
                self._kill("hung")
            if self._limits.resident_bytes is not None and self.resident_bytes() > self._limits.resident_bytes:
                self._kill("memory")

    def resident_bytes(self) -> int:
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        except OSError:  # already gone, or a system without /proc
            return 0
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def _kill(self, cause: LossCause) -> None:
        """Kill the whole session; whoever reads will find the end of the stream."""
        self._cause = self._cause or cause
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def end(self, cause: LossCause) -> None:
        """See the process off: kill what is left of it, reap it, close every pipe. Calling it again changes nothing."""
        async with self._end_lock:
            if self._is_ended:
                return
            if cause == "exited":
                # The channel closed by itself. Give the process a moment to die in its own way, for a true exit code.
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self.process.wait()
            self._kill(cause)
            try:
                async with asyncio.timeout(_KILL_TIMEOUT_SECONDS):
                    await self.process.wait()
                    await self._collector
            except TimeoutError:
                self._collector.cancel()
                _log.exception("child_not_reaped", child=self._name, process_id=self.process.pid)
            if self._watcher is not None:
                self._watcher.cancel()
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()
            self._is_ended = True
            if self._cause != "stopped":
                _log.warning("child_lost", child=self._name, cause=self._cause, exit_code=self.process.returncode)

    async def _collect_output(self) -> None:
        assert self.process.stdout is not None
        while part := await self.process.stdout.read(4_096):
            self._output.feed(part)
        self._output.close()
