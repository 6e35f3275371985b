"""Whether the generator's memory helps: bars 9 to 16 of test pieces, read with everything before and with one bar of it.

The network has two memories: the Transformer-XL's own (keys of earlier events), and the features that the tracker lays
out for it (what the same part played 1, 2, 4 and 8 bars ago). So bars are cut off twice:

- ``network_cut``: attention reaches back to the beginning of the bar before; the features still know the whole piece;
- ``history_cut``: the piece itself begins with the bar before, for attention and features alike.

The header (controls and tracks) and the bars' own fields are the same in all readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.models.generator import Generator
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import Rows
from music.vocabulary import PAD_ID
from training.corpus import Corpus
from training.evaluation.event_nats import PieceNats, Reading, bars_of, score_readings, whole_reading
from training.evaluation.intervals import paired_interval
from training.generator import held_out_excerpts

START_BAR, STOP_BAR = 8, 16
_LANES = 32  # the windows are short


def measure_memory(model: Generator, corpus: Corpus, *, split: str, num_pieces: int) -> dict[str, Any]:
    """Return nats per note of bars 9 to 16 in all three readings, and paired bootstrap intervals of what is lost."""
    found = held_out_excerpts(corpus, split=split, num_pieces=num_pieces, num_bars=STOP_BAR)
    excerpts = [rows for rows in found if bars_of(rows).max() + 1 == STOP_BAR]
    full = score_readings(
        model, [whole_reading(rows, is_asked=bars_of(rows) >= START_BAR) for rows in excerpts]
    )  # fmt: skip
    notes = [score.num_notes for score in full]
    result: dict[str, Any] = {
        "num_pieces": len(excerpts),
        "num_notes": sum(notes),
        "full": sum(score.note_nats for score in full) / max(sum(notes), 1),
    }
    for name, is_forgotten in (("network_cut", False), ("history_cut", True)):
        cut = score_cut(model, excerpts, forgets_features=is_forgotten)
        lost, low, high = paired_interval(
            [score.note_nats for score in cut], [score.note_nats for score in full], notes
        )  # fmt: skip
        result[name] = {"nats_per_note": result["full"] + lost, "lost": lost, "interval": [low, high]}
    return result


def score_cut(model: Generator, excerpts: Sequence[Rows], *, forgets_features: bool) -> list[PieceNats]:
    """Return each excerpt's nats in bars 9 to 16, every bar read after the header and one bar alone."""
    readings: list[Reading] = []
    owners: list[int] = []
    for owner, rows in enumerate(excerpts):
        windows = cut_readings(rows, forgets_features=forgets_features)
        readings += windows
        owners += [owner] * len(windows)
    totals = [PieceNats() for _ in excerpts]
    for owner, score in zip(owners, score_readings(model, readings, num_lanes=_LANES), strict=True):
        totals[owner].num_notes += score.num_notes
        for name, value in score.parts.items():
            totals[owner].parts[name] = totals[owner].parts.get(name, 0.0) + value
    return totals


def cut_readings(rows: Rows, *, forgets_features: bool) -> list[Reading]:
    """Return one reading for each of bars 9 to 16: header, the bar before, and the bar, of which alone is asked."""
    bar = bars_of(rows)
    inputs, features = extract_features(rows)
    readings: list[Reading] = []
    for number in range(START_BAR, STOP_BAR):
        kept = np.flatnonzero((bar == -1) | (bar == number - 1) | (bar == number))
        targets = rows[kept][1:].copy()
        targets[bar[kept][1:] != number] = PAD_ID
        read, known = extract_features(rows[kept]) if forgets_features else (inputs[kept], features[kept])
        readings.append(Reading(inputs=read[:-1], targets=targets, features=known[1:]))
    return readings
