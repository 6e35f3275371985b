"""Bots on a real cluster of two nodes: what they write, whom they share workers with, and what a loss costs. The last test kills."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from core.errors import CancelledJobError, ConfigurationError, InferenceError, WorkerLostError
from core.metrics import NullMetrics
from core.processes import ChildLimits
from inference.cluster.opening import open_cluster
from inference.protocol import Progress, Result, WorkerSetup
from music.codec import encode_piece
from tests.inference.cluster.conftest import TINY
from tests.inference.tiny_decoder import TinyDecoder, hold, let_go, make_request

pytestmark = pytest.mark.timeout(300)


class Losses(NullMetrics):
    """Counts the workers that were lost."""

    def __init__(self):
        self.num = 0

    def count_worker_restart(self):
        self.num += 1


async def _read(replies):
    """Return the progress and the result of a job."""
    messages = [message async for message in replies]
    return messages[:-1], messages[-1]


async def _result(client, job_id, **request):
    _, result = await _read(client.submit(make_request(job_id, **request)))
    return result


async def _until_progress(replies):
    async for message in replies:
        if isinstance(message, Progress) and message.num_done >= 1:
            return


def _alone(folder, **request):
    """Return the piece that the network writes in this process."""
    *_, result = TinyDecoder(folder).decode(make_request("alone", **request))
    assert isinstance(result, Result)
    return encode_piece(result.piece)


def _handle(two_nodes, *, build=None, place_seconds=60.0, setup=None, **changes):
    setup = setup or WorkerSetup(weights_folder="", decoders=TINY)
    settings = two_nodes.settings(**changes)
    limits = ChildLimits(ready_timeout_seconds=60)
    return open_cluster(settings, setup=setup, limits=limits, build=build, place_seconds=place_seconds)[0]


async def test_a_job_on_the_cluster_is_the_job_at_home(two_nodes):
    """Progress comes bar by bar and the piece has the bytes that the network writes without any cluster."""
    async with two_nodes.client() as client:
        progress, result = await _read(client.submit(make_request("1", seed=5, num_bars=6)))
    assert [message.num_done for message in progress] == list(range(6))
    assert result.job_id == "1"
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=5, num_bars=6)


async def test_two_bots_share_workers_and_use_the_same_names_for_jobs(two_nodes):
    """Each gets the answer to its own job, although both call it the same."""
    async with two_nodes.client() as one, two_nodes.client() as other:
        first, second = await asyncio.gather(_result(one, "7", seed=1), _result(other, "7", seed=2))
    assert encode_piece(first.piece) == _alone(two_nodes.folder, seed=1)
    assert encode_piece(second.piece) == _alone(two_nodes.folder, seed=2)


async def test_a_bot_that_fills_the_workers_leaves_the_other_its_turns(two_nodes):
    """With one worker of one lane, a job of another bot enters before the third of the bot that came first."""
    ends = []

    async def note(client, job_id):
        await _result(client, job_id, num_bars=2)
        ends.append(job_id)

    async with (
        two_nodes.client(TUTTI_CLUSTER_CPU_WORKERS=1) as one,
        two_nodes.client(TUTTI_CLUSTER_CPU_WORKERS=1) as other,
    ):
        hold(two_nodes.folder, seed=77, bar=1)
        first = asyncio.create_task(_result(one, "first", seed=77))
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(note(one, f"one {number}"))
            group.create_task(note(other, "other"))
            await asyncio.sleep(0.5)
            let_go(two_nodes.folder, 77)
        await first
    assert "other" in ends[:2]


async def test_a_running_job_is_cancelled_and_its_worker_goes_on(two_nodes):
    """A job that is held at a bar ends when it is cancelled, and the same bot's next job is written."""
    async with two_nodes.client(TUTTI_CLUSTER_CPU_WORKERS=1) as client:
        hold(two_nodes.folder, seed=31, bar=2)
        replies = client.submit(make_request("held", seed=31))
        await _until_progress(replies)
        client.cancel("held")
        with pytest.raises(CancelledJobError):
            await _read(replies)
        assert (await _result(client, "next", num_bars=1)).job_id == "next"
    let_go(two_nodes.folder, 31)


async def test_a_job_that_kills_its_worker_once_is_written_again(two_nodes):
    """The worker's process dies under it; it comes back, and the piece has the same bytes."""
    losses = Losses()
    async with two_nodes.client(metrics=losses) as client:
        result = await _result(client, "1", seed=9, order="die once:trace-1")
    assert losses.num == 1
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=9)


