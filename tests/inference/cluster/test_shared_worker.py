"""One worker that several bots share, called as Ray calls it, with its real child process and without Ray."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from core.errors import CheckpointError
from core.processes import ChildLimits
from inference.cluster.build import build_id
from inference.cluster.letters import Attach, Attached, Parcel, Post, Pull, Refused, decode_from_actor, encode_letter
from inference.cluster.refusals import error_of
from inference.cluster.shared_worker import SharedWorker
from inference.protocol import Cancel, Failure, Result, WorkerSetup, decode_from_worker, encode_message
from tests.inference.cluster.conftest import TINY
from tests.inference.tiny_decoder import hold, let_go, make_request


@pytest.fixture
async def worker(tmp_path, monkeypatch):
    """Return a worker whose weights lie in the test's folder."""
    monkeypatch.setenv("TUTTI_WEIGHTS", str(tmp_path))
    ended = asyncio.Event()
    shared = SharedWorker(end=ended.set)
    shared.ended = ended
    yield shared
    await shared.close()


def _attach(life_id="a", **changes):
    usual = {
        "client_id": life_id,
        "life_id": life_id,
        "setup": WorkerSetup(weights_folder="/nowhere", decoders=TINY, heartbeat_seconds=0.1),
        "limits": ChildLimits(),
        "build": build_id(),
        "checkpoint_ids": {},
        "silence_seconds": 30.0,
        "idle_seconds": 30.0,
    }
    return encode_letter(Attach(**usual | changes))


async def _joined(worker, *lives, **changes):
    for life_id in lives:
        assert isinstance(decode_from_actor(await worker.attach(_attach(life_id, **changes))), Attached)


async def _refusal(worker, **changes):
    answer = decode_from_actor(await worker.attach(_attach(**changes)))
    assert isinstance(answer, Refused)
    return answer


async def _post(worker, life_id, *messages):
    posts = tuple(Post(slot=0, frame=encode_message(message)) for message in messages)
    await worker.post(encode_letter(Parcel(life_id=life_id, posts=posts)))


async def _end_of(worker, life_id):
    """Pull until a job ends, and return its end."""
    while True:
        pulled = decode_from_actor(await worker.pull(encode_letter(Pull(life_id=life_id))))
        assert pulled.loss is None, pulled.loss
        for frame in pulled.frames:
            if isinstance(message := decode_from_worker(frame), Result | Failure):
                return message


@asynccontextmanager
async def _held(folder, seed):
    hold(folder, seed=seed, bar=1)
    yield
    let_go(folder, seed)


async def test_a_bot_with_other_settings_is_refused_and_told_which(worker):
    """Lanes are of the process, so all who share it must agree."""
    await _joined(worker, "a")
    setup = WorkerSetup(weights_folder="/nowhere", decoders=TINY, heartbeat_seconds=0.1, max_running_jobs=2)
    refusal = await _refusal(worker, client_id="b", life_id="b", setup=setup)
    assert refusal.code == "setting"
    assert "TUTTI_LANES" in refusal.message
    assert "TUTTI_CLUSTER_GROUP" in refusal.message


async def test_a_bot_of_another_version_is_refused_in_a_sentence(worker):
    """The bot's operator reads which versions met, and what to do."""
    refusal = await _refusal(worker, build="0.0.9-12345678")
    assert refusal.code == "setting"
    assert f"another version of Tutti ({build_id()}) than the bot (0.0.9-12345678)" in refusal.message


async def test_weights_that_a_machine_lacks_are_named_with_the_machine(worker):
    """The error of a worker that cannot load comes back as what it is."""
    setup = WorkerSetup(weights_folder="/nowhere", decoders="tests.inference.tiny_decoder:refuse_to_load")
    refusal = await _refusal(worker, setup=setup)
    assert isinstance(error_of(refusal), CheckpointError)
    assert f"On {socket.gethostname()}: No weights were found" in refusal.message


async def test_other_weights_are_refused_with_both_names(worker):
    """The sentence names the machine, what it has, and what the bot has."""
    refusal = await _refusal(worker, checkpoint_ids={"generator": "generator-8603e799ba76"})
    assert refusal.code == "checkpoint"
    assert "generator is generator-tiny there and generator-8603e799ba76 here" in refusal.message
    assert "TUTTI_WEIGHTS" in refusal.message


async def test_a_job_that_waits_behind_another_bots_is_cancelled_without_being_begun(worker, tmp_path):
    """Its end comes while the other is still held."""
    await _joined(worker, "a", "b")
    async with _held(tmp_path, 1):
        await _post(worker, "a", make_request("1", seed=1))
        await _post(worker, "b", make_request("1", seed=2))
        await _post(worker, "b", Cancel(job_id="1"))
        assert (await _end_of(worker, "b")).code == "cancelled"
    assert isinstance(await _end_of(worker, "a"), Result)


async def test_a_bot_that_does_not_ask_any_more_is_forgotten_with_its_jobs(worker, tmp_path):
    """Its held job is cancelled, and the other's takes its place."""
    await _joined(worker, "gone", silence_seconds=0.2, idle_seconds=4.0)
    await _joined(worker, "b")
    async with _held(tmp_path, 1):
        await _post(worker, "gone", make_request("1", seed=1))
        await _post(worker, "b", make_request("1", seed=2))
        assert isinstance(await _end_of(worker, "b"), Result)
    gone = decode_from_actor(await worker.pull(encode_letter(Pull(life_id="gone"))))
    assert gone.loss is not None


async def test_a_bot_that_comes_back_ends_what_it_had_left(worker, tmp_path):
    """The same bot in a new life: the job of the old one does not keep the place."""
    await _joined(worker, "a")
    async with _held(tmp_path, 1):
        await _post(worker, "a", make_request("1", seed=1))
        await _joined(worker, "again", client_id="a")
        await _post(worker, "again", make_request("1", seed=2))
        assert isinstance(await _end_of(worker, "again"), Result)


async def test_a_worker_that_nobody_wants_ends_and_gives_its_place_back(worker):
    """When its only bot has left, it waits for another a while and goes."""
    await _joined(worker, "a", idle_seconds=0.4)
    await worker.pull(encode_letter(Pull(life_id="a", is_last=True)))
    async with asyncio.timeout(20):
        await worker.ended.wait()
