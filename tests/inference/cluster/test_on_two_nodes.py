"""Bots on a real cluster of two nodes: what they write, whom they share workers with, and what a loss costs. The last test kills."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
import pytest_asyncio

from core.errors import CancelledJobError, ConfigurationError, WorkerLostError
from core.metrics import NullMetrics
from core.processes import ChildLimits
from inference.cluster.opening import open_cluster
from inference.protocol import Progress, Result, WorkerSetup
from music.codec import encode_piece
from tests.inference.tiny_decoder import TinyDecoder, hold, let_go, make_request

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bots(two_nodes):
    """Return two bots that share one worker of one lane, and what counts their losses."""
    losses = Losses()
    changes = {"TUTTI_CLUSTER_CPU_WORKERS": 1, "metrics": losses}
    async with two_nodes.client(**changes) as one, two_nodes.client(**changes) as other:
        yield one, other, losses


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


async def test_a_job_on_the_cluster_is_the_job_at_home(two_nodes, bots):
    """Progress comes bar by bar and the piece has the bytes that the network writes without any cluster."""
    progress, result = await _read(bots[0].submit(make_request("1", seed=5, num_bars=6)))
    assert [message.num_done for message in progress] == list(range(6))
    assert result.job_id == "1"
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=5, num_bars=6)


async def test_two_bots_share_a_worker_and_use_the_same_names_for_jobs(two_nodes, bots):
    """Each gets the answer to its own job, although both call it the same."""
    one, other, _ = bots
    first, second = await asyncio.gather(_result(one, "7", seed=1), _result(other, "7", seed=2))
    assert encode_piece(first.piece) == _alone(two_nodes.folder, seed=1)
    assert encode_piece(second.piece) == _alone(two_nodes.folder, seed=2)


async def test_a_bot_that_fills_the_worker_leaves_the_other_its_turns(two_nodes, bots):
    """A job of another bot enters the one lane before the second of the bot that came first."""
    one, other, _ = bots
    ends = []

    async def note(client, job_id):
        await _result(client, job_id, num_bars=2)
        ends.append(job_id)

    hold(two_nodes.folder, seed=77, bar=1)
    async with asyncio.TaskGroup() as group:
        group.create_task(_result(one, "first", seed=77))
        for number in range(3):
            group.create_task(note(one, f"one {number}"))
        await _until(lambda: _company(other) == 1)
        group.create_task(note(other, "other"))
        await _until(lambda: _company(one) == 1)
        let_go(two_nodes.folder, 77)
    assert ends[0] == "other"


async def test_a_running_job_is_cancelled_and_its_worker_goes_on(two_nodes, bots):
    """A job that is held at a bar ends when it is cancelled, and the same bot's next job is written."""
    client = bots[0]
    hold(two_nodes.folder, seed=31, bar=2)
    replies = client.submit(make_request("held", seed=31))
    await _until_progress(replies)
    client.cancel("held")
    with pytest.raises(CancelledJobError):
        await _read(replies)
    assert (await _result(client, "next", num_bars=1)).job_id == "next"
    let_go(two_nodes.folder, 31)


async def test_a_job_that_kills_its_worker_once_is_written_again(two_nodes, bots):
    """The worker's process dies under it and is missed by both bots; it comes back, and the piece has the same bytes."""
    one, _, losses = bots
    before = losses.num
    result = await _result(one, "1", seed=9, order="die once:trace-1")
    await _until(lambda: losses.num == before + 2)
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=9)


async def test_a_poison_job_of_one_bot_costs_the_other_nothing(two_nodes, bots):
    """It is given up alone; jobs of another bot that waited beside it are written, with the same bytes."""
    one, other, _ = bots
    poison = asyncio.create_task(_result(one, "poison", order="die"))
    results = [await _result(other, f"{number}", seed=number) for number in range(3)]
    with pytest.raises(WorkerLostError):
        await poison
    assert [encode_piece(result.piece) for result in results] == [
        _alone(two_nodes.folder, seed=number) for number in range(3)
    ]


async def test_a_lost_gateway_costs_no_job(two_nodes, bots):
    """The process between bot and cluster is killed in mid-job; another takes over, and the piece has the same bytes."""
    client = bots[0]
    hold(two_nodes.folder, seed=12, bar=2)
    replies = client.submit(make_request("1", seed=12))
    await _until_progress(replies)
    os.kill(client.worker_process_ids[0], signal.SIGKILL)
    let_go(two_nodes.folder, 12)
    _, result = await _read(replies)
    assert encode_piece(result.piece) == _alone(two_nodes.folder, seed=12)


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
        await _until(lambda: _company(other) == 1)
        held.append(other.submit(make_request("b", seed=42)))  # and so on the other node
        await _until_progress(held[1])
        two_nodes.node.kill()
        for seed in (41, 42):
            let_go(two_nodes.folder, seed)
        results = [(await _read(replies))[1] for replies in held]
        await _until(lambda: losses.num == 2)  # each bot had a worker there
    assert [encode_piece(result.piece) for result in results] == [
        _alone(two_nodes.folder, seed=seed) for seed in (41, 42)
    ]


async def _two_ready(*clients):
    """Wait until each bot has both of its workers."""
    await _until(lambda: all(len(client.worker_process_ids) == 2 for client in clients))


def _company(client):
    """Return how many jobs of other bots a bot knows of."""
    return sum(slot.num_other_jobs for slot in client._pool._crew.slots)


async def _until(is_so):
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - looks at what others change
            await asyncio.sleep(0.05)
