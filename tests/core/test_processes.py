"""A child process is started, watched, limited, replaced, and never outlives us. All children here are real processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.errors import ChildLostError
from core.log import bound_context
from core.processes import ChildLimits, ChildProcess
from tests.core import children


async def _wait_until_gone(*process_ids: int) -> None:
    """Wait until none of the processes lives (a zombie does not)."""
    async with asyncio.timeout(10):
        while any(_is_alive(process_id) for process_id in process_ids):  # noqa: ASYNC110 - the kernel sends no event
            await asyncio.sleep(0.02)


def _is_alive(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_ready_frame_is_what_the_child_sent_first():
    """The argument reaches the child and its first frame is handed out by ``start``."""
    child = ChildProcess(children.echo, name="echo", argument=b"tuned")
    try:
        assert await child.start() == b"tuned"
        assert child.is_running
    finally:
        await child.stop()
    assert not child.is_running


@pytest.mark.parametrize("num_bytes", [1, 65_536, 3_000_000])
async def test_frames_of_any_size_come_back_whole(num_bytes):
    """Frames keep their borders and bytes, also far beyond the socket's buffer."""
    frame = os.urandom(num_bytes)
    async with ChildProcess(children.echo, name="echo") as child:
        child.post(frame)
        child.post(b"next")

        assert await child.receive() == frame
        assert await child.receive() == b"next"


def test_any_sequence_of_frames_comes_back_in_order():
    """Framing is exact for all byte strings."""
    loop = asyncio.new_event_loop()
    child = ChildProcess(children.echo, name="echo")

    async def exchange(frames: list[bytes]) -> list[bytes]:
        for frame in frames:
            child.post(frame)
        return [await child.receive() for frame in frames if frame]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.binary(max_size=200), max_size=8))
    def check(frames: list[bytes]) -> None:
        assert loop.run_until_complete(exchange(frames)) == [frame for frame in frames if frame]

    try:
        loop.run_until_complete(child.start())
        check()
    finally:
        loop.run_until_complete(child.stop())
        loop.close()


async def test_cancelled_receive_loses_nothing():
    """A frame that arrives while nobody waits any more is handed to the next who asks."""
    async with ChildProcess(children.echo, name="echo") as child:
        for _ in range(20):
            child.post(b"x" * 300_000)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.0001):
                    await child.receive()
            assert await child.receive() == b"x" * 300_000


async def test_killed_child_is_reported_and_can_be_replaced():
    """A child killed from outside is a loss with its signal; the next start gives a new process."""
    child = ChildProcess(children.echo, name="echo")
    await child.start()
    first = child.process_id
    os.kill(first, signal.SIGKILL)

    with pytest.raises(ChildLostError) as caught:
        await child.receive()
    assert (caught.value.cause, caught.value.exit_code) == ("exited", -signal.SIGKILL)

    await child.start()
    assert child.process_id != first
    assert await child.call(b"hello", timeout_seconds=5) == b"hello"
    assert child.num_starts == 2
    await child.stop()


async def test_exit_code_and_last_words_are_kept():
    """What a child prints never reaches our own output; its end travels with the loss."""
    async with ChildProcess(children.obey, name="obey") as child:
        with pytest.raises(ChildLostError) as caught:
            await child.call(b"exit 7", timeout_seconds=5)

    assert caught.value.exit_code == 7
    assert caught.value.output == "ending now\n"


async def test_what_a_child_logs_and_prints_reaches_our_log(monkeypatch):
    """Events keep level and fields, other lines are quoted, and each names its child."""
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    with capture_logs() as events:
        async with ChildProcess(children.obey, name="obey") as child:
            for order in (b"log 30", b"log 10", b"print one two"):
                await child.call(order, timeout_seconds=5)

    told = [event for event in events if event["event"] in ("strings_tuned", "child_printed")]
    assert told == [
        {"event": "strings_tuned", "log_level": "warning", "child": "obey", "num_strings": 4},
        {"event": "child_printed", "log_level": "info", "child": "obey", "words": "one two"},
    ]


