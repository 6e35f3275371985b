"""One step of the generator's body: our engines against each other, against x-transformers, and against memory itself.

Everybody takes turns, a round of steps each, so that a ratio compares what happened within a second of the same run. The roofline
is what a step must read (weights of the blocks, keys, values and projected distances of a full memory) over the rate at which one
thread reads a working set of just that size.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.engines import REFERENCE, load_model, open_engines, song_inputs
from benchmarks.peers import XLPeer
from benchmarks.results import ResultTable, Row
from inference.device import prepare_threads
from inference.engines.base import Engine
from inference.models.generator import Generator
from inference.models.transformer_xl import TransformerXL

PEER_STEPS = 40
OWN_STEPS = 200
NUM_READS = 40  # of the working set, a sample each
_NUM_GIVEN_BARS = 16  # about 560 events: more than the longest memory
_FLOAT_BYTES = 4

Floats = npt.NDArray[np.float32]


def measure(num_repeats: int) -> ResultTable:
    """Run rounds of steps with the shipped network and with the peer at its size."""
    prepare_threads()
    model, source = load_model()
    return measure_model(model, source=source, num_repeats=num_repeats)


def measure_model(
    model: Generator,
    *,
    source: str,
    num_repeats: int,
    num_steps: int = OWN_STEPS,
    num_peer_steps: int = PEER_STEPS,
) -> ResultTable:
    """Take turns ``num_repeats`` times; the first round warms everything up and is thrown away."""
    config = model.body.config
    peer = XLPeer(config)
    num_peer_steps = min(num_peer_steps, peer.longest_run)
    engines = open_engines(model)
    steppers = {name: _stepper(engine) for name, engine in engines.items()}
    readers = {name: BandwidthReader(_bytes_of(name, model.body)) for name in engines}

    rates: dict[str, list[float]] = defaultdict(list)
    for number in range(num_repeats + 1):
        kept = rates if number else defaultdict(list)
        kept[peer.name].append(_rate(lambda: peer.run(num_peer_steps), num_peer_steps))
        for name, step in steppers.items():
            kept[name].append(_rate(lambda step=step: _repeat(step, num_steps), num_steps))
        for name, reader in readers.items():
            kept[_bandwidth(name)].append(reader.measure())
    return ResultTable(
        name="body_step",
        title="One step of the generator's body",
        conditions=f"{source}: width {config.width}, {config.num_layers} layers, {config.num_heads} heads, batch 1, one "
        f"thread; ours look back {config.longest_distance} events, the peer {config.memory_length} and its segment of up to "
        f"{config.segment_length} (on average fewer than ours); {peer.num_parameters / 1e6:.1f} M parameters there",
        rows=tuple(_rows(rates, peer_name=peer.name, engines=engines, body=model.body)),
    )


def _rows(
    rates: dict[str, list[float]], *, peer_name: str, engines: dict[str, Engine], body: TransformerXL
) -> Iterator[Row]:
    note = "recommended way of generating; projects its memory's keys and values again at each step"
    yield Row(name=peer_name, unit="steps/s", samples=tuple(rates[peer_name]), note=note)
    for name in engines:
        note = "our own eager static cache, PyTorch" if name == REFERENCE else ""
        yield Row(name=name, unit="steps/s", samples=tuple(rates[name]), note=note)
    for name in engines:
        yield _ratio(f"{name} against x-transformers", rates[name], rates[peer_name])
    for name in engines:
        if name != REFERENCE:
            yield _ratio(f"{name} against our eager static cache", rates[name], rates[REFERENCE])
    for name in engines:
        num_bytes = _bytes_of(name, body)
        bandwidths = rates[_bandwidth(name)]
        note = f"one thread, a working set of {num_bytes / 1e6:.1f} MB: what a step of {name} reads"
        yield Row(name=_bandwidth(name), unit="GB/s", samples=tuple(bandwidths), note=note)
        shares = (
            100 * rate * num_bytes / (bandwidth * 1e9) for rate, bandwidth in zip(rates[name], bandwidths, strict=True)
        )
        note = "steps a second over those that reading alone would allow"
        yield Row(name=f"{name}, share of the memory roofline", unit="%", samples=tuple(shares), note=note)


def _ratio(name: str, fast: list[float], slow: list[float]) -> Row:
    return Row(name=name, unit="x", samples=tuple(a / b for a, b in zip(fast, slow, strict=True)))


def _bandwidth(engine_name: str) -> str:
    return f"read bandwidth for {engine_name}"


def _bytes_of(engine_name: str, body: TransformerXL) -> int:
    return step_bytes(body, weight_bytes=1 if "int8" in engine_name else _FLOAT_BYTES)


def step_bytes(body: TransformerXL, *, weight_bytes: int) -> int:
    """Return what one step at full memory must read: the blocks' weights, keys, values, projected distances."""
    config = body.config
    num_weights = sum(
        parameter.numel()
        for block in body.blocks
        for name, parameter in block.named_parameters()
        if not name.startswith("attention.distance.")  # was applied when the engine was built
    )
    num_cached = 2 * config.longest_distance * config.width * config.num_layers
    num_distances = (config.longest_distance + 1) * config.width * config.num_layers
    return num_weights * weight_bytes + (num_cached + num_distances) * _FLOAT_BYTES


class BandwidthReader:
    """Reads a working set of ``num_bytes`` over and over, in one thread."""

    def __init__(self, num_bytes: int) -> None:
        self._values = torch.ones(max(1, num_bytes // _FLOAT_BYTES))

    def measure(self, *, num_reads: int = NUM_READS) -> float:
        """Return the rate in 10^9 bytes a second, of the faster of two ways of reading."""
        values = self._values
        ways: tuple[Callable[[], object], ...] = (lambda: torch.dot(values, values), values.sum)
        num_bytes = values.numel() * _FLOAT_BYTES
        return max(_rate(lambda way=way: _repeat(way, num_reads), num_reads) for way in ways) * num_bytes / 1e9


@torch.inference_mode()
def _stepper(engine: Engine) -> Callable[[], None]:
    """Return a function that takes one step at full memory."""
    lane = engine.open_lane(length=None)
    inputs = song_inputs(num_given_bars=_NUM_GIVEN_BARS)
    for _ in lane.read(inputs):
        pass
    following = cycle(inputs)

    @torch.inference_mode()
    def step() -> None:
        lane.push(next(following))
        engine.run()

    return step


def _repeat(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def _rate(work: Callable[[], object], num_units: int) -> float:
    start = time.perf_counter()
    work()
    return num_units / (time.perf_counter() - start)
