"""The acceptance of supervision: a killed worker changes no byte of a reply, with tiny networks and with those that ship."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import pytest_asyncio

from core.settings import InferenceSettings
from inference.client import InferenceClient
from inference.protocol import GenerateRequest, HarmonizeRequest, Progress, RemixRequest, Request
from music.constraints import Constraints
from music.midi import write_midi
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from tests.factories.tiny_weights import save_tiny_weights

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
MELODY = Piece(
    tracks=(Track(notes=tuple(Note(480 * beat, 62 + (beat * 5) % 9, 480, 80) for beat in range(16)), program=40),)
)
BAND = Constraints(num_bars=2, tempo_bpm=110.0, instruments=(0, 33, DRUM_PROGRAM))

pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module", params=["tiny", pytest.param("shipped", marks=pytest.mark.slow)])
def weights(request, tmp_path_factory) -> Path:
    """A folder with weights of all networks."""
    if request.param == "shipped":
        return WEIGHTS
    folder = tmp_path_factory.mktemp("weights")
    save_tiny_weights(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(weights):
    """One worker with all networks."""
    settings = InferenceSettings(TUTTI_WEIGHTS=weights, TUTTI_DEVICE="cpu", TUTTI_WORKERS=1)
    async with InferenceClient(settings, drain_seconds=0) as running:
        yield running


async def _midi(client: InferenceClient, request: Request, *, kill_after: int | None = None) -> bytes:
    """Return the MIDI of a reply; kill the worker after so many messages of progress."""
    num_seen = 0
    async for message in client.submit(request):
        if not isinstance(message, Progress):
            return write_midi(message.piece)
        num_seen += 1
        if num_seen == kill_after:
            os.kill(client.worker_process_ids[0], signal.SIGKILL)
    raise AssertionError("no result")


@pytest.mark.parametrize(
    ("model", "kind", "wishes"),
    [
        ("generator", GenerateRequest, {"constraints": BAND}),
        ("remixer", RemixRequest, {"piece": MELODY, "change": "pitch"}),
        ("harmonizer", HarmonizeRequest, {"piece": MELODY, "style": "chorale"}),
    ],
)
async def test_killed_in_mid_job_gives_the_same_midi(client, weights, model, kind, wishes):
    """``kill -9`` during the second step of the network: the reply is that of an undisturbed run, byte for byte."""
    assert (weights / model).is_dir(), "the weights are part of the repository"
    undisturbed = await _midi(client, kind(job_id=f"{model}-1", seed=7, **wishes))

    killed = await _midi(client, kind(job_id=f"{model}-2", seed=7, **wishes), kill_after=2)
    another_seed = await _midi(client, kind(job_id=f"{model}-3", seed=8, **wishes))

    assert killed == undisturbed != another_seed