async def test_a_poison_job_of_one_bot_costs_the_other_nothing(two_nodes):
    """It is given up alone; a job of another bot that was aboard is written, with the same bytes."""
    async with (
        two_nodes.client(TUTTI_CLUSTER_CPU_WORKERS=1) as one,
        two_nodes.client(TUTTI_CLUSTER_CPU_WORKERS=1) as other,
    ):
        poison = asyncio.create_task(_result(one, "poison", order="die"))
        results = [await _result(other, f"{number}", seed=number) for number in range(3)]
        with pytest.raises(WorkerLostError):
            await poison
    assert [encode_piece(result.piece) for result in results] == [
        _alone(two_nodes.folder, seed=number) for number in range(3)
    ]


async def test_a_lost_gateway_costs_no_job(two_nodes):
    """The process between bot and cluster is killed in mid-job; another takes over, and the piece has the same bytes."""
    async with two_nodes.client() as client:
        hold(two_nodes.folder, seed=12, bar=2)
        replies = client.submit(make_request("1", seed=12))
        await _until_progress(replies)
        os.kill(client.worker_process_ids[0], signal.SIGKILL)
        let_go(two_nodes.folder, 12)
        _, result = await _read(replies)
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=12)


async def test_a_worker_of_another_version_is_refused_in_a_sentence(two_nodes):
    """The bot's operator reads which versions met, and what to do."""
    handle = _handle(two_nodes, build="0.0.9-12345678")
    with pytest.raises(ConfigurationError, match=r"another version of Tutti .* than the bot \(0\.0\.9-12345678\)"):
        await handle.start()
    await handle.stop(grace_seconds=5)


async def test_a_cluster_without_room_is_named(two_nodes):
    """Two workers ask for a GPU each where there is one: the second's refusal says what there is, and which setting to lower."""
    setup = WorkerSetup(weights_folder="", decoders="tests.inference.cluster.gpu_decoder:load_decoders")
    settings = two_nodes.settings(TUTTI_CLUSTER_GPU_WORKERS=2, TUTTI_CLUSTER_CPU_WORKERS=0, TUTTI_CLUSTER_GROUP="gpus")
    handles = [
        open_cluster(settings, setup=setup, limits=ChildLimits(), place_seconds=seconds)[slot]
        for slot, seconds in enumerate((60.0, 3.0))
    ]
    ready = await handles[0].start()
    assert ready.device == "cuda 0"
    with pytest.raises(
        ConfigurationError, match=r"no room for cuda-worker-1 .* 0 of 1 GPUs free.*TUTTI_CLUSTER_GPU_WORKERS"
    ):
        await handles[1].start()
    for handle in handles:
        await handle.stop(grace_seconds=5)


async def test_weights_that_a_machine_lacks_are_named_with_the_machine(two_nodes):
    """The error of a worker that cannot load comes back as what it is."""
    setup = WorkerSetup(weights_folder="", decoders="tests.inference.tiny_decoder:refuse_to_load")
    handle = _handle(two_nodes, setup=setup, TUTTI_CLUSTER_GROUP="refused")
    with pytest.raises(InferenceError, match=r"On .*: No weights were found"):
        await handle.start()
    await handle.stop(grace_seconds=5)


async def test_no_cluster_is_a_configuration_error_that_says_what_to_do(two_nodes):
    """A bot whose cluster is not there does not start, and names variable, address and command."""
    with pytest.raises(
        ConfigurationError, match=r"TUTTI_INFERENCE: no Ray cluster answers at 127.0.0.1:9 .*ray start --head"
    ):
        async with two_nodes.client(TUTTI_INFERENCE="ray://127.0.0.1:9"):
            pass


async def test_a_node_that_is_killed_in_mid_job_loses_nothing(two_nodes):
    """Two bots have jobs on both nodes when one dies: every job is answered once, with the bytes of a run without a loss."""
    losses = Losses()
    async with two_nodes.client(metrics=losses) as one, two_nodes.client(metrics=losses) as other:
        await _two_ready(one, other)
        for seed in (41, 42):
            hold(two_nodes.folder, seed=seed, bar=2)
        held = [one.submit(make_request("a", seed=41))]
        await _until_progress(held[0])
        await _until(lambda: any(slot.num_other_jobs for slot in other._pool._crew.slots))
        held.append(other.submit(make_request("b", seed=42)))  # and so on the other node
        await _until_progress(held[1])
        two_nodes.node.kill()
        for seed in (41, 42):
            let_go(two_nodes.folder, seed)
        results = [(await _read(replies))[1] for replies in held]
    assert losses.num == 2  # each bot had a worker there
    assert [encode_piece(result.piece) for result in results] == [
        _alone(two_nodes.folder, seed=seed) for seed in (41, 42)
    ]


async def _two_ready(*clients):
    """Wait until each bot has both of its workers."""
    await _until(lambda: all(len(client.worker_process_ids) == 2 for client in clients))


async def _until(is_so):
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - looks at what others change
            await asyncio.sleep(0.05)
