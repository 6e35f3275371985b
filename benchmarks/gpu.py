"""The generator on a GPU, when there is one: events a second of one song and of many, and a 16-bar song."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle

import torch

from benchmarks.engines import load_model, make_request, song_inputs
from benchmarks.results import ResultTable, Row
from inference.decoding.generator import GeneratorDecoder
from inference.engines.base import Engine
from inference.engines.choice import build_engine

NUM_LANES = (1, 64)
NUM_STEPS = 200
_NUM_GIVEN_BARS = 16
_NO_GPU = "no GPU here"


def measure(num_repeats: int) -> ResultTable:
    """Measure, or say that there is nothing to measure."""
    if not torch.cuda.is_available():
        names = (*map(_row_name, NUM_LANES), "16-bar reply")
        rows = tuple(Row(name=name, unit="", samples=(), note=_NO_GPU) for name in names)
        return ResultTable(name="gpu", title="GPU", conditions=_NO_GPU, rows=rows)
    model, source = load_model("cuda")
    rows = []
    for num_lanes in NUM_LANES:
        step = _stepper(build_engine("auto", model, num_lanes=num_lanes), num_lanes)
        samples = [num_lanes * _rate(step) for _ in range(num_repeats + 1)][1:]
        note = "body steps of all songs; fields and sampling run on the CPU"
        rows.append(Row(name=_row_name(num_lanes), unit="events/s", samples=tuple(samples), note=note))
    decoder = GeneratorDecoder(model, checkpoint_id="bench", engine=build_engine("auto", model, num_lanes=1))
    seconds = tuple(_write(decoder, seed=number) for number in range(num_repeats + 1))[1:]
    note = "16 new bars after 4 given ones, decoding alone, without sound"
    rows.append(Row(name="16-bar reply", unit="s", samples=seconds, note=note))
    conditions = f"{source} on {torch.cuda.get_device_name()}"
    return ResultTable(name="gpu", title="GPU", conditions=conditions, rows=tuple(rows))


def _row_name(num_lanes: int) -> str:
    return "1 song" if num_lanes == 1 else f"{num_lanes} songs"


@torch.inference_mode()
def _stepper(engine: Engine, num_lanes: int) -> Callable[[], None]:
    inputs = song_inputs(num_given_bars=_NUM_GIVEN_BARS)
    lanes = [engine.open_lane(length=None) for _ in range(num_lanes)]
    for lane in lanes:
        for _ in lane.read(inputs):
            pass
    following = cycle(inputs)

    @torch.inference_mode()
    def step() -> None:
        for lane in lanes:
            lane.push(next(following))
        engine.run()

    return step


def _rate(step: Callable[[], None]) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(NUM_STEPS):
        step()
    torch.cuda.synchronize()
    return NUM_STEPS / (time.perf_counter() - start)


def _write(decoder: GeneratorDecoder, *, seed: int) -> float:
    start = time.perf_counter()
    for _ in decoder.decode(make_request(num_given_bars=4, num_bars=16, seed=seed)):
        pass
    return time.perf_counter() - start
