"""What a pool does whose workers are elsewhere and all gone: it waits."""

from __future__ import annotations

import asyncio
import os
import signal

from core.processes import ChildLimits
from inference.pool import PoolOptions, WorkerPool
from inference.protocol import Result, WorkerSetup
from tests.inference.tiny_decoder import make_request


async def test_a_job_waits_however_long_no_worker_starts_and_is_written_when_one_does(tmp_path):
    """The only worker is killed and others fail to start, more often than at home is hoped for; the place is told meanwhile."""
    setup = WorkerSetup(weights_folder=str(tmp_path), decoders="tests.inference.tiny_decoder:load_once")
    pool = WorkerPool(PoolOptions(setup=setup, limits=ChildLimits(), waits_for_workers=True))
    await pool.start()
    places = []
    pool.add_queue_listener(lambda _, place: places.append(place))
    slot = pool._crew.slots[0]
    async with asyncio.timeout(60):
        os.kill(pool.process_ids[0], signal.SIGKILL)
        while pool.process_ids:  # noqa: ASYNC110 - until the pool has seen it
            await asyncio.sleep(0.01)
        job = pool.submit(make_request("1"), user_id=1, guild_id=None)
        while not slot.is_hopeless:  # noqa: ASYNC110 - starts that fail
            await asyncio.sleep(0.05)
        assert pool.process_ids == []
        assert not job.stream.is_closed
        assert places == [1]

        (tmp_path / "loaded").unlink()
        while not isinstance(message := await job.stream.read(), Result):
            pass
    await pool.stop(drain_seconds=0)

    assert message.job_id == "1"
    assert places == [1, 0]
