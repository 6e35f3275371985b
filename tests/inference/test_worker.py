"""The worker's loop, spoken to directly: many jobs in turn, cancellations between steps, signs of life."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
from contextlib import asynccontextmanager, contextmanager

import pytest

from core.errors import ChildLostError
from core.processes import ChildLimits, ChildProcess
from inference.protocol import Cancel, Failure, Heartbeat, Progress, Ready, Result, WorkerSetup
from inference.worker_handle import WorkerHandle
from music.codec import encode_piece
from tests.core import children
from tests.inference.tiny_decoder import hold, let_go, make_request


@asynccontextmanager
async def _worker(tmp_path, **changes):
    setup = WorkerSetup(weights_folder=str(tmp_path), decoders="tests.inference.tiny_decoder:load_decoders", **changes)
    handle = WorkerHandle(slot=0, setup=setup, limits=ChildLimits())
    assert isinstance(await handle.start(), Ready)
    try:
        yield handle
    finally:
        await handle.stop(grace_seconds=5)


@contextmanager
def _paused(handle):
    """Let the worker stand still, so that it finds what is posted all at once, however slow we are."""
    os.kill(handle.process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(handle.process_id, signal.SIGCONT)


async def _collect(handle, *, until: int) -> list:
    """Read messages, without heartbeats, until ``until`` results or failures have come."""
    messages: list = []
    async with asyncio.timeout(20):
        while sum(isinstance(message, Result | Failure) for message in messages) < until:
            message = await handle.receive()
            if not isinstance(message, Heartbeat):
                messages.append(message)
    return messages


async def test_jobs_run_in_turn(tmp_path):
    """Three jobs in three places advance bar by bar, none waits for another to end, and each gets the piece it gets alone."""
    async with _worker(tmp_path, max_running_jobs=3) as handle:
        with _paused(handle):
            for job_id in "abc":
                handle.post(make_request(job_id, seed=ord(job_id), num_bars=6))
        together = await _collect(handle, until=3)
        handle.post(make_request("alone", seed=ord("b"), num_bars=6))
        alone = await _collect(handle, until=1)

    first_end = next(index for index, message in enumerate(together) if isinstance(message, Result))
    started = {
        message.job_id for message in together[:first_end] if isinstance(message, Progress) and message.num_done > 3
    }
    assert started == {"a", "b", "c"}
    (of_b,) = (message for message in together if isinstance(message, Result) and message.job_id == "b")
    assert encode_piece(of_b.piece) == encode_piece(alone[-1].piece)


async def test_requests_beyond_the_places_wait_in_order(tmp_path):
    """With one place, the second job begins when the first has ended."""
    async with _worker(tmp_path) as handle:
        for job_id in "ab":
            handle.post(make_request(job_id, num_bars=2))
        messages = await _collect(handle, until=2)

    assert [message.job_id for message in messages] == ["a", "a", "a", "b", "b", "b"]


async def test_cancelling_takes_effect_within_a_step(tmp_path):
    """A cancelled job is confirmed at once; a waiting one too; an unknown one is ignored."""
    hold(tmp_path, seed=1, bar=3)
    async with _worker(tmp_path) as handle:
        handle.post(make_request("long", seed=1, num_bars=100_000))
        handle.post(make_request("waiting", seed=2))
        handle.post(make_request("last", seed=2, num_bars=1))
        written = []
        while written != [0, 1, 2, 3]:
            message = await handle.receive()
            written += [message.num_done] if isinstance(message, Progress) else []
        with _paused(handle):
            for job_id in ("waiting", "unknown", "long"):
                handle.post(Cancel(job_id=job_id))
            let_go(tmp_path, 1)
        messages = await _collect(handle, until=3)

    ends = [
        (message.job_id, getattr(message, "code", "done")) for message in messages if not isinstance(message, Progress)
    ]
    assert ends == [("waiting", "cancelled"), ("long", "cancelled"), ("last", "done")]
    assert sum(message.job_id == "long" and isinstance(message, Progress) for message in messages) <= 1


async def test_worker_beats_while_idle_and_while_working(tmp_path):
    """Heartbeats carry the memory in use, with and without a job."""
    async with _worker(tmp_path, heartbeat_seconds=0.05) as handle:
        async with asyncio.timeout(10):
            idle = await handle.receive()
            handle.post(make_request("long", num_bars=100_000))
            while isinstance(await handle.receive(), Heartbeat):
                pass
            while not isinstance(working := await handle.receive(), Heartbeat):
                pass

    assert isinstance(idle, Heartbeat)
    assert working.memory_bytes > 10_000_000


async def test_bug_in_a_network_carries_its_traceback_for_the_log(tmp_path):
    """The message names the error, the details say where."""
    async with _worker(tmp_path) as handle:
        handle.post(make_request("j", order="bug"))
        failure = (await _collect(handle, until=1))[-1]

    assert failure.code == "internal"
    assert "tiny_decoder.py" in failure.details


async def test_nonsense_from_a_worker_is_a_loss(tmp_path):
    """A worker that breaks the protocol is killed, not believed."""
    handle = WorkerHandle(slot=0, setup=WorkerSetup(weights_folder=""), limits=ChildLimits())
    handle._child = ChildProcess(children.echo, name="liar")
    await handle._child.start()
    handle._child.post(b"la la la")

    with pytest.raises(ChildLostError) as caught:
        await handle.receive()

    assert caught.value.cause == "protocol"


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed, and has a way to ask for it"
)
async def test_what_a_job_freed_goes_back_to_the_system(tmp_path):
    """A job that leaves 64 MiB free between small things leaves the worker hardly larger than it was."""
    async with _worker(tmp_path) as handle:
        handle.post(make_request("before", num_bars=1))
        await _collect(handle, until=1)
        at_first = handle.resident_bytes
        handle.post(make_request("frays", num_bars=1, order="fray:64"))
        handle.post(make_request("after", num_bars=1))  # begins when all is done that follows the other's end
        await _collect(handle, until=2)
        grown_bytes = handle.resident_bytes - at_first

    assert grown_bytes < 16 * 2**20
