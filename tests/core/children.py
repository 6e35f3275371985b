"""Entries of small real children, for the tests of supervised processes. They import nothing beside the standard library."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from core.child import Channel, limit_cpu_time


def echo(channel: Channel, argument: bytes) -> None:
    """Be ready with the argument, then send everything back."""
    channel.send(argument or b"ready")
    while True:
        frame = channel.receive()
        assert frame is not None
        channel.send(frame)


def obey(channel: Channel, argument: bytes) -> None:
    """Carry out one named misfortune per frame, answer ``done`` to the rest."""
    channel.send(b"ready")
    while True:
        order = (channel.receive() or b"").decode()
        match order.split():
            case ["exit", code]:
                print("ending now", flush=True)
                os._exit(int(code))
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["beat", seconds]:
                stop = time.monotonic() + float(seconds)
                while time.monotonic() < stop:
                    channel.beat()
                    time.sleep(0.05)
            case ["allocate", megabytes]:
                hoard = bytearray(int(megabytes) * 2**20)
                hoard[::4096] = b"x" * len(hoard[::4096])
                time.sleep(2)
            case ["burn"]:
                limit_cpu_time(0)
                while True:
                    pass
            case ["grandchild"]:
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
                channel.send(str(child.pid).encode())
                time.sleep(60)
            case ["big", megabytes]:
                channel.send(bytes(int(megabytes) * 2**20))
            case ["log", level]:
                logging.getLogger("orchestra").log(int(level), "strings_tuned", extra={"num_strings": 4})
            case ["print", *words]:
                print(*words, flush=True)
            case ["modules"]:
                channel.send(" ".join(sys.modules).encode())
                continue
            case _:
                pass
        channel.send(b"done")


def fail(channel: Channel, argument: bytes) -> None:
    """Break before being ready."""
    raise RuntimeError("the piano is locked")


def dawdle(channel: Channel, argument: bytes) -> None:
    """Never become ready."""
    time.sleep(60)


def linger(channel: Channel, argument: bytes) -> None:
    """Be ready, then ignore the request to end."""
    channel.send(b"ready")
    while True:
        time.sleep(1)


def farewell(channel: Channel, argument: bytes) -> None:
    """Write a file when asked to end, to show that the end was orderly."""
    channel.send(b"ready")
    try:
        channel.receive()
    except EOFError:
        Path(argument.decode()).write_text("goodbye")


def tell_surroundings(channel: Channel, _argument: bytes) -> None:
    """Answer with everything that a curious child finds around itself."""
    channel.send(b"ready")
    while channel.receive() is not None:
        channel.send(json.dumps({"environment": dict(os.environ), "command": sys.argv}).encode())  # noqa: TID251 - what it is about
