"""The engines and the network that benchmarks run, by name; the network's inputs for a song. It measures nothing."""

from __future__ import annotations

import torch

from benchmarks.songs import make_band
from core.settings import Settings
from inference.checkpoint import CARD_NAME
from inference.decoding.generator import GeneratorDecoder, make_plan
from inference.engines.base import Engine
from inference.engines.choice import ENGINE_NAMES, build_engine
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.protocol import Controls, GenerateRequest
from music.constraints import Constraints
from music.tokenizers.tracker import EventTracker
from music.vocabulary import Kind, make_event

REFERENCE = "reference"
_SEED = 3


def engine_names(device: torch.device) -> tuple[str, ...]:
    """Return the engines that run on a device, the reference first."""
    if device.type == "cpu":
        return tuple(name for name in ENGINE_NAMES if name == REFERENCE or name.startswith("compiled"))
    return tuple(name for name in ENGINE_NAMES if name in (REFERENCE, "graph"))


def open_engines(model: Generator, *, num_lanes: int = 1) -> dict[str, Engine]:
    """Return every engine that runs where the network is, each with that network, the reference first."""
    names = engine_names(model.body.embedding.device)
    return {name: build_engine(name, model, num_lanes=num_lanes) for name in names}


def load_model(device: str = "cpu") -> tuple[Generator, str]:
    """Return the shipped generator and its name; without weights one of the same size, whose speed is the same."""
    folder = Settings().inference.weights_folder / "generator"
    if (folder / CARD_NAME).exists():
        decoder = GeneratorDecoder.load(folder, torch.device(device), engine=REFERENCE)
        return decoder.model, decoder.checkpoint_id
    torch.manual_seed(_SEED)
    return Generator(generator_config("cpu")).eval().to(device), "untrained (no weights found)"


def make_request(*, num_given_bars: int, num_bars: int, seed: int = _SEED) -> GenerateRequest:
    """Return a request to go on from a song of four tracks, about 35 events a bar."""
    return GenerateRequest(
        job_id="bench",
        seed=seed,
        constraints=Constraints(num_bars=num_bars),
        controls=Controls(genre="rock"),
        prompt=make_band(num_bars=num_given_bars),
    )


def song_inputs(*, num_given_bars: int) -> list[list[int]]:
    """Return what the network is given for each event of a song, as rows of ids."""
    plan, _ = make_plan(make_request(num_given_bars=num_given_bars, num_bars=8))
    tracker = EventTracker()
    rows = [make_event(Kind.CONTROL, *plan.controls)]
    rows += [make_event(Kind.TRACK, *part) for part in plan.given_parts]
    inputs: list[list[int]] = []
    for row in (*rows, *plan.given_rows):
        tracker.push(row)
        inputs.append([*row, *tracker.context()])
    return inputs
