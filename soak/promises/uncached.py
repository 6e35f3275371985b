"""Whether the cache changes a choice: the same song written with the static cache, and by reading all of it anew for each event.

What is compared is every event of a song that goes on from about a thousand given ones, at temperature 0, with the shipped generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import torch
from torch import Tensor

from benchmarks.engines import load_model, make_request
from benchmarks.results import ResultTable, Row
from inference.decoding.generator import GeneratorDecoder
from inference.device import prepare_threads
from inference.engines.base import Engine, FieldDecoder, Lane
from inference.engines.reference import ReferenceEngine, ReferenceFields
from inference.models.generator import Generator
from inference.protocol import GenerateRequest, Result, Sampling

NUM_GIVEN_BARS = 29  # about 1,024 events
_NUM_WRITTEN_BARS = 2


class UncachedEngine:
    """Reads the whole song for each event; see ``inference.engines.base.Engine``. One lane."""

    name = "uncached"
    num_lanes = 1

    def __init__(self, model: Generator) -> None:
        self.fields: FieldDecoder = ReferenceFields(model.fields)
        self._lane = UncachedLane(model)

    def open_lane(self, *, length: int | None) -> Lane:  # noqa: ARG002 - the protocol's; it remembers everything
        """See ``Engine.open_lane``."""
        return self._lane

    def run(self) -> None:
        """See ``Engine.run``."""
        self._lane.read_anew()


class UncachedLane:
    """See ``inference.engines.base.Lane``."""

    def __init__(self, model: Generator) -> None:
        self.inputs: list[list[int]] = []
        self.num_written = 0
        self._body = model.body
        self._output: Tensor | None = None

    @property
    def output(self) -> Tensor:
        assert self._output is not None
        return self._output

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        self.inputs = [list(row) for row in inputs]
        self.read_anew()
        yield len(inputs)

    def push(self, inputs: list[int]) -> None:
        self.inputs.append(list(inputs))
        self.num_written += 1

    def close(self) -> None:
        """Nothing is held."""

    @torch.inference_mode()
    def read_anew(self) -> None:
        """Read every event, from the first to the last."""
        ids = torch.tensor([self.inputs])
        sequence = torch.zeros(ids.shape[:2], dtype=torch.long)
        hidden, _ = self._body(ids, sequence=sequence, memory=self._body.empty_memory(1, 0))
        self._output = hidden[:, -1]


class RecordedEngine:
    """Another engine, whose events are written down as they are handed over."""

    def __init__(self, engine: Engine) -> None:
        self.name, self.num_lanes = engine.name, engine.num_lanes
        self.events: list[list[int]] = []
        self.fields: FieldDecoder = engine.fields
        self._engine = engine

    def open_lane(self, *, length: int | None) -> Lane:
        """See ``Engine.open_lane``."""
        return _RecordedLane(self._engine.open_lane(length=length), self.events)

    def run(self) -> None:
        """See ``Engine.run``."""
        self._engine.run()


class _RecordedLane:
    def __init__(self, lane: Lane, events: list[list[int]]) -> None:
        self._lane = lane
        self._events = events

    @property
    def output(self) -> Any:
        return self._lane.output

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        yield from self._lane.read(inputs)

    def push(self, inputs: list[int]) -> None:
        self._events.append(list(inputs))
        self._lane.push(inputs)

    def close(self) -> None:
        self._lane.close()


def measure() -> ResultTable:
    """Write the same song both ways."""
    prepare_threads()
    model, source = load_model()
    request = make_request(num_given_bars=NUM_GIVEN_BARS, num_bars=_NUM_WRITTEN_BARS)
    return compare(model, source=source, request=request)


def compare(model: Generator, *, source: str, request: GenerateRequest) -> ResultTable:
    """Return the share of events that both ways chose alike, place by place."""
    greedy = Sampling(temperature_notes=0.0, temperature_rhythm=0.0, temperature_instruments=0.0)
    wish = msgspec.structs.replace(request, sampling=greedy)
    cached, uncached = (events_of(model, engine, wish) for engine in (ReferenceEngine(model), UncachedEngine(model)))
    num_same = sum(one == other for one, other in zip(cached, uncached, strict=False))
    num_all = max(len(cached), len(uncached))
    note = f"{num_same} of {num_all} events alike; each with its place, pitch, length, velocity and what the tracker says of it"
    row = Row(name="same choices", unit="%", samples=(100.0 * num_same / max(num_all, 1),), note=note)
    return ResultTable(
        name="cache", title="The cache changes no choice",
        conditions=f"{source}, temperature 0, after about a thousand given events", rows=(row,),
    )  # fmt: skip


def events_of(model: Generator, engine: Engine, request: GenerateRequest) -> list[list[int]]:
    """Return every event that a song is made of beyond the given ones."""
    recorded = RecordedEngine(engine)
    *_, last = GeneratorDecoder(model, checkpoint_id="promises", engine=recorded).decode(request)
    assert isinstance(last, Result)
    return recorded.events
