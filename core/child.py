"""The child's end of a supervised process: frames in and out, limits on itself. It knows nothing of what the frames mean.

``core/processes.py`` starts a fresh interpreter that runs ``run_child``. An entry is a plain blocking function

    def main(channel: Channel, argument: bytes) -> None

that loads what it needs, sends one frame (its ready message), and then serves until ``channel.receive`` raises ``EOFError``.
This module imports the standard library only, so that a small child starts in a few hundredths of a second.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from types import FrameType
from typing import cast

from core.child_log import log_to_parent

HEADER = struct.Struct("!I")
"""A frame is its length in bytes (unsigned, 4 bytes, big-endian) and then the bytes. An empty frame is a bare sign of life."""

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>

Entry = Callable[["Channel", bytes], None]


class Channel:
    """Blocking frames to and from the parent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.setblocking(True)

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        """Return the next frame, or ``None`` when none begins within ``timeout_seconds`` (0 looks without waiting).

        Raises:
            EOFError: when the parent wants this process to end, or is gone.
        """
        if timeout_seconds is not None and not select.select([self._connection], [], [], timeout_seconds)[0]:
            return None
        (length,) = HEADER.unpack(self._read_exactly(HEADER.size))
        return self._read_exactly(length)

    def send(self, frame: bytes) -> None:
        """Send one frame; wait while the parent is behind in reading.

        Raises:
            EOFError: when the parent is gone.
        """
        try:
            self._connection.sendall(HEADER.pack(len(frame)) + frame)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError("the parent is gone") from error

    def beat(self) -> None:
        """Tell the parent that this process is alive and not stuck."""
        self.send(b"")

    def _read_exactly(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length > 0:
            try:
                part = self._connection.recv(min(length, 1 << 20))
            except ConnectionResetError as error:
                raise EOFError("the parent is gone") from error
            if not part:
                raise EOFError("the parent closed the channel")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def die_with_parent(parent_process_id: int) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux); elsewhere the closed channel ends it a little later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_process_id:  # it died before we could ask
        os._exit(1)


def limit_address_space(num_bytes: int) -> None:
    """Make allocations beyond ``num_bytes`` of address space fail with ``MemoryError`` in this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (num_bytes, hard))


def limit_cpu_time(seconds: int) -> None:
    """End this process by SIGXCPU after ``seconds`` more of processor time; may be called again before each job."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds + 1, hard))


def run_child() -> None:
    """Serve as the process that ``core/processes.py`` started; its one argument is JSON."""
    order = json.loads(sys.argv[1])
    die_with_parent(order["parent_process_id"])
    # The parent alone decides when we end, so that it can let jobs finish. A handler, unlike SIG_IGN, is not inherited.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore_signal)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    log_to_parent(order["log_level"])
    if order["address_space_bytes"] is not None:
        limit_address_space(order["address_space_bytes"])
    if order["cpu_seconds"] is not None:
        limit_cpu_time(order["cpu_seconds"])

    with socket.socket(fileno=order["connection"]) as connection:
        channel = Channel(connection)
        try:
            argument = channel.receive()
            entry = _find_entry(order["entry"])
            entry(channel, argument or b"")
        except EOFError:
            return  # asked to end, or left alone: either way there is nothing more to do


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    pass


def _find_entry(name: str) -> Entry:
    module_name, _, function_name = name.partition(":")
    return cast("Entry", getattr(importlib.import_module(module_name), function_name))
