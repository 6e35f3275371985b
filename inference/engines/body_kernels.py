"""Compiled arithmetic of the generator's body: one event of some lanes against their rings. It knows arrays, not the model.

**The bits of a row do not depend on the other rows.** Every sum over a row is taken by one function that knows only that row.
So a song comes out the same alone and in any lane beside any neighbours.

Weights and memory are either float32 or 8-bit integers, with one scale for each output of a matrix and for each row of the
memory; what flows through the network is always float32. A step is bound by memory traffic, and 8 bits are a quarter of it.

Legend: R rows at work, K inputs and N outputs of a linear map, L layers, H heads, E width of a head, M ring length, D width.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from inference.engines.compiling import fast_kernel, kernel

Array = Any
"""An array of NumPy; Numba sees its type, the checker need not."""

WEIGHT_LIMIT = 127
_f32 = np.float32
_i32 = np.int32
_FORGOTTEN = _f32(-1e30)
_LOG2_E = np.float32(1.4426950408889634)
_LOWEST_EXPONENT = _f32(-60.0)
"""Smaller shares are rounded up to e to this power: times a scale they would be denormal, and each costs a hundred cycles."""


class LayerWeights(NamedTuple):
    """One block. Matrices are (L, N, K) in float32 or int8, scales (L, N); vectors float32."""

    attention_norm: Array  # (L, 2, D): weight, bias
    query_key_value: Array
    query_key_value_scale: Array
    output: Array
    output_scale: Array
    content_bias: Array  # (L, H, E), u of the paper
    distance_bias: Array  # (L, H, E), v
    feedforward_norm: Array
    expand: Array
    expand_scale: Array
    expand_bias: Array
    contract: Array
    contract_scale: Array
    contract_bias: Array


class Rings(NamedTuple):
    """The memory of all lanes, float32 or, with the weights, in 8 bits; each row of 8 bits has a scale."""

    keys: Array  # (lanes, L, H, M, E)
    key_scale: Array  # (lanes, L, H, M)
    values: Array
    value_scale: Array
    relative: Array  # (L, H, M + 1, E), projected distances 0 .. M
    relative_scale: Array  # (L, H, M + 1)


class HeadRing(NamedTuple):
    """The part of ``Rings`` that one head of one song looks at: keys and values (M, E), relative (M + 1, E), their scales."""

    keys: Array
    key_scale: Array
    values: Array
    value_scale: Array
    relative: Array
    relative_scale: Array


class Scratch(NamedTuple):
    """Room for what lies between the steps, for as many rows as there are lanes."""

    normed: Array  # (lanes, D)
    parts: Array  # (lanes, 3 * D)
    mixed: Array  # (lanes, D)
    widened: Array  # (lanes, feed-forward width)
    narrowed: Array  # (lanes, D)
    gelu: Array  # (feed-forward width,)
    head_parts: Array  # (3, E), query, key and value of one head
    biases: Array  # (2, E)
    queries: Array  # (2, E)
    scores: Array  # (M + 1,)
    by_distance: Array  # (M + 1,)
    powers: Array  # (longest run of exponents,), int32
    no_bias: Array  # (3 * D,) of zeros
    is_whole: bool  # whether the weights are integers


@fast_kernel
def dot(left: Array, right: Array) -> np.float32:
    """Return the inner product of a row of float32 and one of float32 or small integers."""
    total = _f32(0.0)
    for index in range(left.shape[0]):
        total += left[index] * _f32(right[index])
    return total


@fast_kernel
def exponentiate(values: Array, powers: Array) -> None:
    """Replace float32 values of at most 88 by e to their power.

    2 to the n times a polynomial on half an octave to either side (Cephes, expf): relative error below 2e-7. Compiled
    loops of it use vectors, calls of the mathematical library do not.
    """
    count = values.shape[0]
    bits = powers[:count].view(np.float32)
    for index in range(count):
        value = max(values[index], _LOWEST_EXPONENT)
        whole = np.floor(value * _LOG2_E + _f32(0.5))
        rest = value - whole * _f32(0.693359375) + whole * _f32(2.12194440e-4)
        poly = _f32(1.9875691500e-4)
        poly = poly * rest + _f32(1.3981999507e-3)
        poly = poly * rest + _f32(8.3334519073e-3)
        poly = poly * rest + _f32(4.1665795894e-2)
        poly = poly * rest + _f32(1.6666665459e-1)
        poly = poly * rest + _f32(5.0000001201e-1)
        poly = poly * rest * rest + rest + _f32(1.0)
        powers[index] = (_i32(whole) + _i32(127)) << 23
        values[index] = poly
    for index in range(count):
        values[index] *= bits[index]


@fast_kernel
def gelu(values: Array, scratch: Array, powers: Array) -> None:
    """Replace each value by its GELU in the approximation with tanh (Hendrycks and Gimpel 2016, arXiv 1606.08415)."""
    for index in range(values.shape[0]):
        value = values[index]
        inner = _f32(0.7978845608028654) * (value + _f32(0.044715) * value * value * value)
        scratch[index] = min(max(_f32(-2.0) * inner, _f32(-80.0)), _f32(80.0))
    exponentiate(scratch, powers)
    for index in range(values.shape[0]):
        values[index] = values[index] / (_f32(1.0) + scratch[index])


@fast_kernel
def normalize(values: Array, weight_and_bias: Array, out: Array) -> None:
    """Layer normalisation of one row (Ba et al. 2016, arXiv 1607.06450), epsilon 1e-5."""
    width = values.shape[0]
    mean = _f32(0.0)
    for index in range(width):
        mean += values[index]
    mean /= _f32(width)
    spread = _f32(0.0)
    for index in range(width):
        difference = values[index] - mean
        spread += difference * difference
    scale = _f32(1.0) / _f32(math.sqrt(spread / _f32(width) + _f32(1e-5)))
    for index in range(width):
        out[index] = (values[index] - mean) * scale * weight_and_bias[0, index] + weight_and_bias[1, index]


@kernel
def normalize_rows(rows: Array, weight_and_bias: Array, out: Array) -> None:
    """Layer normalisation of rows (R, D)."""
    for row in range(rows.shape[0]):
        normalize(rows[row], weight_and_bias, out[row])


@fast_kernel
def map_rows(weight: Array, scale: Array, bias: Array, inputs: Array, out: Array) -> None:
    """Linear map of rows (R, K) to (R, N)."""
    for output in range(weight.shape[0]):
        for row in range(inputs.shape[0]):
            out[row, output] = dot(inputs[row], weight[output]) * scale[output] + bias[output]


@fast_kernel
def score_rows(query: Array, rows: Array, scale: Array, out: Array) -> None:
    """Write the inner product of a query (E,) with each of the rows (M, E)."""
    for place in range(rows.shape[0]):
        out[place] = dot(query, rows[place]) * scale[place]


@fast_kernel
def mix_rows(shares: Array, rows: Array, out: Array) -> None:
    """Add the sum of rows (M, E), each times its share, to ``out`` (E,).

    Four rows at a time, because then each partial sum is fetched and stored once for four products.
    """
    num_rows = rows.shape[0]
    num_whole = num_rows - num_rows % 4
    for place in range(0, num_whole, 4):
        one, two, three, four = shares[place], shares[place + 1], shares[place + 2], shares[place + 3]
        first, second, third, fourth = rows[place], rows[place + 1], rows[place + 2], rows[place + 3]
        for index in range(out.shape[0]):
            out[index] += (
                one * _f32(first[index]) + two * _f32(second[index]) + three * _f32(third[index])
                + four * _f32(fourth[index])
            )  # fmt: skip
    for place in range(num_whole, num_rows):
        share, row = shares[place], rows[place]
        for index in range(out.shape[0]):
            out[index] += share * _f32(row[index])


@fast_kernel
def softmax(scores: Array, powers: Array) -> np.float32:
    """Replace scores by their exponentials below the largest and return the sum of these."""
    largest = scores[0]
    for index in range(1, scores.shape[0]):
        largest = max(largest, scores[index])
    for index in range(scores.shape[0]):
        scores[index] -= largest
    exponentiate(scores, powers)
    total = _f32(0.0)
    for index in range(scores.shape[0]):
        total += scores[index]
    return total


@fast_kernel
def attend(
    parts: Array, biases: Array, ring: HeadRing, num_events: int, length: int, room: Scratch, mixed: Array
) -> None:
    """Attention of one head of one song over its ring and itself (Dai et al. 2019, section 3.3), written into ``mixed`` (E,).

    Args:
        parts: query, key and value of this event, (3, E).
        biases: u and v of the paper, (2, E).
        ring: the events before this one, of this head.
        num_events: how many came before.
        length: how many of them it looks back on.
        room: see ``Scratch``.
        mixed: the result.
    """
    width = mixed.shape[0]
    scale = _f32(1.0) / _f32(math.sqrt(_f32(width)))
    for_content, for_distance = room.queries[0], room.queries[1]
    for index in range(width):
        for_content[index] = (parts[0, index] + biases[0, index]) * scale
        for_distance[index] = (parts[0, index] + biases[1, index]) * scale
    ring_length = ring.keys.shape[0]
    place, span = num_events % ring_length, min(num_events, ring_length)
    count = min(num_events, length) + 1
    scores, by_distance = room.scores[: span + 1], room.by_distance[: span + 1]
    score_rows(for_content, ring.keys[:span], ring.key_scale, scores)
    score_rows(for_distance, ring.relative[:count], ring.relative_scale, by_distance)
    by_distance[count:] = _FORGOTTEN
    for slot in range(place):
        scores[slot] += by_distance[place - slot]
    for slot in range(place, span):
        scores[slot] += by_distance[place - slot + ring_length]
    scores[span] = dot(for_content, parts[1]) + by_distance[0]
    total = softmax(scores, room.powers)
    for index in range(width):
        mixed[index] = scores[span] * parts[2, index]
    for slot in range(span):
        scores[slot] *= ring.value_scale[slot]
    mix_rows(scores, ring.values[:span], mixed)
    for index in range(width):
        mixed[index] /= total


@kernel
def store(values: Array, rows: Array, scale: Array, place: int, room: Scratch) -> None:
    """Write a row (E,) into a ring (M, E), rounded to 8 bits if the ring is."""
    if not room.is_whole:
        rows[place] = values
        return
    largest = _f32(1e-20)
    for index in range(values.shape[0]):
        largest = max(largest, abs(values[index]))
    scale[place] = largest / _f32(WEIGHT_LIMIT)
    for index in range(values.shape[0]):
        rows[place, index] = np.floor(values[index] / scale[place] + _f32(0.5))


@kernel
def attend_all_heads(
    layers: LayerWeights, layer: int, rings: Rings, lane: int, num_events: int, length: int, row: int, room: Scratch
) -> None:
    """Attention of one song in one layer: reads ``room.parts`` of its row, writes ``room.mixed`` and the ring."""
    num_heads, width = layers.content_bias.shape[1:]
    parts = room.parts[row].reshape(3, num_heads, width)
    place = num_events % rings.keys.shape[3]
    for head in range(num_heads):
        room.head_parts[:] = parts[:, head]
        room.biases[0], room.biases[1] = layers.content_bias[layer, head], layers.distance_bias[layer, head]
        ring = HeadRing(
            rings.keys[lane, layer, head],
            rings.key_scale[lane, layer, head],
            rings.values[lane, layer, head],
            rings.value_scale[lane, layer, head],
            rings.relative[layer, head],
            rings.relative_scale[layer, head],
        )
        mixed = room.mixed[row, head * width : (head + 1) * width]
        attend(room.head_parts, room.biases, ring, num_events, length, room, mixed)
        store(room.head_parts[1], ring.keys, ring.key_scale, place, room)
        store(room.head_parts[2], ring.values, ring.value_scale, place, room)


@kernel
def add(values: Array, out: Array) -> None:
    """Add rows (R, D) to others."""
    for row in range(out.shape[0]):
        for index in range(out.shape[1]):
            out[row, index] += values[row, index]


@kernel
def step(
    layers: LayerWeights, final_norm: Array, rings: Rings, lanes: Array, lengths: Array, num_events: Array,
    hidden: Array, scratch: Scratch,
) -> None:  # fmt: skip
    """Take in one event of each of the R ``lanes``: writes its keys and values into the rings, and the output into ``hidden``.

    Args:
        layers: see ``LayerWeights``.
        final_norm: (2, D).
        rings: see ``Rings``; event number n goes to place n modulo M.
        lanes: (R,), which lanes.
        lengths: (R,), how many earlier events each looks back on, at most M.
        num_events: (R,), how many came before.
        hidden: (R, D), the embedded events; the outputs afterwards.
        scratch: see ``Scratch``.
    """
    count = hidden.shape[0]
    normed, parts, widened = scratch.normed[:count], scratch.parts[:count], scratch.widened[:count]
    mixed, narrowed, no_bias = scratch.mixed[:count], scratch.narrowed[:count], scratch.no_bias
    for layer in range(layers.content_bias.shape[0]):
        normalize_rows(hidden, layers.attention_norm[layer], normed)
        map_rows(layers.query_key_value[layer], layers.query_key_value_scale[layer], no_bias, normed, parts)
        for row in range(count):
            attend_all_heads(layers, layer, rings, lanes[row], num_events[row], lengths[row], row, scratch)
        map_rows(layers.output[layer], layers.output_scale[layer], no_bias, mixed, narrowed)
        add(narrowed, hidden)
        normalize_rows(hidden, layers.feedforward_norm[layer], normed)
        map_rows(layers.expand[layer], layers.expand_scale[layer], layers.expand_bias[layer], normed, widened)
        for row in range(count):
            gelu(widened[row], scratch.gelu, scratch.powers)
        map_rows(layers.contract[layer], layers.contract_scale[layer], layers.contract_bias[layer], widened, narrowed)
        add(narrowed, hidden)
    normalize_rows(hidden, final_norm, normed)
    hidden[:] = normed