async def test_what_a_child_says_is_not_laid_to_whoever_started_it(monkeypatch):
    """It goes on for others, and may be started anew in the middle of somebody's request."""
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        with bound_context(interaction_id=7):
            child = ChildProcess(children.obey, name="obey")
            await child.start()
        await child.call(b"log 30", timeout_seconds=5)
        await child.stop()

    asked = {event["event"]: event.get("interaction_id") for event in events}
    assert asked == {"child_started": 7, "strings_tuned": None}


async def test_failure_before_ready_carries_the_traceback():
    """Start-up failures can be read in the loss."""
    with pytest.raises(ChildLostError, match="exited") as caught:
        await ChildProcess(children.fail, name="fail").start()

    assert "the piano is locked" in caught.value.output


async def test_child_that_is_never_ready_is_killed():
    """The ready handshake has a timeout."""
    child = ChildProcess(children.dawdle, name="dawdle", limits=ChildLimits(ready_timeout_seconds=0.5))

    with pytest.raises(ChildLostError) as caught:
        await child.start()

    assert caught.value.cause == "not_ready"
    await _wait_until_gone(child.process_id)


async def test_late_answer_kills_the_child():
    """``call`` never waits longer than it was told, and leaves no stale answer behind."""
    child = ChildProcess(children.obey, name="obey")
    await child.start()

    with pytest.raises(ChildLostError) as caught:
        await child.call(b"sleep 30", timeout_seconds=0.3)

    assert caught.value.cause == "timeout"
    await child.start()
    assert await child.call(b"hello", timeout_seconds=5) == b"done"
    await child.stop()


async def test_cancelled_call_kills_the_child():
    """When nobody waits for an answer any more, the work stops too."""
    child = ChildProcess(children.obey, name="obey")
    await child.start()
    task = asyncio.create_task(child.call(b"sleep 30", timeout_seconds=60))
    await asyncio.sleep(0.1)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not child.is_running
    await _wait_until_gone(child.process_id)


async def test_stopped_child_counts_as_hung():
    """A child that falls silent while we wait (here by SIGSTOP) is killed for it."""
    child = ChildProcess(children.obey, name="obey", limits=ChildLimits(hang_timeout_seconds=0.6))
    await child.start()
    os.kill(child.process_id, signal.SIGSTOP)

    with pytest.raises(ChildLostError) as caught:
        await child.receive()

    assert caught.value.cause == "hung"


async def test_beating_child_is_not_hung():
    """Signs of life keep a slow child alive, and they are not answers."""
    limits = ChildLimits(hang_timeout_seconds=1.0)
    async with ChildProcess(children.obey, name="obey", limits=limits) as child:
        assert await child.call(b"beat 2.2", timeout_seconds=10) == b"done"


async def test_idle_child_is_not_hung():
    """Silence counts only while somebody waits."""
    limits = ChildLimits(hang_timeout_seconds=1.0)
    async with ChildProcess(children.obey, name="obey", limits=limits) as child:
        await asyncio.sleep(1.3)
        assert await child.call(b"hello", timeout_seconds=5) == b"done"


async def test_our_own_stall_is_not_the_childs_silence():
    """A parent whose loop stood still reads the waiting frames before it judges."""
    limits = ChildLimits(hang_timeout_seconds=1.0)
    async with ChildProcess(children.obey, name="obey", limits=limits) as child:
        answer = asyncio.create_task(child.call(b"beat 2.2", timeout_seconds=10))
        await asyncio.sleep(0.05)
        time.sleep(1.5)  # noqa: ASYNC251 - blocking the loop is the point

        assert await answer == b"done"


async def test_resident_memory_ceiling_kills():
    """A child that takes more memory than allowed is killed, and the loss says so."""
    limits = ChildLimits(resident_bytes=100 * 2**20)
    child = ChildProcess(children.obey, name="obey", limits=limits)
    await child.start()

    with pytest.raises(ChildLostError) as caught:
        await child.call(b"allocate 200", timeout_seconds=20)

    assert caught.value.cause == "memory"


async def test_address_space_limit_makes_allocation_fail():
    """With RLIMIT_AS the kernel refuses, and the child ends with MemoryError."""
    limits = ChildLimits(address_space_bytes=200 * 2**20)
    child = ChildProcess(children.obey, name="obey", limits=limits)
    await child.start()

    with pytest.raises(ChildLostError) as caught:
        await child.call(b"allocate 300", timeout_seconds=20)

    assert "MemoryError" in caught.value.output


async def test_cpu_limit_ends_a_busy_child():
    """A child that burns more processor time than allowed is ended by the kernel."""
    child = ChildProcess(children.obey, name="obey")
    await child.start()

    with pytest.raises(ChildLostError) as caught:
        await child.call(b"burn", timeout_seconds=20)

    assert caught.value.exit_code == -signal.SIGXCPU


async def test_too_large_frame_is_refused():
    """A child cannot fill our memory with one answer."""
    child = ChildProcess(children.obey, name="obey", limits=ChildLimits(max_frame_bytes=2**20))
    await child.start()

    with pytest.raises(ChildLostError) as caught:
        await child.call(b"big 2", timeout_seconds=5)

    assert caught.value.cause == "protocol"


async def test_killing_takes_the_childs_own_children_along():
    """A program that a child started does not stay behind."""
    child = ChildProcess(children.obey, name="obey")
    await child.start()
    grandchild_id = int(await child.call(b"grandchild", timeout_seconds=5))
    assert _is_alive(grandchild_id)

    await child.kill()

    await _wait_until_gone(child.process_id, grandchild_id)


async def test_stop_is_orderly(tmp_path):
    """A child that is asked to end may finish what it does at the end."""
    path = tmp_path / "farewell"
    async with ChildProcess(children.farewell, name="farewell", argument=str(path).encode()):
        pass

    assert path.read_text() == "goodbye"


async def test_child_that_will_not_end_is_killed():
    """Stopping has a time limit."""
    child = ChildProcess(children.linger, name="linger")
    await child.start()

    await child.stop(grace_seconds=0.2)

    await _wait_until_gone(child.process_id)


async def test_signals_for_the_parent_do_not_end_the_child():
    """SIGTERM and SIGINT are for the parent, which lets running work finish."""
    async with ChildProcess(children.obey, name="obey") as child:
        os.kill(child.process_id, signal.SIGTERM)
        os.kill(child.process_id, signal.SIGINT)

        assert await child.call(b"hello", timeout_seconds=5) == b"done"


async def test_child_has_only_what_its_entry_imports():
    """The parent's main script is not run again in the child, so its imports stay out."""
    async with ChildProcess(children.obey, name="obey") as child:
        modules = (await child.call(b"modules", timeout_seconds=5)).decode().split()

    assert "core.child" in modules
    assert {"pytest", "discord", "asyncio", "structlog"}.isdisjoint(modules)


_PARENT = """
import asyncio, sys
from core.processes import ChildProcess
from tests.core import children

async def main():
    first = ChildProcess(children.linger, name="first")
    second = ChildProcess(children.echo, name="second")
    await first.start()
    await second.start()
    print("ids", first.process_id, second.process_id, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_children_die_with_a_killed_parent():
    """After ``kill -9`` of the parent no child is left, not even one that never looks at its channel."""
    parent = subprocess.Popen(  # noqa: ASYNC220 - an outside observer, as a person would start it
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    with parent:
        line = next(line for line in parent.stdout if line.startswith(b"ids"))
        process_ids = [int(word) for word in line.split()[1:]]
        assert len(process_ids) == 2
        assert all(_is_alive(process_id) for process_id in process_ids)

        parent.kill()

    await _wait_until_gone(*process_ids)


async def test_two_starts_at_once_are_our_own_mistake():
    """Starting a running child would lose the old process, so it is refused."""
    async with ChildProcess(children.echo, name="echo") as child:
        with pytest.raises(RuntimeError, match="already running"):
            await child.start()


async def test_receiving_from_a_child_never_started_is_a_loss():
    """There is nothing to wait for."""
    with pytest.raises(ChildLostError):
        await ChildProcess(children.echo, name="echo").receive()
