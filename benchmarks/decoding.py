"""Whole events: how many a second an engine writes, and where the time of one goes (body, field decoder, all the rest).

The engine is the real one with a clock around each of its doors; the song goes on from about 1,024 given events, whose reading does
not count. What is left beside body and fields is the tracker, the masks, the sampling and the clocks themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.engines import load_model, make_request, open_engines, song_inputs
from benchmarks.results import ResultTable, Row
from inference.decoding.generator import GeneratorDecoder
from inference.device import prepare_threads
from inference.engines.base import Engine, Lane
from inference.models.generator import Generator
from inference.protocol import GenerateRequest, Progress

NUM_GIVEN_BARS = 29  # about 1,024 events
NUM_WRITTEN_BARS = 4
NUM_UNCACHED = 4  # steps without any cache, a sample each
_SEED = 3


@dataclass(slots=True)
class Spent:
    """Seconds of writing and, within them, of body and fields; ``start`` is set when the given bars were read."""

    num_events: int = 0
    body_seconds: float = 0.0
    field_seconds: float = 0.0
    start: float = 0.0
    stop: float = 0.0

    @property
    def seconds(self) -> float:
        return self.stop - self.start

    @property
    def events_per_second(self) -> float:
        return self.num_events / self.seconds

    def share(self, seconds: float) -> float:
        """Return seconds as a percentage of the writing."""
        return 100 * seconds / self.seconds


class ClockedEngine:
    """An engine with a clock around it; see ``inference.engines.base.Engine``."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.num_lanes = engine.num_lanes
        self.spent = Spent()
        self.fields: Any = _ClockedFields(engine.fields, self.spent)
        self._engine = engine

    def open_lane(self, *, length: int | None) -> Lane:
        return _ClockedLane(self._engine.open_lane(length=length), self.spent)

    def run(self) -> None:
        start = time.perf_counter()
        self._engine.run()
        self.spent.body_seconds += time.perf_counter() - start
        self.spent.num_events += 1


class _ClockedLane:
    def __init__(self, lane: Lane, spent: Spent) -> None:
        self._lane = lane
        self._spent = spent

    @property
    def output(self) -> Any:
        return self._lane.output

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        yield from self._lane.read(inputs)
        self._spent.start = time.perf_counter()

    def push(self, inputs: list[int]) -> None:
        self._lane.push(inputs)

    def close(self) -> None:
        self._lane.close()


class _ClockedFields:
    """Every method of a field decoder, timed."""

    def __init__(self, fields: Any, spent: Spent) -> None:
        self._fields = fields
        self._spent = spent

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._fields, name)
        spent = self._spent

        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            logits = method(*arguments)
            spent.field_seconds += time.perf_counter() - start
            return logits

        setattr(self, name, timed)
        return timed


def measure(num_repeats: int) -> ResultTable:
    """Go on from a given song ``num_repeats`` times with each engine."""
    prepare_threads()
    model, source = load_model()
    request = make_request(num_given_bars=NUM_GIVEN_BARS, num_bars=NUM_WRITTEN_BARS)
    inputs = song_inputs(num_given_bars=NUM_GIVEN_BARS)
    return measure_model(model, source=source, request=request, inputs=inputs, num_repeats=num_repeats)


def measure_model(
    model: Generator, *, source: str, request: GenerateRequest, inputs: list[list[int]], num_repeats: int
) -> ResultTable:
    """Take turns, engine by engine; the first round warms everything up and is thrown away."""
    engines = open_engines(model)
    runs: dict[str, list[Spent]] = {name: [] for name in engines}
    uncached: list[float] = []
    for number in range(num_repeats + 1):
        for name, engine in engines.items():
            spent = write_song(model, engine, request)
            if number:
                runs[name].append(spent)
        if number:
            uncached.append(_uncached_rate(model, inputs))
    rows: list[Row] = []
    for name, spent in runs.items():
        rows += _rows(name, spent)
    first = next(iter(runs))
    cached = [run.num_events / run.body_seconds for run in runs[first]]
    ratios = tuple(fast / slow for fast, slow in zip(cached, uncached, strict=True))
    note = f"the whole song of {len(inputs):,} events is read for each event"
    rows.append(Row(name="body without any cache", unit="steps/s", samples=tuple(uncached), note=note))
    rows.append(Row(name=f"{first}: body with cache against without", unit="x", samples=ratios))
    body = model.body.config
    return ResultTable(
        name="decoding",
        title="Whole events",
        conditions=f"{source}: {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, "
        f"{body.num_layers} layers of width {body.width}; after {len(inputs):,} events, one song, one thread of the CPU",
        rows=tuple(rows),
    )


@torch.inference_mode()
def write_song(model: Generator, engine: Engine, request: GenerateRequest) -> Spent:
    """Write one song and return where the time of its new events went."""
    clocked = ClockedEngine(engine)
    decoder = GeneratorDecoder(model, checkpoint_id="bench", engine=clocked)
    for message in decoder.decode(request):
        if isinstance(message, Progress):  # the last one comes with the last bar; what follows builds the piece
            clocked.spent.stop = time.perf_counter()
    return clocked.spent


def _rows(name: str, runs: list[Spent]) -> Iterator[Row]:
    note = "body, field decoder, masks and sampling"
    yield Row(
        name=f"{name}: whole events", unit="events/s", samples=tuple(r.events_per_second for r in runs), note=note
    )
    parts = {
        "body": [run.body_seconds for run in runs],
        "field decoder": [run.field_seconds for run in runs],
        "tracker, masks and sampling": [run.seconds - run.body_seconds - run.field_seconds for run in runs],
    }
    for part, seconds in parts.items():
        shares = tuple(run.share(each) for run, each in zip(runs, seconds, strict=True))
        yield Row(name=f"{name}: share of the {part}", unit="%", samples=shares)


@torch.inference_mode()
def _uncached_rate(model: Generator, inputs: list[list[int]]) -> float:
    body = model.body
    ids = torch.tensor([inputs])
    sequence = torch.zeros(ids.shape[:2], dtype=torch.long)
    start = time.perf_counter()
    for _ in range(NUM_UNCACHED):
        body(ids, sequence=sequence, memory=body.empty_memory(1, 0))
    return NUM_UNCACHED / (time.perf_counter() - start)
