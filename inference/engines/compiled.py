"""The engine for CPUs: the network's step as one compiled function, weights in float32 or in 8 bits.

It packs the weights of a ``Generator`` into arrays for ``body_kernels`` and ``field_kernels`` and keeps the rings. Songs that are
written together take their steps together; nothing in a lane depends on the others, to the bit (``body_kernels`` says why).

Legend: L layers, H heads, E width of a head, M ring length, D width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.errors import InferenceError
from inference.engines import body_kernels, field_kernels
from inference.engines.base import FieldDecoder, Lane, Logits
from inference.engines.reading import Beginning, Reader
from inference.models.event_fields import EventFields, FieldHead
from inference.models.generator import Generator
from inference.models.transformer_xl import TransformerXL, TransformerXLConfig

Floats = npt.NDArray[np.float32]
_NO_INPUTS = np.empty(0, np.int32)
_NO_ANCHORS = np.empty((0, 0), np.int32)


class CompiledEngine:
    """See ``inference.engines.base.Engine``; ``is_rounded`` keeps the body's matrices in 8 bits."""

    def __init__(self, model: Generator, *, num_lanes: int = 1, is_rounded: bool = False) -> None:
        self.name = "compiled-int8" if is_rounded else "compiled"
        self.num_lanes = num_lanes
        self.fields: FieldDecoder = CompiledFields(model.fields)
        self.reader = Reader(model.body)
        config = model.body.config
        self.longest = config.longest_distance
        self._is_rounded = is_rounded
        self._embedding = plain_array(model.body.embedding)
        self._layers, self._final_norm = pack_layers(model.body, is_rounded=is_rounded)
        self._rings = make_rings(model.body, num_lanes=num_lanes, is_rounded=is_rounded)
        self._scratch = make_scratch(config, num_lanes=num_lanes, is_rounded=is_rounded)
        self._lanes: list[RingLane | None] = [None] * num_lanes
        self._run_once()

    def open_lane(self, *, length: int | None) -> Lane:
        """See ``Engine.open_lane``."""
        for number, lane in enumerate(self._lanes):
            if lane is None or lane.is_closed:
                new = self._lanes[number] = RingLane(self, number, length=length)
                return new
        raise InferenceError(f"all {self.num_lanes} lanes are taken")

    def run(self) -> None:
        """See ``Engine.run``."""
        lanes = [lane for lane in self._lanes if lane is not None and lane.pushed is not None and not lane.is_closed]
        if not lanes:
            return
        hidden = np.stack([self.embed(lane.pushed) for lane in lanes if lane.pushed is not None])
        numbers = np.asarray([lane.number for lane in lanes])
        lengths = np.asarray([lane.length for lane in lanes])
        num_events = np.asarray([lane.num_events for lane in lanes])
        self._step(numbers, lengths, num_events, hidden)
        for lane, output in zip(lanes, hidden, strict=True):
            lane.take_in(output)

    def begin(self, number: int, beginning: Beginning) -> None:
        """Put what was read into a lane's ring: event number n lies at n modulo the ring's length."""
        count = min(beginning.num_events, beginning.keys.shape[2])
        places = np.arange(beginning.num_events - count, beginning.num_events) % self.longest
        for ring, scale, read in (
            (self._rings.keys, self._rings.key_scale, beginning.keys),
            (self._rings.values, self._rings.value_scale, beginning.values),
        ):
            rows = plain_array(read[:, :, read.shape[2] - count :])
            if self._is_rounded:
                ring[number][:, :, places], scale[number][:, :, places] = round_weights(rows)
            else:
                ring[number][:, :, places] = rows

    def embed(self, inputs: Sequence[int]) -> Floats:
        """Return the sum of the embeddings of ids (W,); id 0 adds nothing."""
        return self._embedding[[number for number in inputs if number]].sum(axis=0)

    def _step(self, numbers: Any, lengths: Any, num_events: Any, hidden: Floats) -> None:
        body_kernels.step(
            self._layers, self._final_norm, self._rings, numbers, lengths, num_events, hidden, self._scratch
        )

    def _run_once(self) -> None:
        """Compile, or load what was compiled before, with the types that every later call has."""
        zero = np.zeros(1, np.int64)
        self._step(zero, zero, zero, np.zeros((1, self._embedding.shape[1]), np.float32))


class RingKeeper(Protocol):
    """An engine that keeps the rings of its lanes."""

    longest: int
    reader: Reader

    def begin(self, number: int, beginning: Beginning) -> None:
        """Put what was read into a lane's ring."""
        ...


