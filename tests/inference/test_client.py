"""The bot's door: what goes in comes out as music or as one of our errors. Workers are real processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing

import pytest

from core.errors import (
    CancelledJobError,
    CheckpointError,
    DeviceMemoryError,
    InferenceError,
    InputError,
    JobTimeoutError,
    LimitError,
    WorkerLostError,
)
from inference.protocol import Progress, RemixRequest, Result
from music.codec import encode_piece
from music.piece import Piece
from tests.inference.tiny_decoder import make_request


async def finish(replies) -> Result:
    """Follow a job to its end."""
    async with asyncio.timeout(30):
        last = None
        async for message in replies:
            last = message
    assert isinstance(last, Result)
    return last


async def until_running(replies) -> None:
    """Follow a job to its first progress."""
    async with asyncio.timeout(30):
        assert isinstance(await anext(replies), Progress)


async def test_a_job_reports_each_bar_and_ends_with_its_piece(make_client):
    """Progress comes as real bars, in order, then the result."""
    async with make_client() as client:
        messages = [message async for message in client.submit(make_request("j1", num_bars=3))]

    assert [message.num_done for message in messages[:-1]] == [0, 1, 2]
    assert messages[-1].piece.num_notes == 12
    assert messages[-1].job_id == "j1"


async def test_same_seed_gives_the_same_bytes_on_any_worker(make_client):
    """The result depends on the request alone, not on which worker did it or what it did before."""
    async with make_client(TUTTI_WORKERS=2) as client:
        requests = [make_request(f"j{index}", seed=index % 2) for index in range(6)]
        results = await asyncio.gather(*(finish(client.submit(request)) for request in requests))

    pieces = [encode_piece(result.piece) for result in results]
    assert pieces[0] == pieces[2] == pieces[4] != pieces[1] == pieces[3] == pieces[5]


async def test_loaded_checkpoints_are_known(make_client):
    """Replies and cards name them."""
    async with make_client() as client:
        assert client.checkpoint_ids == {"generator": "generator-tiny"}


@pytest.mark.parametrize(
    ("order", "error", "sentence"),
    [
        ("no music", InputError, "Send one with notes"),
        ("allocate too much", DeviceMemoryError, "Try fewer bars"),
        ("bug", InferenceError, "KeyError"),
    ],
)
async def test_failures_arrive_as_our_errors_and_the_worker_lives_on(make_client, order, error, sentence):
    """Whatever a network raises becomes an error of ours; the same process serves the next job."""
    async with make_client() as client:
        process_ids = client.worker_process_ids
        with pytest.raises(error, match=sentence):
            await finish(client.submit(make_request("bad", order=order)))

        assert await finish(client.submit(make_request("good")))
        assert client.worker_process_ids == process_ids


async def test_a_network_without_weights_is_named(make_client):
    """Asking for a network that is not there says which and what to do."""
    async with make_client() as client:
        with pytest.raises(CheckpointError, match="The remixer has no weights here"):
            await finish(client.submit(RemixRequest(job_id="r", seed=0, piece=Piece())))


async def test_cancelling_a_running_job_frees_its_worker(make_client):
    """The asker hears at once, and the next job runs on the same process long before the cancelled one would have ended."""
    async with make_client() as client:
        process_ids = client.worker_process_ids
        replies = client.submit(make_request("long", num_bars=100_000))
        await until_running(replies)

        assert client.cancel("long")

        with pytest.raises(CancelledJobError):
            await finish(replies)
        assert await finish(client.submit(make_request("next")))
        assert client.worker_process_ids == process_ids
        assert not client.cancel("long")


async def test_cancelling_a_waiting_job_takes_it_out_of_the_queue(make_client):
    """It never runs, and those behind it move up."""
    async with make_client() as client:
        running = client.submit(make_request("running", num_bars=100_000))
        await until_running(running)
        waiting = client.submit(make_request("waiting"))
        behind = client.submit(make_request("behind"))
        assert (client.queue_place("waiting"), client.queue_place("behind")) == (1, 2)

        client.cancel("waiting")

        with pytest.raises(CancelledJobError):
            await finish(waiting)
        assert client.queue_place("behind") == 1
        client.cancel("running")
        assert await finish(behind)


async def test_leaving_the_replies_cancels_the_job(make_client):
    """When nobody reads any more, the worker stops."""
    async with make_client() as client:
        async with aclosing(client.submit(make_request("long", num_bars=100_000))) as replies:
            await until_running(replies)

        assert await finish(client.submit(make_request("next")))


@pytest.mark.parametrize("leave", ["close", "drop", "cancel"])
async def test_replies_never_read_cancel_the_job_too(make_client, leave):
    """Closing, dropping or cancelling before the first read leaves no job behind."""
    async with make_client() as client:
        replies = client.submit(make_request("long", num_bars=100_000))
        if leave == "close":
            await replies.aclose()
        elif leave == "cancel":
            reader = asyncio.ensure_future(anext(replies))
            await asyncio.sleep(0)
            reader.cancel()
            await asyncio.wait({reader})
        del replies

        assert await finish(client.submit(make_request("next")))


async def test_replies_end_after_the_result(make_client):
    """An iterator that is over stays over."""
    async with make_client() as client:
        replies = client.submit(make_request("j", num_bars=1))
        await finish(replies)

        with pytest.raises(StopAsyncIteration):
            await anext(replies)


async def test_a_job_that_takes_too_long_is_ended(make_client):
    """The time limit gives its own error and frees the worker."""
    async with make_client(TUTTI_JOB_TIMEOUT_SECONDS=0.3) as client:
        with pytest.raises(JobTimeoutError, match=r"longer than 0\.3 s"):
            await finish(client.submit(make_request("long", num_bars=100_000)))

        assert await finish(client.submit(make_request("next")))


async def test_a_full_queue_refuses_at_once(make_client):
    """``submit`` itself raises; running jobs do not count."""
    async with make_client(max_queued_jobs=1) as client:
        running = client.submit(make_request("running", num_bars=100_000))
        await until_running(running)
        waiting = client.submit(make_request("waiting"))

        with pytest.raises(LimitError, match="queue is full"):
            client.submit(make_request("refused"))
        await waiting.aclose()


async def test_users_take_turns(make_client):
    """A second user's job overtakes the first user's second."""
    async with make_client() as client:
        order: list[str] = []
        client.add_queue_listener(lambda job_id, place: order.append(job_id) if place == 0 else None)
        jobs = [("a1", 1), ("a2", 1), ("a3", 1), ("b1", 2)]
        replies = [client.submit(make_request(job_id, num_bars=1), user_id=user) for job_id, user in jobs]
        await asyncio.gather(*(finish(reply) for reply in replies))

    assert order == ["a1", "b1", "a2", "a3"]


async def test_places_are_told_as_they_change(make_client):
    """A listener sees a job come nearer and start; after unsubscribing it hears nothing."""
    async with make_client() as client:
        told: list[tuple[str, int]] = []
        forget = client.add_queue_listener(lambda job_id, place: told.append((job_id, place)))
        replies = [client.submit(make_request(job_id, num_bars=1)) for job_id in ("a", "b", "c")]
        await asyncio.gather(*(finish(reply) for reply in replies))
        forget()
        await finish(client.submit(make_request("d", num_bars=1)))

    assert [place for job_id, place in told if job_id == "a"] == [0]
    assert [place for job_id, place in told if job_id == "c"] == [2, 1, 0]
    assert not [place for job_id, place in told if job_id == "d"]


async def test_a_wait_is_estimated_from_past_jobs(make_client):
    """An estimate exists as long as the job does."""
    async with make_client() as client:
        running = client.submit(make_request("running", num_bars=100_000))
        waiting = client.submit(make_request("waiting"))
        await until_running(running)

        assert client.estimate_wait_seconds("waiting") > 0
        assert client.estimate_wait_seconds("running") == 0
        client.cancel("running")
        await finish(waiting)
        assert client.estimate_wait_seconds("waiting") is None


async def test_an_end_is_foretold_once_something_like_it_was_measured(make_client):
    """Not before; jobs of an earlier run count, and the wait is part of it."""
    async with make_client() as client:
        running = client.submit(make_request("running", num_bars=100_000))
        waiting = client.submit(make_request("waiting", num_bars=8))
        assert client.estimate_end_seconds("waiting") is None
        assert client.estimate_work_seconds("generate", num_bars=8) is None

        client.recall_job("generate", seconds=4.0, num_bars=8)

        assert client.estimate_work_seconds("generate", num_bars=16) == pytest.approx(8)
        assert client.estimate_end_seconds("waiting") > client.estimate_wait_seconds("waiting")
        await running.aclose()
        await waiting.aclose()


async def test_one_id_cannot_be_two_jobs(make_client):
    """A doubled id is our own mistake and is refused before it can mix replies."""
    async with make_client() as client:
        first = client.submit(make_request("j", num_bars=100_000))
        with pytest.raises(ValueError, match="already on its way"):
            client.submit(make_request("j"))
        await first.aclose()


@pytest.mark.parametrize(
    ("decoders", "error", "sentence"),
    [
        ("refuse_to_load", CheckpointError, "No weights were found"),
        ("die_while_loading", WorkerLostError, "did not start"),
        ("no_such_function", InferenceError, "no_such_function"),
    ],
)
async def test_workers_that_cannot_start_stop_the_start(make_client, decoders, error, sentence):
    """Entering the client raises the worker's own sentence, so that start-up ends with it."""
    with pytest.raises(error, match=sentence):
        async with make_client(decoders, TUTTI_WORKERS=2):
            pass


async def test_a_worker_killed_while_it_loads_is_started_again(make_client):
    """The first one of all may be hit, too, and the bot still comes up; it found no fault with its weights."""
    async with make_client("be_killed_at_first") as client:
        assert (await finish(client.submit(make_request("j")))).piece is not None


def test_the_door_brings_no_torch():
    """The bot's process loads client and pool without torch or numpy."""
    code = "import inference.client, inference.pool, sys; print({'torch', 'numpy', 'discord'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "set()"
