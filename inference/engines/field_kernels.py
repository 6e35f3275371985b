"""Compiled arithmetic of the generator's field decoder, for one event of one song at a time. It knows arrays, not the model.

The same heads as ``inference/models/event_fields.py``, which says why they are built so: an ordinary layer, copy gates,
scores of steps from an anchor, values that are forbidden. A stage reads what it needs straight out of the tracker's row
of features. Weights stay in float32: together the heads of a note cost a tenth of the body.

Legend: D body width, F head width, V values of a field, K copies, S sets of steps, Z steps of all sets together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inference.engines.body_kernels import Array, dot, gelu, normalize
from inference.engines.compiling import kernel
from inference.models.event_fields import MAX_INTERVAL, MAX_STEP
from music.tokenizers.tracker import BACK_BARS, COLUMNS, FIRST_COLUMN

_f32 = np.float32
_NOTHING = _f32(-np.inf)
_BACK = len(BACK_BARS)
_CHOICE_BITS, _CHOICE_BACK = FIRST_COLUMN["choice_bits"], FIRST_COLUMN["choice_back"]
_ROLE, _PROGRAM = FIRST_COLUMN["role"], FIRST_COLUMN["program"]
_MIN_POSITION, _BAR_UNITS = FIRST_COLUMN["min_position"], FIRST_COLUMN["bar_units"]
_POSITION_BACK, _PREVIOUS_POSITION = FIRST_COLUMN["position_back"], FIRST_COLUMN["previous_position"]
_PREVIOUS_PITCH, _PREVIOUS_DURATION = FIRST_COLUMN["previous_pitch"], FIRST_COLUMN["previous_duration"]
_PREVIOUS_VELOCITY = FIRST_COLUMN["previous_velocity"]
_ROOT, _QUALITY, _MIN_PITCH = FIRST_COLUMN["root"], FIRST_COLUMN["quality"], FIRST_COLUMN["min_pitch"]
_PITCH_BACK, _DURATION_BACK = FIRST_COLUMN["pitch_back"], FIRST_COLUMN["duration_back"]
_VELOCITY_BACK, _TONAL = FIRST_COLUMN["velocity_back"], COLUMNS["tonal"].start
_WISHES, _KEY = FIRST_COLUMN["controls"], FIRST_COLUMN["controls"] + 2


class HeadWeights(NamedTuple):
    """One head. Matrices are (outputs, inputs); a head without copies or steps has arrays of length 0 there."""

    offsets: Array  # (inputs,), where each input's rows of the table begin
    table: Array  # (rows, F)
    from_body: Array  # (F, D)
    from_body_bias: Array
    norm: Array  # (2, F)
    hidden: Array  # (F, F)
    hidden_bias: Array
    values: Array  # (V, F)
    values_bias: Array
    gates: Array  # (K, F)
    gates_bias: Array
    steps: Array  # (Z, F)
    steps_bias: Array
    step_starts: Array  # (S,), where each set begins among the Z


class FieldSizes(NamedTuple):
    """What the stages need to know of ``EventFieldsConfig``."""

    choices: int
    positions: int
    pitches: int
    drum_pitch: int
    drum_program: int
    durations: int
    velocities: int
    qualities: int
    tonal_levels: int  # 0: a checkpoint without scores of presence
    keys: int  # 0: a checkpoint whose heads do not know the song's wishes


@kernel
def head_state(head: HeadWeights, body: Array, row: Array, known: Array) -> Array:
    """Return what a head thinks (F,) before it speaks: from the body's output (D,) and the known integers.

    Inputs beyond the known ones are the song's wishes, which stand side by side in the row of features.
    """
    width = head.hidden.shape[0]
    state, inner = np.empty(width, np.float32), np.empty(width, np.float32)
    room, powers = np.empty(width, np.float32), np.empty(width, np.int32)
    for unit in range(width):
        inner[unit] = dot(head.from_body[unit], body) + head.from_body_bias[unit]
    num_known = known.shape[0]
    for index in range(head.offsets.shape[0]):
        value = known[index] if index < num_known else row[_WISHES + index - num_known]
        entry = head.table[value + head.offsets[index]]
        for unit in range(width):
            inner[unit] += entry[unit]
    normalize(inner, head.norm, state)
    gelu(state, room, powers)
    for unit in range(width):
        inner[unit] = dot(head.hidden[unit], state) + head.hidden_bias[unit]
    gelu(inner, room, powers)
    for unit in range(width):
        state[unit] += inner[unit]
    return state


@kernel
def run_head(head: HeadWeights, body: Array, row: Array, known: Array, copies: Array, anchored: Array) -> Array:
    """Return logits (V,).

    Args:
        head: see ``HeadWeights``.
        body: (D,).
        row: the tracker's features (columns,).
        known: one small integer for each input that is not a wish.
        copies: (K,), values to copy from; V and above are no values.
        anchored: (S, V), which step of its set leads to a value; -1: none.
    """
    state = head_state(head, body, row, known)
    num_values = head.values.shape[0]
    logits = np.empty(num_values, np.float32)
    for value in range(num_values):
        logits[value] = dot(head.values[value], state) + head.values_bias[value]
    for index in range(head.gates.shape[0]):
        if copies[index] < num_values:
            logits[copies[index]] += dot(head.gates[index], state) + head.gates_bias[index]
    scores = np.empty(head.steps.shape[0], np.float32)
    for index in range(scores.shape[0]):
        scores[index] = dot(head.steps[index], state) + head.steps_bias[index]
    for index in range(head.step_starts.shape[0]):
        for value in range(num_values):
            if anchored[index, value] >= 0:
                logits[value] += scores[head.step_starts[index] + anchored[index, value]]
    return logits


@kernel
def choose(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array) -> Array:
    """Logits of what comes next (choices,)."""
    back = row[_CHOICE_BACK : _CHOICE_BACK + _BACK]
    anchored = np.empty((0, sizes.choices), np.int32)
    logits = run_head(head, body, row, back, np.minimum(back, sizes.choices), anchored)
    for choice in range(sizes.choices):
        if (row[_CHOICE_BITS] >> choice) & 1 == 0:
            logits[choice] = _NOTHING
    return logits


@kernel
def place(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array) -> Array:
    """Logits of a note's position (positions,)."""
    back, previous = row[_POSITION_BACK : _POSITION_BACK + _BACK], row[_PREVIOUS_POSITION]
    known = np.empty(5 + _BACK, np.int32)
    known[0], known[1] = row[_ROLE], row[_PROGRAM]
    known[2 : 2 + _BACK] = back
    known[2 + _BACK], known[3 + _BACK], known[4 + _BACK] = previous, row[_PREVIOUS_DURATION], row[_PREVIOUS_PITCH]
    anchored = np.full((1, sizes.positions), -1, np.int32)
    if previous < sizes.positions:
        for value in range(previous, min(sizes.positions, previous + MAX_STEP + 1)):
            anchored[0, value] = value - previous
    logits = run_head(head, body, row, known, back, anchored)
    for value in range(sizes.positions):
        if value < row[_MIN_POSITION] or value >= row[_BAR_UNITS]:
            logits[value] = _NOTHING
    return logits


@kernel
def tune(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array, position: int) -> Array:
    """Logits of a note's pitch (pitches,)."""
    back, previous = row[_PITCH_BACK : _PITCH_BACK + _BACK], row[_PREVIOUS_PITCH]
    root, quality = row[_ROOT], row[_QUALITY]
    known = np.empty(7 + _BACK, np.int32)
    known[0], known[1], known[2], known[3], known[4] = row[_ROLE], row[_PROGRAM], position, root, quality
    known[5] = previous
    known[6 : 6 + _BACK] = back
    known[6 + _BACK] = row[_PREVIOUS_POSITION]
    copies = np.empty(_BACK + 1, np.int32)
    copies[:_BACK] = back
    copies[_BACK] = previous
    anchored = np.full((head.step_starts.shape[0], sizes.pitches), -1, np.int32)
    for value in range(sizes.drum_pitch):
        if previous < sizes.drum_pitch and abs(value - previous) <= MAX_INTERVAL:
            anchored[0, value] = value - previous + MAX_INTERVAL
        if root < 12:
            anchored[1, value] = (value - root) % 12
            if quality == 1:
                anchored[2, value] = (value - root) % 12
        if sizes.tonal_levels:
            anchored[3, value] = row[_TONAL + value % 12]
        if sizes.keys and row[_KEY] > 0:
            key = row[_KEY] - 1
            anchored[4, value] = (value - key) % 12 + 12 * (key >= 12)
    logits = run_head(head, body, row, known, copies, anchored)
    is_drum = row[_PROGRAM] == sizes.drum_program
    for value in range(sizes.pitches):
        if value < row[_MIN_PITCH] or (value < sizes.drum_pitch) == is_drum:
            logits[value] = _NOTHING
    return logits