class RingLane:
    """One song's place in the rings of an engine. ``length`` is how many events it looks back on."""

    def __init__(self, engine: RingKeeper, number: int, *, length: int | None) -> None:
        self.number = number
        self.length = max(1, min(length or engine.longest, engine.longest))
        self.num_events = 0
        self.pushed: list[int] | None = None
        self.is_closed = False
        self._engine = engine
        self._output: Floats | None = None

    @property
    def output(self) -> Floats:
        if self._output is None:
            raise ValueError("nothing was read yet")
        return self._output

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        if self.num_events:
            raise ValueError("a song is read from its first event")
        beginning = yield from self._engine.reader.read(inputs, length=self.length)
        self._engine.begin(self.number, beginning)
        self.num_events, self._output = beginning.num_events, plain_array(beginning.output)

    def push(self, inputs: list[int]) -> None:
        self.pushed = inputs

    def take_in(self, output: Floats) -> None:
        self.pushed, self._output = None, output
        self.num_events += 1

    def close(self) -> None:
        self.is_closed = True


class CompiledFields:
    """The heads of ``EventFields`` for one song at a time; see ``FieldDecoder``. Outputs are (D,)."""

    def __init__(self, fields: EventFields) -> None:
        config = fields.config
        self._sizes = field_kernels.FieldSizes(
            choices=config.num_choices, positions=config.num_positions, pitches=config.num_pitches,
            drum_pitch=config.drum_pitch, drum_program=config.drum_program, durations=config.num_durations,
            velocities=config.num_velocities, qualities=config.num_qualities, tonal_levels=config.num_tonal_levels,
            keys=config.num_keys if config.num_genres else 0,
        )  # fmt: skip
        names = (
            "choice", "position", "pitch", "duration", "velocity", "root", "quality", "bass", "metre", "tempo", "slot",
            "program",
        )  # fmt: skip
        self._heads = {name: pack_head(getattr(fields, name)) for name in names}

    def choose(self, output: Floats, row: Sequence[int]) -> Logits:
        return _wide(field_kernels.choose(self._heads["choice"], self._sizes, output, _row(row)))

    def place(self, output: Floats, row: Sequence[int]) -> Logits:
        return _wide(field_kernels.place(self._heads["position"], self._sizes, output, _row(row)))

    def tune(self, output: Floats, row: Sequence[int], position: int) -> Logits:
        return _wide(field_kernels.tune(self._heads["pitch"], self._sizes, output, _row(row), position))

    def hold(self, output: Floats, row: Sequence[int], position: int, pitch: int) -> Logits:
        return _wide(field_kernels.hold(self._heads["duration"], self._sizes, output, _row(row), position, pitch))

    def strike(self, output: Floats, row: Sequence[int], position: int, pitch: int, duration: int) -> Logits:
        head = self._heads["velocity"]
        return _wide(field_kernels.strike(head, self._sizes, output, _row(row), position, pitch, duration))

    def choose_root(self, output: Floats, row: Sequence[int], position: int) -> Logits:
        return _wide(field_kernels.choose_root(self._heads["root"], self._sizes, output, _row(row), position))

    def choose_quality(self, output: Floats, row: Sequence[int], position: int, root: int) -> Logits:
        head = self._heads["quality"]
        return _wide(field_kernels.choose_quality(head, self._sizes, output, _row(row), position, root))

    def choose_bass(self, output: Floats, root: int, quality: int) -> Logits:
        return _wide(field_kernels.choose_bass(self._heads["bass"], output, root, quality))

    def choose_metre(self, output: Floats, row: Sequence[int]) -> Logits:
        return self._plain("metre", output, row, _NO_INPUTS)

    def choose_tempo(self, output: Floats, row: Sequence[int], metre: int) -> Logits:
        return self._plain("tempo", output, row, np.asarray([metre], np.int32))

    def choose_slot(self, output: Floats, row: Sequence[int]) -> Logits:
        return self._plain("slot", output, row, _NO_INPUTS)

    def choose_program(self, output: Floats, row: Sequence[int], role: int) -> Logits:
        return self._plain("program", output, row, np.asarray([role], np.int32))

    def _plain(self, name: str, output: Floats, row: Sequence[int], known: npt.NDArray[np.int32]) -> Logits:
        head = self._heads[name]
        return _wide(field_kernels.run_head(head, output, _row(row), known, _NO_INPUTS, _NO_ANCHORS))


def pack_layers(body: TransformerXL, *, is_rounded: bool) -> tuple[body_kernels.LayerWeights, Floats]:
    """Return the blocks' weights, stacked, and the last norm (2, D)."""
    blocks = tuple(body.blocks)

    def matrix(weights: list[Tensor]) -> tuple[Any, Floats]:
        stacked = plain_array(torch.stack(weights))  # (L, N, K)
        if not is_rounded:
            return stacked, np.ones(stacked.shape[:2], np.float32)
        return round_weights(stacked)

    attention = [block.attention for block in blocks]
    expand, contract = [block.expand for block in blocks], [block.contract for block in blocks]
    query_key_value = matrix([layer.query_key_value.weight for layer in attention])
    output = matrix([layer.output.weight for layer in attention])
    wide, narrow = matrix([layer.weight for layer in expand]), matrix([layer.weight for layer in contract])
    layers = body_kernels.LayerWeights(
        attention_norm=np.stack([_norm(block.attention_norm) for block in blocks]),
        query_key_value=query_key_value[0],
        query_key_value_scale=query_key_value[1],
        output=output[0],
        output_scale=output[1],
        content_bias=plain_array(torch.stack([layer.content_bias[:, 0] for layer in attention])),
        distance_bias=plain_array(torch.stack([layer.distance_bias[:, 0] for layer in attention])),
        feedforward_norm=np.stack([_norm(block.feedforward_norm) for block in blocks]),
        expand=wide[0],
        expand_scale=wide[1],
        expand_bias=plain_array(torch.stack([layer.bias for layer in expand])),
        contract=narrow[0],
        contract_scale=narrow[1],
        contract_bias=plain_array(torch.stack([layer.bias for layer in contract])),
    )
    return layers, _norm(body.norm)


