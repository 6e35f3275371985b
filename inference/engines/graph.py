"""The engine for GPUs: the step of all lanes as one CUDA graph over fixed slots. It knows no music.

A step of a small network is mostly the cost of launching its kernels; a graph (Gray 2019, "Getting started with CUDA
graphs", developer.nvidia.com) launches them all at once. It always computes every lane, in the same shapes and at the same
addresses, so what happens in one does not depend on the others. Lanes without an event at that moment compute on a
padding event and keep their memory.

The field decoder runs on the host, compiled: its heads are small and each waits for a choice made there. On a CPU the
same code runs without a graph, which is how it is tested everywhere.

Legend: L layers, N lanes, H heads, M ring length, E width of a head, W ids of an input, D width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from core.errors import InferenceError
from inference.engines.base import FieldDecoder, Lane
from inference.engines.compiled import CompiledFields, RingLane, plain_array
from inference.engines.reading import Beginning, Reader
from inference.models.generator import Generator
from music.tokenizers.tracker import INPUT_WIDTH

_NUM_WARM_UPS = 3


class GraphEngine:
    """See ``inference.engines.base.Engine``. On a GPU the body computes in bfloat16 and keeps its memory so."""

    name = "graph"

    def __init__(self, model: Generator, *, num_lanes: int = 1) -> None:
        self.num_lanes = num_lanes
        self.fields: FieldDecoder = CompiledFields(model.fields)
        self.reader = Reader(model.body)
        self._body = model.body
        self._device = model.body.embedding.device
        self._dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        config = model.body.config
        self.longest = config.longest_distance
        shape = (config.num_layers, num_lanes, config.num_heads, self.longest, config.head_width)
        self._keys = torch.zeros(shape, device=self._device, dtype=self._dtype)
        self._values = torch.zeros_like(self._keys)
        self._relative = model.body.project_distances(self.longest).to(self._dtype)
        self._inputs = torch.zeros((num_lanes, INPUT_WIDTH), dtype=torch.long, device=self._device)
        self._num_events = torch.zeros(num_lanes, dtype=torch.long, device=self._device)
        self._lengths = torch.ones(num_lanes, dtype=torch.long, device=self._device)
        self._is_active = torch.zeros(num_lanes, dtype=torch.bool, device=self._device)
        self._places = torch.arange(self.longest, device=self._device)
        self._outputs = torch.zeros((num_lanes, config.width), dtype=torch.float32, device=self._device)
        self._lanes: list[RingLane | None] = [None] * num_lanes
        self._replay = self._capture() if self._device.type == "cuda" else self._step

    def open_lane(self, *, length: int | None) -> Lane:
        """See ``Engine.open_lane``."""
        for number, lane in enumerate(self._lanes):
            if lane is None or lane.is_closed:
                new = self._lanes[number] = RingLane(self, number, length=length)
                with torch.inference_mode():
                    self._num_events[number], self._lengths[number] = 0, new.length
                return new
        raise InferenceError(f"all {self.num_lanes} lanes are taken")

    def run(self) -> None:
        """See ``Engine.run``."""
        waiting = [lane for lane in self._lanes if lane is not None and lane.pushed is not None and not lane.is_closed]
        if not waiting:
            return
        inputs = [[0] * INPUT_WIDTH for _ in range(self.num_lanes)]
        is_active = [False] * self.num_lanes
        for lane in waiting:
            assert lane.pushed is not None
            inputs[lane.number], is_active[lane.number] = lane.pushed, True
        self._inputs.copy_(torch.tensor(inputs))
        self._is_active.copy_(torch.tensor(is_active))
        self._replay()
        outputs = plain_array(self._outputs)
        for lane in waiting:
            lane.take_in(outputs[lane.number])

    def begin(self, number: int, beginning: Beginning) -> None:
        """Put what was read into a lane's ring: event number n lies at n modulo the ring's length."""
        count = min(beginning.num_events, beginning.keys.shape[2])
        places = torch.arange(beginning.num_events - count, beginning.num_events, device=self._device) % self.longest
        for ring, read in ((self._keys, beginning.keys), (self._values, beginning.values)):
            ring[:, number].index_copy_(2, places, read[:, :, read.shape[2] - count :].to(self._dtype))
        self._num_events[number] = beginning.num_events

    def _step(self) -> None:
        """Read the static inputs, write the static outputs; no value leaves the device and no shape changes."""
        ages = (self._num_events[:, None] - 1 - self._places) % self.longest + 1  # (N, M)
        is_known = ages <= torch.minimum(self._num_events, self._lengths)[:, None]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            outputs, keys, values = self._body.step(
                self._inputs, self._keys, self._values, ages, is_known, self._relative
            )
        place = self._num_events % self.longest
        is_here = (self._places == place[:, None]) & self._is_active[:, None]  # (N, M)
        for ring, new in ((self._keys, keys), (self._values, values)):
            ring.copy_(torch.where(is_here[None, :, None, :, None], new[:, :, :, None].to(self._dtype), ring))
        self._outputs.copy_(outputs.float())
        self._num_events.add_(self._is_active)

    def _capture(self) -> Callable[[], Any]:
        """Record the step once; the graph repeats it on whatever the static inputs hold."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_NUM_WARM_UPS):
                self._step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay
