"""Workers die, hang and run out of memory for real; jobs survive it, or are given up alone."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from core.errors import DeviceMemoryError, ServiceStoppingError, WorkerLostError
from core.metrics import PrometheusMetrics
from music.codec import encode_piece
from tests.inference.test_client import finish, until_running
from tests.inference.tiny_decoder import hold, let_go, make_request


async def _undisturbed_piece(make_client, **request) -> bytes:
    async with make_client() as client:
        return encode_piece((await finish(client.submit(make_request("undisturbed", **request)))).piece)


@pytest.mark.parametrize("num_workers", [1, 2])
async def test_killed_in_mid_job_gives_the_same_bytes(make_client, num_workers, tmp_path):
    """After ``kill -9`` of its worker the job runs again and ends in the very piece of an undisturbed run."""
    expected = await _undisturbed_piece(make_client, seed=5, num_bars=20)
    hold(tmp_path, seed=5, bar=10)
    async with make_client(TUTTI_WORKERS=num_workers) as client:
        replies = client.submit(make_request("j", seed=5, num_bars=20))
        async for message in replies:
            if message.num_done == 10:
                break
        for process_id in client.worker_process_ids:
            os.kill(process_id, signal.SIGKILL)
        let_go(tmp_path, 5)

        result = await finish(replies)

    assert encode_piece(result.piece) == expected


async def test_hung_worker_is_replaced(make_client, tmp_path):
    """A worker that stands still (SIGSTOP) is killed after the hang timeout, and its job still ends in the same piece."""
    expected = await _undisturbed_piece(make_client, seed=6, num_bars=10)
    hold(tmp_path, seed=6, bar=5)
    async with make_client(TUTTI_HANG_TIMEOUT_SECONDS=1.0) as client:
        replies = client.submit(make_request("j", seed=6, num_bars=10))
        await until_running(replies)
        (process_id,) = client.worker_process_ids
        os.kill(process_id, signal.SIGSTOP)
        let_go(tmp_path, 6)

        result = await finish(replies)
        assert client.worker_process_ids != [process_id]

    assert encode_piece(result.piece) == expected
    assert not psutil.pid_exists(process_id)


async def test_step_that_never_ends_counts_as_hung(make_client):
    """A network stuck inside one step cannot beat, so its worker is replaced, three times, and the job given up."""
    async with make_client(TUTTI_HANG_TIMEOUT_SECONDS=0.4) as client:
        with pytest.raises(WorkerLostError, match="3 times"):
            await finish(client.submit(make_request("j", order="sleep:30")))


async def test_poison_job_is_given_up_while_others_are_served(make_client):
    """A job that kills every worker it meets ends after three deaths; the jobs of others all finish."""
    metrics = PrometheusMetrics()
    async with make_client(metrics=metrics) as client:
        poison = asyncio.create_task(finish(client.submit(make_request("poison", order="die"), user_id=1)))
        others = [client.submit(make_request(f"j{index}"), user_id=index + 2) for index in range(4)]

        results = await asyncio.gather(*(finish(replies) for replies in others))
        with pytest.raises(WorkerLostError, match="ended its worker 3 times"):
            await poison

    assert len(results) == 4
    value = metrics.registry.get_sample_value
    assert value("tutti_worker_restarts_total") == 3
    assert value("tutti_jobs_total", {"task": "generate", "outcome": "finished"}) == 4
    assert value("tutti_jobs_total", {"task": "generate", "outcome": "failed"}) == 1


async def test_job_that_kills_one_worker_is_done_by_the_next(make_client):
    """One death is no verdict."""
    async with make_client() as client:
        assert await finish(client.submit(make_request("j", order="die once:trace")))


async def test_worker_beyond_its_memory_is_killed(make_client):
    """The ceiling ends the worker, not the machine; the error says that memory was short."""
    async with make_client(TUTTI_MAX_WORKER_BYTES=150 * 2**20, TUTTI_MAX_DEATHS=1) as client:
        with pytest.raises(DeviceMemoryError):
            await finish(client.submit(make_request("j", order="allocate:250")))

        assert await finish(client.submit(make_request("next")))


async def test_cancelled_job_is_not_repeated_when_its_worker_dies(make_client):
    """A job that nobody wants any more does not come back from the dead."""
    async with make_client() as client:
        replies = client.submit(make_request("j", num_bars=100_000))
        await until_running(replies)
        (process_id,) = client.worker_process_ids
        os.kill(process_id, signal.SIGSTOP)
        client.cancel("j")
        os.kill(process_id, signal.SIGKILL)

        assert await finish(client.submit(make_request("next")))
        assert client.queue_place("j") is None


async def test_random_kills_lose_and_double_nothing(make_client):
    """Workers die all the time while users queue jobs: each job ends once, in the piece of its seed."""
    randomness = random.Random(0)
    async with make_client(TUTTI_WORKERS=2, TUTTI_MAX_DEATHS=50) as client:
        expected = [
            encode_piece((await finish(client.submit(make_request(f"e{seed}", seed=seed, num_bars=3)))).piece)
            for seed in range(4)
        ]
        jobs = [
            asyncio.create_task(
                finish(client.submit(make_request(f"j{index}", seed=index % 4, num_bars=3), user_id=index % 5))
            )
            for index in range(40)
        ]
        for _ in range(8):
            await asyncio.sleep(0.15)
            if process_ids := client.worker_process_ids:
                with suppress(ProcessLookupError):  # it is dead already, and the pool has not heard of it
                    os.kill(randomness.choice(process_ids), signal.SIGKILL)
        results = await asyncio.gather(*jobs)

    assert [result.job_id for result in results] == [f"j{index}" for index in range(40)]
    assert [encode_piece(result.piece) for result in results] == [expected[index % 4] for index in range(40)]


async def test_draining_lets_running_jobs_finish(make_client, tmp_path):
    """Stopping waits for the running job, ends the waiting one with its own error, and leaves no process."""
    hold(tmp_path, seed=2, bar=5)
    async with make_client(drain_seconds=20) as client:
        running = client.submit(make_request("running", num_bars=10, seed=2))
        await until_running(running)
        waiting = client.submit(make_request("waiting"))
        process_ids = client.worker_process_ids
        asyncio.get_running_loop().call_later(0.1, let_go, tmp_path, 2)  # while it is being stopped

    assert await finish(running)
    with pytest.raises(ServiceStoppingError):
        await finish(waiting)
    assert not any(psutil.pid_exists(process_id) for process_id in process_ids)
    with pytest.raises(ServiceStoppingError):
        client.submit(make_request("late"))


async def test_draining_has_a_time_limit(make_client):
    """A job that is not done in time ends with the same error."""
    async with make_client(drain_seconds=0.1) as client:
        running = client.submit(make_request("running", num_bars=100_000))
        await until_running(running)

    with pytest.raises(ServiceStoppingError):
        await finish(running)


async def test_jobs_end_when_no_worker_can_start_any_more(make_client):
    """Weights that vanish under a running bot do not leave anybody waiting for ever."""
    async with make_client("load_once") as client:
        os.kill(client.worker_process_ids[0], signal.SIGKILL)

        with pytest.raises(WorkerLostError, match="No worker can start"):
            await finish(client.submit(make_request("j")))


_PARENT = """
import asyncio, sys
from core.settings import InferenceSettings
from inference.client import InferenceClient
from tests.inference.tiny_decoder import make_request

async def main():
    settings = InferenceSettings(TUTTI_WORKERS=2)
    async with InferenceClient(settings, decoders="tests.inference.tiny_decoder:load_decoders") as client:
        while len(client.worker_process_ids) < 2:
            await asyncio.sleep(0.01)
        async for _ in client.submit(make_request("j", num_bars=100_000)):
            print("ids", *client.worker_process_ids, flush=True)

asyncio.run(main())
"""


async def test_workers_die_with_a_killed_parent():
    """After ``kill -9`` of the bot no worker goes on, not even one in mid-job."""
    parent = subprocess.Popen(  # noqa: ASYNC220 - an outside observer, as a person would start it
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    with parent:
        line = next(line for line in parent.stdout if line.startswith(b"ids"))
        workers = [psutil.Process(int(word)) for word in line.split()[1:]]
        assert len(workers) == 2

        parent.kill()

    gone, alive = await asyncio.to_thread(psutil.wait_procs, workers, timeout=10)
    assert (len(gone), alive) == (2, [])
