"""What a faster engine costs: nats per note on the same events, event by event, against the reference engine.

Both run as they do in a worker: one event at a time, in float32 or 8 bits, with the heads that the song writer calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from inference.engines.base import Engine, Logits
from inference.engines.compiled import CompiledEngine
from inference.engines.reference import ReferenceEngine
from inference.models.generator import Generator
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD, CHOICE_END, Rows
from music.vocabulary import EVENT_FIELDS, FIELDS, Kind
from training.evaluation.intervals import paired_interval

MUST_PERCENT = 0.5
"""How much worse an engine may be."""
MAX_EVENTS = 600
_ENGINES: dict[str, Callable[[Generator], Engine]] = {
    "reference": ReferenceEngine,
    "compiled": CompiledEngine,
    "compiled-int8": lambda model: CompiledEngine(model, is_rounded=True),
}


def measure_engines(model: Generator, excerpts: Sequence[Rows]) -> dict[str, Any]:
    """Return nats per note by engine, and by how many percent each is worse than the reference, with an interval.

    Of each excerpt the first ``MAX_EVENTS`` events count.
    """
    excerpts = [rows[:MAX_EVENTS] for rows in excerpts]
    notes = [int((rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum()) for rows in excerpts]
    result: dict[str, Any] = {"num_pieces": len(excerpts), "num_notes": sum(notes)}
    reference: list[float] = []
    with torch.inference_mode():
        for name, make in _ENGINES.items():
            engine = make(model)
            nats = [score_excerpt(engine, rows) for rows in excerpts]
            reference = reference or nats
            base = sum(reference) / max(sum(notes), 1)
            lost, low, high = paired_interval(nats, reference, notes)
            result[name] = {
                "nats_per_note": sum(nats) / max(sum(notes), 1),
                "percent_worse": 100 * lost / base,
                "interval": [100 * low / base, 100 * high / base],
            }
    return result


def score_excerpt(engine: Engine, rows: Rows) -> float:
    """Return the nats of the choices before all events after the header, and of the fields of all notes."""
    inputs, features = (found.tolist() for found in extract_features(rows))
    first_bar = int(np.flatnonzero(rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR))[0])
    lane = engine.open_lane(length=None)
    nats = 0.0
    try:
        for _ in lane.read(inputs[: first_bar + 1]):
            pass
        for event in range(first_bar + 1, len(rows)):
            nats += _score_event(engine, lane.output, features[event], rows[event].tolist())
            lane.push(inputs[event])
            engine.run()
    finally:
        lane.close()
    return nats


def _score_event(engine: Engine, output: Any, row: list[int], event: list[int]) -> float:
    fields = engine.fields
    kind = Kind(event[0] - FIELDS["kind"].offset)
    values = [event[1 + index] - FIELDS[name].offset for index, name in enumerate(EVENT_FIELDS[kind])]
    choices = {Kind.BAR: CHOICE_BAR, Kind.CHORD: CHOICE_CHORD, Kind.END: CHOICE_END}
    if kind != Kind.NOTE:
        return _nats(fields.choose(output, row), choices[kind])
    slot, position, pitch, duration, velocity = values
    return (
        _nats(fields.choose(output, row), slot)
        + _nats(fields.place(output, row), position)
        + _nats(fields.tune(output, row, position), pitch)
        + _nats(fields.hold(output, row, position, pitch), duration)
        + _nats(fields.strike(output, row, position, pitch, duration), velocity)
    )


def _nats(logits: Logits, value: int) -> float:
    top = logits.max()
    return float(top + np.log(np.exp(logits - top).sum()) - logits[value])
