"""Small networks in plain Python for every kind of request, so that a soak run in the tests starts its workers in no time."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

from inference.decoding.base import Decoder
from inference.protocol import (
    DescribeRequest,
    GenreChance,
    HarmonizeRequest,
    Progress,
    RemixRequest,
    Result,
    WorkerSetup,
)
from tests.inference.tiny_decoder import SECONDS_PER_BAR, TinyDecoder

_NUM_PASSES = 4


class TinyRemixer:
    """Moves every note by what the seed says, over several passes; describes everything as folk."""

    checkpoint_id = "remixer-tiny"

    def decode(self, request):
        assert isinstance(request, RemixRequest | DescribeRequest)
        for number in range(_NUM_PASSES):
            yield Progress(job_id=request.job_id, stage="writing", num_done=number, num_total=_NUM_PASSES, unit="pass")
            time.sleep(SECONDS_PER_BAR)
        if isinstance(request, DescribeRequest):
            genres = (GenreChance(genre="folk", chance=1.0),)
            yield Result(job_id=request.job_id, piece=request.piece, checkpoint_id=self.checkpoint_id, genres=genres)
            return
        yield Result(job_id=request.job_id, piece=_moved(request.piece, request.seed), checkpoint_id=self.checkpoint_id)


class TinyHarmonizer:
    """Adds a second voice that depends on the seed."""

    checkpoint_id = "harmonizer-tiny"

    def decode(self, request):
        assert isinstance(request, HarmonizeRequest)
        for bar in range(_NUM_PASSES):
            yield Progress(job_id=request.job_id, stage="writing", num_done=bar, num_total=_NUM_PASSES)
            time.sleep(SECONDS_PER_BAR)
        tracks = request.piece.tracks + _moved(request.piece, request.seed).tracks[:1]
        yield Result(
            job_id=request.job_id, piece=replace(request.piece, tracks=tracks), checkpoint_id=self.checkpoint_id
        )


def _moved(piece, seed):
    randomness = random.Random(seed)
    return replace(
        piece,
        tracks=tuple(
            replace(
                track, notes=tuple(note._replace(pitch=note.pitch - randomness.randrange(5)) for note in track.notes)
            )
            for track in piece.tracks
        ),
    )


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load nothing."""
    decoders: dict[str, Decoder] = {
        "generator": TinyDecoder(Path(setup.weights_folder)),
        "remixer": TinyRemixer(),
        "harmonizer": TinyHarmonizer(),
    }
    return decoders, "cpu"