@kernel
def hold(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array, position: int, pitch: int) -> Array:
    """Logits of a note's duration (durations,)."""
    back, previous = row[_DURATION_BACK : _DURATION_BACK + _BACK], row[_PREVIOUS_DURATION]
    known = np.empty(6 + _BACK, np.int32)
    known[0], known[1], known[2], known[3], known[4] = row[_ROLE], row[_PROGRAM], position, pitch, previous
    for index in range(_BACK):
        known[5 + index] = back[index] + (sizes.durations + 2) * (row[_PITCH_BACK + index] == pitch)
    known[5 + _BACK] = row[_PREVIOUS_POSITION]
    copies = np.empty(_BACK + 1, np.int32)
    copies[:_BACK] = back
    copies[_BACK] = previous
    return run_head(head, body, row, known, copies, np.empty((0, 0), np.int32))


@kernel
def strike(
    head: HeadWeights, sizes: FieldSizes, body: Array, row: Array, position: int, pitch: int, duration: int
) -> Array:
    """Logits of a note's velocity (velocities,)."""
    back, previous = row[_VELOCITY_BACK : _VELOCITY_BACK + _BACK], row[_PREVIOUS_VELOCITY]
    known = np.empty(6 + _BACK, np.int32)
    known[0], known[1], known[2], known[3], known[4] = row[_ROLE], row[_PROGRAM], position, pitch, duration
    known[5] = previous
    for index in range(_BACK):
        known[6 + index] = back[index] + (sizes.velocities + 2) * (row[_PITCH_BACK + index] == pitch)
    copies = np.empty(_BACK + 1, np.int32)
    copies[:_BACK] = back
    copies[_BACK] = previous
    return run_head(head, body, row, known, copies, np.empty((0, 0), np.int32))


@kernel
def choose_root(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array, position: int) -> Array:
    """Logits of a chord's root (roots,)."""
    back, previous = row[_PITCH_BACK : _PITCH_BACK + _BACK], row[_ROOT]
    known = np.empty(3 + _BACK, np.int32)
    known[0], known[1], known[2] = position, previous, row[_QUALITY]
    known[3:] = back
    anchored = np.full((head.step_starts.shape[0], head.values.shape[0]), -1, np.int32)
    for value in range(12):
        if previous < 12:
            anchored[0, value] = (value - previous) % 12
        if sizes.tonal_levels:
            anchored[1, value] = row[_TONAL + value]
        if sizes.keys and row[_KEY] > 0:
            key = row[_KEY] - 1
            anchored[2, value] = (value - key) % 12 + 12 * (key >= 12)
    return run_head(head, body, row, known, back, anchored)


@kernel
def choose_quality(head: HeadWeights, sizes: FieldSizes, body: Array, row: Array, position: int, root: int) -> Array:
    """Logits of a chord's quality (qualities,)."""
    back = row[_DURATION_BACK : _DURATION_BACK + _BACK]
    known = np.empty(2 + _BACK, np.int32)
    known[0], known[1] = position, root
    for index in range(_BACK):
        known[2 + index] = back[index] + (sizes.qualities + 2) * (row[_PITCH_BACK + index] == root)
    return run_head(head, body, row, known, back, np.empty((0, 0), np.int32))


@kernel
def choose_bass(head: HeadWeights, body: Array, root: int, quality: int) -> Array:
    """Logits of a chord's bass (basses,); this head knows no wishes, so it needs no row of features."""
    known = np.empty(2, np.int32)
    known[0], known[1] = root, quality
    anchored = np.full((1, head.values.shape[0]), -1, np.int32)
    if root < 12:
        for value in range(12):
            anchored[0, value] = (value - root) % 12
    return run_head(head, body, known, known, np.empty(0, np.int32), anchored)
