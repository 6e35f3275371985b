"""A tiny torch network behind the real decoder interface, with its weights in a real checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from inference.checkpoint import load_checkpoint, load_weights, save_checkpoint
from inference.decoding.base import Decoder
from inference.protocol import GenerateRequest, Progress, Request, Result, WorkerSetup
from music.piece import Note, Piece, Track

VOCABULARY_HASH = "00" * 32
CONFIG = {"width": 8}


class TinyGRU(torch.nn.Module):
    """Pitch class in, weights of the next out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = torch.nn.GRUCell(12, width)
        self.head = torch.nn.Linear(width, 12)


class GRUDecoder:
    """Serves generate requests, one bar a step."""

    def __init__(self, network: TinyGRU, checkpoint_id: str) -> None:
        self.checkpoint_id = checkpoint_id
        self._network = network

    @torch.inference_mode()
    def decode(self, request: Request) -> Iterator[Progress | Result]:
        assert isinstance(request, GenerateRequest)
        if request.prompt is not None and request.prompt.title == "allocate too much":
            torch.empty(2**50)
        num_bars = request.constraints.num_bars or 4
        generator = torch.Generator().manual_seed(request.seed)
        state, pitch_class = torch.zeros(1, CONFIG["width"]), 0
        notes = []
        for bar in range(num_bars):
            yield Progress(job_id=request.job_id, stage="writing", num_done=bar, num_total=num_bars)
            for beat in range(4):
                state = self._network.cell(torch.eye(12)[pitch_class][None], state)
                weights = self._network.head(state)[0].softmax(0)
                pitch_class = int(torch.multinomial(weights, 1, generator=generator))
                notes.append(Note((bar * 4 + beat) * 480, 60 + pitch_class, 480, 80))
        piece = Piece(tracks=(Track(notes=tuple(notes)),))
        yield Result(job_id=request.job_id, piece=piece, checkpoint_id=self.checkpoint_id, num_events=len(notes))


def save(folder: Path) -> str:
    """Write an untrained checkpoint and return its id."""
    torch.manual_seed(0)
    network = TinyGRU(**CONFIG)
    return save_checkpoint(
        folder,
        model="generator",
        state=network.state_dict(),
        config=CONFIG,
        vocabulary_hash=VOCABULARY_HASH,
        card={"trained": "never"},
    )


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the tiny network from its checkpoint."""
    torch.set_num_threads(1)
    folder = Path(setup.weights_folder, "generator")
    checkpoint = load_checkpoint(folder, model="generator", vocabulary_hash=VOCABULARY_HASH)
    network = TinyGRU(**checkpoint.config)
    load_weights(network, checkpoint)
    return {"generator": GRUDecoder(network.eval(), checkpoint.checkpoint_id)}, setup.device
