"""The reference engine: plain PyTorch with a static cache, one lane after another. Every faster engine must match it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from core.errors import InferenceError
from inference.engines.base import FieldDecoder, Lane, Logits
from inference.engines.reading import Reader
from inference.event_sizes import name_features
from inference.memory import SongMemory
from inference.models.event_fields import EventFields
from inference.models.generator import Generator


class ReferenceEngine:
    """See ``inference.engines.base.Engine``."""

    name = "reference"

    def __init__(self, model: Generator, *, num_lanes: int = 8) -> None:
        self.num_lanes = num_lanes
        self.fields: FieldDecoder = ReferenceFields(model.fields)
        self.reader = Reader(model.body)
        self._body = model.body
        self._lanes: list[_ReferenceLane] = []

    def open_lane(self, *, length: int | None) -> Lane:
        """See ``Engine.open_lane``."""
        self._lanes = [lane for lane in self._lanes if not lane.is_closed]
        if len(self._lanes) >= self.num_lanes:
            raise InferenceError(f"all {self.num_lanes} lanes are taken")
        lane = _ReferenceLane(SongMemory(self._body, length=length), self.reader)
        self._lanes.append(lane)
        return lane

    def run(self) -> None:
        """See ``Engine.run``."""
        for lane in self._lanes:
            lane.take_in()


class _ReferenceLane:
    def __init__(self, memory: SongMemory, reader: Reader) -> None:
        self.is_closed = False
        self._memory = memory
        self._reader = reader
        self._pushed: list[int] | None = None

    @property
    def output(self) -> Tensor:
        return self._memory.output

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        beginning = yield from self._reader.read(inputs, length=self._memory.length)
        self._memory.begin(beginning)

    def push(self, inputs: list[int]) -> None:
        self._pushed = inputs

    def take_in(self) -> None:
        if self._pushed is not None and not self.is_closed:
            self._memory.step(self._pushed)
        self._pushed = None

    def close(self) -> None:
        self.is_closed = True


class ReferenceFields:
    """The heads of ``EventFields`` for one song at a time; see ``FieldDecoder``. Outputs are (1, D)."""

    def __init__(self, fields: EventFields) -> None:
        self._fields = fields
        self._device = fields.choice.values.weight.device

    def choose(self, output: Tensor, row: Sequence[int]) -> Logits:
        return _plain(self._fields.choose(output, self._known(row)))

    def place(self, output: Tensor, row: Sequence[int]) -> Logits:
        return _plain(self._fields.place(output, self._known(row)))

    def tune(self, output: Tensor, row: Sequence[int], position: int) -> Logits:
        return _plain(self._fields.tune(output, self._known(row), self._number(position)))

    def hold(self, output: Tensor, row: Sequence[int], position: int, pitch: int) -> Logits:
        return _plain(self._fields.hold(output, self._known(row), self._number(position), self._number(pitch)))

    def strike(self, output: Tensor, row: Sequence[int], position: int, pitch: int, duration: int) -> Logits:
        numbers = (self._number(position), self._number(pitch), self._number(duration))
        return _plain(self._fields.strike(output, self._known(row), *numbers))

    def choose_root(self, output: Tensor, row: Sequence[int], position: int) -> Logits:
        return _plain(self._fields.choose_root(output, self._known(row), self._number(position)))

    def choose_quality(self, output: Tensor, row: Sequence[int], position: int, root: int) -> Logits:
        numbers = (self._number(position), self._number(root))
        return _plain(self._fields.choose_quality(output, self._known(row), *numbers))

    def choose_bass(self, output: Tensor, root: int, quality: int) -> Logits:
        return _plain(self._fields.choose_bass(output, self._number(root), self._number(quality)))

    def choose_metre(self, output: Tensor, row: Sequence[int]) -> Logits:
        return _plain(self._fields.choose_metre(output, self._known(row)))

    def choose_tempo(self, output: Tensor, row: Sequence[int], metre: int) -> Logits:
        return _plain(self._fields.choose_tempo(output, self._known(row), self._number(metre)))

    def choose_slot(self, output: Tensor, row: Sequence[int]) -> Logits:
        return _plain(self._fields.choose_slot(output, self._known(row)))

    def choose_program(self, output: Tensor, row: Sequence[int], role: int) -> Logits:
        return _plain(self._fields.choose_program(output, self._known(row), self._number(role)))

    def _known(self, row: Sequence[int]) -> dict[str, Tensor]:
        return name_features(torch.tensor([row], device=self._device))

    def _number(self, value: int) -> Tensor:
        return torch.tensor([value], device=self._device)


def _plain(logits: Tensor) -> Logits:
    return logits[0].double().cpu().numpy()
