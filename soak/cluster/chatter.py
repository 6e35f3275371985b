"""A network that does nothing but talk, to measure the way of messages alone. It knows nothing of music."""

from __future__ import annotations

from collections.abc import Iterator

from inference.decoding.base import Decoder
from inference.protocol import GenerateRequest, Progress, Request, Result, WorkerSetup
from music.piece import Piece


class ChatterDecoder:
    """Serves generate requests with as many progress messages as bars are asked for, as fast as they go."""

    checkpoint_id = "generator-chatter"

    def decode(self, request: Request) -> Iterator[Progress | Result]:
        """Yield progress, then an empty piece."""
        assert isinstance(request, GenerateRequest)
        num_bars = request.constraints.num_bars or 1
        for bar in range(num_bars):
            yield Progress(job_id=request.job_id, stage="writing", num_done=bar, num_total=num_bars)
        yield Result(job_id=request.job_id, piece=Piece(), checkpoint_id=self.checkpoint_id)


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Return the chatterer as the generator."""
    del setup
    return {"generator": ChatterDecoder()}, "cpu"
