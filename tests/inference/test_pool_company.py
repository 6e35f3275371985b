"""Several jobs in one worker, and workers that stand by: who is to blame for a death, and how soon it is made good."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import asynccontextmanager, suppress

import psutil
import pytest

from core.processes import ChildLimits
from inference.pool import PoolOptions, WorkerPool
from inference.protocol import Failure, Progress, Result, WorkerSetup
from music.codec import encode_piece
from tests.inference.tiny_decoder import hold, let_go, make_request


@asynccontextmanager
async def running_pool(tmp_path, *, num_workers=1, num_spares=0, max_running_jobs=8, max_deaths=3):
    setup = WorkerSetup(
        weights_folder=str(tmp_path),
        decoders="tests.inference.tiny_decoder:load_decoders",
        max_running_jobs=max_running_jobs,
    )
    limits = ChildLimits(hang_timeout_seconds=20.0)
    options = PoolOptions(
        setup=setup, limits=limits, num_workers=num_workers, num_spares=num_spares, max_deaths=max_deaths
    )
    pool = WorkerPool(options)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop(drain_seconds=0)


async def end_of(job) -> Result | Failure:
    """Return the one end of a job, and make sure that there is only one."""
    async with asyncio.timeout(60):
        while isinstance(message := await job.stream.read(), Progress):
            pass
    assert job.stream._messages.empty()
    return message


async def until_spare_is_ready(pool) -> None:
    async with asyncio.timeout(30):
        while pool.num_ready_spares == 0:  # noqa: ASYNC110 - nobody tells us, and nobody needs to
            await asyncio.sleep(0.01)


def submit(pool, name, *, user_id=1, **request):
    return pool.submit(make_request(name, **request), user_id=user_id, guild_id=None)


async def test_one_poison_job_among_eight_is_given_up_alone(tmp_path):
    """It takes seven neighbours with it, twice; then each works alone, seven finish and one is found out."""
    async with running_pool(tmp_path) as pool:
        jobs = [
            submit(pool, f"j{number}", user_id=number, order="die" if number == 3 else "", num_bars=6)
            for number in range(8)
        ]
        ends = await asyncio.gather(*(end_of(job) for job in jobs))

    assert [end.job_id for end in ends if isinstance(end, Failure)] == ["j3"]
    assert ends[3].code == "worker_lost"
    assert [job.num_deaths for job in jobs] == [3 if number == 3 else 0 for number in range(8)]


async def test_neighbours_of_a_dead_worker_give_the_same_bytes(tmp_path):
    """Beside whom, and how often, a job runs changes nothing in its piece."""
    async with running_pool(tmp_path) as pool:
        alone = [await end_of(submit(pool, f"a{seed}", seed=seed)) for seed in range(3)]
        jobs = [submit(pool, f"j{seed}", seed=seed) for seed in range(3)]
        poison = submit(pool, "poison", order="die")
        together = await asyncio.gather(*(end_of(job) for job in jobs))
        assert isinstance(await end_of(poison), Failure)

    assert [encode_piece(end.piece) for end in together] == [encode_piece(end.piece) for end in alone]


async def test_new_jobs_go_on_while_suspects_are_examined(tmp_path):
    """Whoever asks later is served, between the suspects and after them."""
    async with running_pool(tmp_path, num_workers=2, max_running_jobs=2) as pool:
        poison = submit(pool, "poison", order="die", user_id=1)
        others = [submit(pool, f"j{number}", user_id=2 + number % 3) for number in range(8)]
        ends = await asyncio.gather(*(end_of(job) for job in others))
        assert isinstance(await end_of(poison), Failure)

    assert all(isinstance(end, Result) for end in ends)


async def test_a_cancelled_suspect_frees_its_worker(tmp_path):
    """A reservation ends with its job."""
    async with running_pool(tmp_path, max_running_jobs=2) as pool:
        long = submit(pool, "long", num_bars=100_000)
        suspect = submit(pool, "suspect", user_id=2)
        pool._scheduler.put_back("suspect")
        pool._crew.slots[0].jobs.pop("suspect")
        suspect.num_suspicions = 2
        pool._dispatch()
        assert pool._crew.reserved_jobs() == [suspect]

        pool.cancel("suspect")
        assert (await end_of(suspect)).code == "cancelled"
        assert isinstance(await end_of(submit(pool, "next")), Result)
        pool.cancel("long")
        assert (await end_of(long)).code == "cancelled"


async def test_a_spare_takes_over_at_once(tmp_path):
    """The job goes on in the worker that stood by, and the lost one comes back as the new spare."""
    async with running_pool(tmp_path, num_spares=1) as pool:
        await until_spare_is_ready(pool)
        spare = next(slot for slot in pool._crew.slots if slot.is_ready and not slot.is_serving)
        hold(tmp_path, seed=2, bar=5)
        job = submit(pool, "j", num_bars=10, seed=2)
        assert isinstance(await job.stream.read(), Progress)
        (process_id,) = pool.process_ids
        os.kill(process_id, signal.SIGKILL)
        let_go(tmp_path, 2)

        assert isinstance(await end_of(job), Result)
        assert pool.process_ids == [spare.handle.process_id]
        await until_spare_is_ready(pool)
        assert pool.process_ids == [spare.handle.process_id]


async def test_a_dead_spare_is_replaced_and_costs_no_job(tmp_path):
    """It had none."""
    async with running_pool(tmp_path, num_spares=1) as pool:
        await until_spare_is_ready(pool)
        spare = next(slot for slot in pool._crew.slots if not slot.is_serving)
        job = submit(pool, "j", num_bars=5)
        first = psutil.Process(spare.handle.process_id)
        first.kill()

        assert isinstance(await end_of(job), Result)
        async with asyncio.timeout(30):
            while spare.handle.process_id == first.pid or not spare.is_ready:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert job.lost_seconds is None
    assert job.num_deaths == 0


async def test_without_memory_there_is_no_spare(tmp_path, monkeypatch):
    """Whoever serves comes first."""
    monkeypatch.setattr("inference.pool.available_bytes", lambda: 1)
    async with running_pool(tmp_path, num_spares=1) as pool:
        assert isinstance(await end_of(submit(pool, "j")), Result)
        await asyncio.sleep(0.3)
        assert pool.num_ready_spares == 0


@pytest.mark.parametrize("seed", [0, 1])
async def test_random_kills_in_company_lose_and_double_nothing(tmp_path, seed):
    """Workers of four jobs each, one spare, kills all the time: every job ends once, in the piece of its seed."""
    randomness = random.Random(seed)
    async with running_pool(tmp_path, num_workers=2, num_spares=1, max_running_jobs=4, max_deaths=9) as pool:
        expected = [encode_piece((await end_of(submit(pool, f"e{each}", seed=each))).piece) for each in range(4)]
        jobs = [submit(pool, f"j{number}", seed=number % 4, user_id=number % 5) for number in range(40)]
        for _ in range(6):
            await asyncio.sleep(0.1 * randomness.random())
            if process_ids := pool.process_ids:
                with suppress(ProcessLookupError):  # it is dead already, and the pool has not heard of it
                    os.kill(randomness.choice(process_ids), signal.SIGKILL)
        ends = await asyncio.gather(*(end_of(job) for job in jobs))

    assert [encode_piece(end.piece) for end in ends] == [expected[number % 4] for number in range(40)]
