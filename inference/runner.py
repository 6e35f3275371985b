"""Runs the networks of one worker: loads them, warms them up, hands each request to its own. It knows nothing of pipes and queues.

Exceptions of torch, numpy and Python's own become errors of ours here and nowhere else. torch itself is imported only when a
network that needs it is loaded.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, cast

from core.errors import CheckpointError, DeviceMemoryError, InferenceError, InputError, TuttiError
from inference.decoding.base import Decoder
from inference.protocol import (
    DescribeRequest,
    FinishedBars,
    GenerateRequest,
    HarmonizeRequest,
    Progress,
    RemixRequest,
    Request,
    Result,
    WorkerSetup,
)
from music.constraints import Constraints
from music.piece import Note, Piece, Track

DECODERS: dict[str, str] = {
    "generator": "inference.decoding.generator:GeneratorDecoder",
    "remixer": "inference.decoding.remixer:RemixerDecoder",
    "harmonizer": "inference.decoding.harmonizer:HarmonizerDecoder",
}
"""Where each network's decoder lives; its weights lie in the folder of the same name."""

MODEL_OF_REQUEST: dict[type[Request], str] = {
    GenerateRequest: "generator",
    RemixRequest: "remixer",
    HarmonizeRequest: "harmonizer",
    DescribeRequest: "remixer",
}

_OUT_OF_MEMORY_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")


class ModelRunner:
    """The networks that are loaded, by name, and where they compute."""

    def __init__(self, decoders: Mapping[str, Decoder], *, device: str) -> None:
        self.decoders = dict(decoders)
        lanes = (getattr(decoder, "run_lanes", None) for decoder in self.decoders.values())
        self._lanes: list[Callable[[], None]] = [run for run in lanes if run is not None]
        self.device = device
        self.load_seconds = 0.0

    @classmethod
    def load(cls, setup: WorkerSetup) -> Self:
        """Load every network whose weights are there, and warm each up on a tiny request.

        Raises:
            InferenceError: when there is none, or one cannot be loaded; the sentence says what to do.
        """
        start_seconds = time.perf_counter()
        with _our_errors():
            decoders, device = _find(setup.decoders)(setup)
        runner = cls(decoders, device=device)
        runner.warm_up()
        runner.load_seconds = time.perf_counter() - start_seconds
        return runner

    @property
    def checkpoint_ids(self) -> dict[str, str]:
        return {name: decoder.checkpoint_id for name, decoder in self.decoders.items()}

    def run(self, request: Request) -> Iterator[Progress | FinishedBars | Result]:
        """Yield what the request's network yields, alone; closing the iterator cancels the request.

        Raises:
            InputError: for a request that the network cannot serve.
            InferenceError: for everything else that goes wrong.
        """
        for message in self.run_in_lane(request):
            if message is None:
                self.run_lanes()
            else:
                yield message

    def run_in_lane(self, request: Request) -> Iterator[Progress | FinishedBars | Result | None]:
        """Yield as ``run`` does, and ``None`` wherever the request waits for ``run_lanes``."""
        name = MODEL_OF_REQUEST[type(request)]
        decoder = self.decoders.get(name)
        if decoder is None:
            raise CheckpointError(
                f"The {name} has no weights here. Train it, or point TUTTI_WEIGHTS to a folder that has them.",
                job_id=request.job_id,
            )
        in_lane = getattr(decoder, "decode_in_lane", None)
        with _our_errors(request.job_id):
            yield from decoder.decode(request) if in_lane is None else in_lane(request)

    def run_lanes(self) -> None:
        """Let every request that waits for a network take its step; costs nothing when none waits.

        Raises:
            InferenceError: when the step fails, for all of them.
        """
        with _our_errors():
            for run in self._lanes:
                run()

    def warm_up(self) -> None:
        """Run a tiny request through each network, so that the first user does not wait for caches and kernels."""
        for request in _warm_up_requests():
            if MODEL_OF_REQUEST[type(request)] in self.decoders:
                # A network may find a request this small not worth its while; only what breaks later matters here.
                with suppress(InputError):
                    for _ in self.run(request):
                        pass

    def measure_device_memory(self) -> int:
        """Return the bytes that this process holds on a GPU; 0 without one."""
        if self.device == "cpu":
            return 0
        import torch

        from inference.device import measure_device_memory

        return measure_device_memory(torch.device(self.device))


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the networks whose weights are there and return them with the device they are on.

    Raises:
        CheckpointError: when there are no weights at all, or some do not fit.
        ConfigurationError: for a device that is not there.
    """
    return _load(DECODERS, setup)


def load_remixer(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the remixer alone, which also describes; for a process that does nothing else.

    Raises:
        CheckpointError: when it is not there or does not fit.
        ConfigurationError: for a device that is not there.
    """
    return _load({"remixer": DECODERS["remixer"]}, setup)


def _load(places: Mapping[str, str], setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    from inference.checkpoint import CARD_NAME
    from inference.device import choose_device, prepare_threads

    prepare_threads()
    choice = choose_device(setup.device)
    weights_folder = Path(setup.weights_folder)
    decoders: dict[str, Decoder] = {}
    for name, place in places.items():
        folder = weights_folder / name
        if (folder / CARD_NAME).exists():
            lanes = {"engine": setup.engine, "num_lanes": setup.max_running_jobs} if name == "generator" else {}
            decoders[name] = _find(place).load(folder, choice.device, **lanes)
    if not decoders:
        raise CheckpointError(
            f"No weights were found: {weights_folder} has no {' or '.join(places)} with a {CARD_NAME}. "
            "Point TUTTI_WEIGHTS to the weights folder, or train the networks."
        )
    return decoders, str(choice.device)


@contextmanager
def _our_errors(job_id: str = "") -> Generator[None]:
    """Turn exceptions from below into ours."""
    try:
        yield
    except TuttiError:
        raise
    except Exception as error:
        if _is_out_of_memory(error):
            _release_device_memory()
            raise DeviceMemoryError(
                "There was not enough memory for this piece. Try fewer bars or tracks.", job_id=job_id
            ) from error
        raise InferenceError(f"{type(error).__name__}: {error}", job_id=job_id) from error


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, torch on the CPU (a RuntimeError) or torch on a GPU (its own class, also a RuntimeError) lacked memory."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _OUT_OF_MEMORY_SIGNS)


def _release_device_memory() -> None:
    # Only when some network brought torch along; an engine without it must not load it just to fail.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _find(place: str) -> Any:
    module_name, _, name = place.partition(":")
    return getattr(importlib.import_module(module_name), name)


def _warm_up_requests() -> tuple[Request, ...]:
    melody = Track(notes=tuple(Note(480 * beat, 60 + beat % 5, 480, 80) for beat in range(8)))
    piece = Piece(tracks=(melody,))
    constraints = Constraints(num_bars=1)
    return cast(
        "tuple[Request, ...]",
        (
            GenerateRequest(job_id="warm-up", seed=0, constraints=constraints),
            RemixRequest(job_id="warm-up", seed=0, piece=piece),
            HarmonizeRequest(job_id="warm-up", seed=0, piece=piece),
        ),
    )
