"""A media child that has served a request is as small as before it."""

from __future__ import annotations

import platform

import msgspec
import pytest

from core.child import Channel
from core.processes import ChildProcess
from media.protocol import WriteMIDI
from media.worker import serve
from tests.core.fraying import fray_heap
from tests.media.songs import make_song_piece

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed, and has a way to ask for it"
)


class _FrayingChannel(Channel):
    """A channel whose first answer to a request leaves 64 MiB free between small things, as rendering does."""

    def __init__(self, channel: Channel) -> None:
        self._real = channel
        self._num_sent = 0
        self._pins: list[bytes] = []

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        return self._real.receive(timeout_seconds)

    def send(self, frame: bytes) -> None:
        self._num_sent += 1
        if self._num_sent == 3:  # after being ready, and after an answer that loads what any answer needs
            self._pins += fray_heap(64 * 2**20)
        self._real.send(frame)


def serve_and_fray(channel: Channel, argument: bytes) -> None:
    """Serve as a media child does, with a heap that frays once."""
    serve(_FrayingChannel(channel), argument)


async def test_what_a_request_freed_goes_back_to_the_system():
    """64 MiB that lie free between small things leave the child hardly larger than it was."""
    request = msgspec.msgpack.encode(WriteMIDI(piece=make_song_piece(num_layers=2, num_bars=4), recipe=""))
    async with ChildProcess(serve_and_fray, name="frays") as child:
        await child.call(request, timeout_seconds=30)
        at_first = child.resident_bytes
        await child.call(request, timeout_seconds=30)
        await child.call(request, timeout_seconds=30)  # is read when all is done that follows the other's answer
        grown_bytes = child.resident_bytes - at_first

    assert grown_bytes < 16 * 2**20
