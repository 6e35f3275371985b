"""A tiny recurrent network in plain Python behind the real decoder interface, for tests of workers and pools.

It writes one bar per step, slowly enough to be killed in mid-job, and its notes depend on the seed alone. The title of the prompt may
ask for one misfortune, so that tests can see a worker die, hang, or run out of memory for real.
"""

from __future__ import annotations

import math
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import CheckpointError, NoMusicError
from inference.decoding.base import Decoder
from inference.protocol import GenerateRequest, Progress, Request, Result, WorkerSetup
from music.constraints import Constraints
from music.piece import Note, Piece, Track
from tests.core.fraying import fray_heap

WIDTH = 8
SECONDS_PER_BAR = 0.02


class TinyNetwork:
    """A recurrent cell with fixed weights: ``state = tanh(A state + B note)``, ``logits = C state``."""

    def __init__(self) -> None:
        weights = random.Random(0)
        self.recurrent = [[weights.gauss(0, 0.6) for _ in range(WIDTH)] for _ in range(WIDTH)]
        self.inner = [weights.gauss(0, 1) for _ in range(WIDTH)]
        self.outer = [[weights.gauss(0, 2) for _ in range(WIDTH)] for _ in range(12)]

    def step(self, state: list[float], pitch_class: int) -> tuple[list[float], list[float]]:
        """Return the next state and the weights of the twelve pitch classes."""
        state = [
            math.tanh(sum(a * b for a, b in zip(row, state, strict=True)) + drive * (pitch_class / 6 - 1))
            for row, drive in zip(self.recurrent, self.inner, strict=True)
        ]
        return state, [math.exp(sum(a * b for a, b in zip(row, state, strict=True))) for row in self.outer]


class TinyDecoder:
    """Serves generate requests."""

    def __init__(self, folder: Path) -> None:
        self.checkpoint_id = "generator-tiny"
        self._network = TinyNetwork()
        self._folder = folder
        self._pins: list[bytes] = []

    def decode(self, request: Request) -> Iterator[Progress | Result]:
        assert isinstance(request, GenerateRequest)
        num_bars = request.constraints.num_bars or 4
        order = request.prompt.title if request.prompt else ""
        randomness = random.Random(request.seed)
        state, pitch_class = [0.0] * WIDTH, 0
        notes: list[Note] = []
        for bar in range(num_bars):
            progress = Progress(job_id=request.job_id, stage="writing", num_done=bar, num_total=num_bars)
            yield progress
            while self._is_held(request.seed, bar):
                time.sleep(SECONDS_PER_BAR)
                yield progress
            if bar == num_bars // 2:
                self._suffer(order)
            for beat in range(4):
                state, weights = self._network.step(state, pitch_class)
                pitch_class = randomness.choices(range(12), weights)[0]
                notes.append(Note((bar * 4 + beat) * 480, 60 + pitch_class, 480, 80))
            time.sleep(SECONDS_PER_BAR)
        yield Result(
            job_id=request.job_id,
            piece=Piece(tracks=(Track(notes=tuple(notes)),)),
            checkpoint_id=self.checkpoint_id,
            num_events=len(notes),
        )

    def _is_held(self, seed: int, bar: int) -> bool:
        try:
            return _hold_file(self._folder, seed).read_text() == str(bar)
        except FileNotFoundError:
            return False

    def _suffer(self, order: str) -> None:
        """Carry out the misfortune that the prompt's title asks for."""
        match order.split(":"):
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["die once", name]:
                if not (self._folder / name).exists():
                    (self._folder / name).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["allocate", megabytes]:
                hoard = bytearray(int(megabytes) * 2**20)
                hoard[::4096] = b"x" * len(hoard[::4096])
                time.sleep(3)
            case ["fray", megabytes]:
                self._pins += fray_heap(int(megabytes) * 2**20)
            case ["allocate too much"]:
                bytearray(2**60)
            case ["no music"]:
                raise NoMusicError("There is no music in this piece. Send one with notes.")
            case ["bug"]:
                raise KeyError("a mistake of ours")
            case _:
                pass


def hold(folder: Path, *, seed: int, bar: int) -> None:
    """Let a job with this seed wait before it writes a bar (from 0) until it is let go; it can be cancelled there."""
    _hold_file(folder, seed).write_text(str(bar))


def let_go(folder: Path, seed: int) -> None:
    """Let a held job go on."""
    _hold_file(folder, seed).unlink()


def _hold_file(folder: Path, seed: int) -> Path:
    return folder / f"hold-{seed}"


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the tiny network; the weights' folder is where it may leave traces."""
    return {"generator": TinyDecoder(Path(setup.weights_folder))}, "cpu"


def refuse_to_load(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Fail as missing weights do."""
    raise CheckpointError(f"No weights were found: {setup.weights_folder} is empty.")


def die_while_loading(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Fail as a broken library does."""
    print("libpiano.so: cannot open shared object file", flush=True)
    os._exit(3)


def be_killed_at_first(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Vanish without a word while loading for the first time, as somebody's `kill -9` or the kernel has it."""
    tried = Path(setup.weights_folder, "tried")
    if not tried.exists():
        tried.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return load_decoders(setup)


def load_once(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the first time only, as when weights are deleted under a running bot."""
    loaded = Path(setup.weights_folder, "loaded")
    if loaded.exists():
        raise CheckpointError("The weights are gone.")
    loaded.touch()
    return load_decoders(setup)


def make_request(job_id: str, *, seed: int = 1, num_bars: int = 4, order: str = "") -> GenerateRequest:
    """Return a request for the tiny network."""
    prompt = Piece(title=order) if order else None
    return GenerateRequest(job_id=job_id, seed=seed, constraints=Constraints(num_bars=num_bars), prompt=prompt)