def round_weights(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return rows (..., K) as integers of at most 127 and what one of them is worth in each row, (...)."""
    scale = np.maximum(np.abs(weights).max(axis=-1), 1e-12) / body_kernels.WEIGHT_LIMIT
    return np.rint(weights / scale[..., None]).astype(np.int8), scale.astype(np.float32)


def make_rings(body: TransformerXL, *, num_lanes: int, is_rounded: bool) -> body_kernels.Rings:
    """Return empty memory for ``num_lanes`` songs."""
    config = body.config
    longest = config.longest_distance
    places = (num_lanes, config.num_layers, config.num_heads, longest)
    kind = np.int8 if is_rounded else np.float32
    relative: Any = plain_array(body.project_distances(longest).transpose(1, 2))  # (L, H, M + 1, E)
    relative_scale = np.ones(relative.shape[:-1], np.float32)
    if is_rounded:
        relative, relative_scale = round_weights(relative)
    return body_kernels.Rings(
        keys=np.zeros((*places, config.head_width), kind), key_scale=np.ones(places, np.float32),
        values=np.zeros((*places, config.head_width), kind), value_scale=np.ones(places, np.float32),
        relative=relative, relative_scale=relative_scale,
    )  # fmt: skip


def pack_head(head: FieldHead) -> field_kernels.HeadWeights:
    """Return a head's weights as arrays."""
    width = head.hidden.out_features
    steps = [_linear(layer) for layer in head.steps]
    sizes = [len(bias) for _, bias in steps]
    gates, gates_bias = _linear(head.gates) if head.gates is not None else _no_outputs(width)
    return field_kernels.HeadWeights(
        offsets=head.offsets.cpu().numpy().astype(np.int32)[: head.num_inputs],
        table=plain_array(head.table),
        from_body=plain_array(head.from_body.weight),
        from_body_bias=plain_array(head.from_body.bias),
        norm=_norm(head.norm),
        hidden=plain_array(head.hidden.weight),
        hidden_bias=plain_array(head.hidden.bias),
        values=plain_array(head.values.weight),
        values_bias=plain_array(head.values.bias),
        gates=gates,
        gates_bias=gates_bias,
        steps=np.concatenate([weights for weights, _ in steps]) if steps else _no_outputs(width)[0],
        steps_bias=np.concatenate([bias for _, bias in steps]) if steps else _no_outputs(width)[1],
        step_starts=np.cumsum([0, *sizes])[:-1].astype(np.int32),
    )


def make_scratch(config: TransformerXLConfig, *, num_lanes: int, is_rounded: bool) -> body_kernels.Scratch:
    """Return room for a step of up to ``num_lanes`` rows."""

    def room(*shape: int) -> Floats:
        return np.zeros(shape, np.float32)

    width, wide, longest = config.width, config.feedforward_width, config.longest_distance
    return body_kernels.Scratch(
        normed=room(num_lanes, width), parts=room(num_lanes, 3 * width), mixed=room(num_lanes, width),
        widened=room(num_lanes, wide), narrowed=room(num_lanes, width), gelu=room(wide),
        head_parts=room(3, config.head_width), biases=room(2, config.head_width), queries=room(2, config.head_width),
        scores=room(longest + 1), by_distance=room(longest + 1),
        powers=np.zeros(max(longest + 1, wide), np.int32), no_bias=room(3 * width), is_whole=is_rounded,
    )  # fmt: skip


def plain_array(tensor: Tensor) -> Floats:
    """Return a tensor as a contiguous float32 array on the host."""
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())


def _norm(layer: nn.LayerNorm) -> Floats:
    return plain_array(torch.stack([layer.weight, layer.bias]))


def _linear(layer: nn.Module) -> tuple[Floats, Floats]:
    assert isinstance(layer, nn.Linear)
    return plain_array(layer.weight), plain_array(layer.bias)


def _no_outputs(width: int) -> tuple[Floats, Floats]:
    return np.empty((0, width), np.float32), np.empty(0, np.float32)


def _row(row: Sequence[int]) -> npt.NDArray[np.int32]:
    return np.asarray(row, dtype=np.int32)


def _wide(logits: Floats) -> Logits:
    return logits.astype(np.float64)
