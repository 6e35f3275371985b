"""The runner loads what is there, hands requests to the right network, and turns foreign errors into ours."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from core.errors import CheckpointError, ConfigurationError, DeviceMemoryError, InferenceError, InputError, NoMusicError
from inference.protocol import HarmonizeRequest, Progress, RemixRequest, Result, WorkerSetup
from inference.runner import ModelRunner, load_decoders
from music.codec import encode_piece
from music.piece import Piece
from tests.inference import torch_decoder
from tests.inference.test_client import finish
from tests.inference.tiny_decoder import make_request


class _Singer:
    """A decoder of few words: it yields its name, or raises."""

    def __init__(self, name: str, error: BaseException | None = None) -> None:
        self.checkpoint_id = name
        self.num_requests = 0
        self._error = error

    def decode(self, request):
        self.num_requests += 1
        yield Progress(job_id=request.job_id, stage="singing", num_done=0, num_total=1)
        if self._error is not None:
            raise self._error
        yield Result(job_id=request.job_id, piece=Piece(), checkpoint_id=self.checkpoint_id)


def _requests():
    return {
        "generator": make_request("g"),
        "remixer": RemixRequest(job_id="r", seed=0, piece=Piece()),
        "harmonizer": HarmonizeRequest(job_id="h", seed=0, piece=Piece()),
    }


@pytest.mark.parametrize("name", ["generator", "remixer", "harmonizer"])
def test_each_request_goes_to_its_network(name):
    """The type of a request decides who serves it."""
    runner = ModelRunner({each: _Singer(each) for each in _requests()}, device="cpu")

    *_, result = runner.run(_requests()[name])

    assert result.checkpoint_id == name


def test_warm_up_runs_every_network_once():
    """So the first user does not wait for it; a network that refuses the tiny request is no obstacle."""
    singers = {name: _Singer(name) for name in ("generator", "remixer")}
    singers["harmonizer"] = _Singer("harmonizer", NoMusicError("Too little."))

    ModelRunner(singers, device="cpu").warm_up()

    assert [singer.num_requests for singer in singers.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (MemoryError(), DeviceMemoryError),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
            DeviceMemoryError,
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."), DeviceMemoryError),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), InferenceError),
        (IndexError("index out of range in self"), InferenceError),
        (InputError("Send something else."), InputError),
    ],
)
def test_foreign_errors_become_ours(foreign, ours):
    """Memory is told apart from the rest; our own errors pass; the cause is kept."""
    runner = ModelRunner({"generator": _Singer("g", foreign)}, device="cpu")

    with pytest.raises(ours) as caught:
        list(runner.run(make_request("j")))

    assert type(caught.value) is ours
    assert caught.value is foreign or caught.value.__cause__ is foreign


def test_closing_the_replies_closes_the_network():
    """Cancelling reaches the decoder's own ``finally``."""
    closed = []

    class Listener(_Singer):
        def decode(self, request):
            try:
                yield from super().decode(request)
            finally:
                closed.append(request.job_id)

    replies = ModelRunner({"generator": Listener("g")}, device="cpu").run(make_request("j"))
    next(replies)
    replies.close()

    assert closed == ["j"]


def test_empty_weights_folder_says_what_to_do(tmp_path):
    """No network at all is an error; its sentence names the folder and the setting."""
    with pytest.raises(CheckpointError, match="TUTTI_WEIGHTS"):
        load_decoders(WorkerSetup(weights_folder=str(tmp_path), device="cpu"))


def test_unknown_device_is_refused(tmp_path):
    """The device is checked before any weights."""
    with pytest.raises(ConfigurationError, match="TUTTI_DEVICE"):
        load_decoders(WorkerSetup(weights_folder=str(tmp_path), device="abacus"))


def test_real_checkpoint_runs_in_this_process(tmp_path):
    """A saved torch network is loaded, warmed up and runs; its id is that of the checkpoint."""
    checkpoint_id = torch_decoder.save(tmp_path / "generator")

    runner = ModelRunner.load(
        WorkerSetup(weights_folder=str(tmp_path), device="cpu", decoders="tests.inference.torch_decoder:load_decoders")
    )

    assert runner.checkpoint_ids == {"generator": checkpoint_id}
    assert runner.load_seconds > 0
    *_, result = runner.run(make_request("j"))
    assert result.piece.num_notes == 16


async def test_torch_worker_survives_want_of_memory_and_death(tmp_path, make_client):
    """The real thing once: torch in a spawned worker. Too large a tensor is an error, ``kill -9`` is none, bytes are equal."""
    torch_decoder.save(tmp_path / "generator")
    async with make_client("tests.inference.torch_decoder:load_decoders") as client:
        (process_id,) = client.worker_process_ids
        with pytest.raises(DeviceMemoryError):
            await finish(client.submit(make_request("huge", order="allocate too much")))
        expected = await finish(client.submit(make_request("undisturbed", seed=3, num_bars=1500)))
        assert client.worker_process_ids == [process_id]

        replies = client.submit(make_request("j", seed=3, num_bars=1500))
        async with asyncio.timeout(30):
            await anext(replies)
        os.kill(process_id, signal.SIGKILL)
        result = await finish(replies)
        assert client.worker_process_ids != [process_id]

    assert encode_piece(result.piece) == encode_piece(expected.piece)


async def test_damaged_weights_stop_the_start(tmp_path, make_client):
    """A worker says in one sentence why it cannot load, and the client raises it."""
    torch_decoder.save(tmp_path / "generator")
    (tmp_path / "generator" / "model.safetensors").write_bytes(b"noise")

    with pytest.raises(CheckpointError, match="damaged"):
        async with make_client("tests.inference.torch_decoder:load_decoders"):
            pass
