"""Prepares chorales for the JSB benchmark: everything that is read of them. It knows no network.

All that a network reads is computed once, in one key: it is relative to each voice's last pitch, so a transposition only
moves pitch ids. Counts are always those of the JSB training split; its own pieces do not see themselves in them.

Legend: N frames of all pieces, T frames of one, V voices in the order of writing, S steps, K columns of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.chorale import (
    MAX_STEP,
    NUM_LEVELS,
    NUM_RULES,
    NUM_STEPS,
    NUM_VOICES,
    VOICE_SIZES,
    ChoraleFrames,
    Floats,
    Ids,
    class_levels,
    pitch_values,
    reading_ids,
    rule_flags,
    voice_ids,
)
from training.jsb_counts import PREDICTORS, Level, contexts_of, interpolate
from training.jsb_matches import MATCHES, match_levels

ORDER = (0, 3, 1, 2)
"""Soprano, bass, alto, tenor: each frame is written in this order."""
MAX_DEPTH = 16
HEAD_SIZES: tuple[int, ...] = (*VOICE_SIZES, *((MAX_DEPTH + 1,) * len(PREDICTORS)), *((NUM_STEPS,) * len(PREDICTORS)))
NUM_DENSE = NUM_LEVELS + len(PREDICTORS) + len(MATCHES)
NUM_COLUMNS = len(PREDICTORS) + len(MATCHES) + 3 + NUM_RULES * (NUM_VOICES - 1)
"""Columns of a step: counts, matches, how common its class and its pitch have been, rules."""
LEAST_LOG_SHARE = -9.0
VOICE_RANGES = ((57, 84), (50, 77), (45, 72), (33, 67))
"""Lowest and highest pitch of soprano, alto, tenor and bass that transposition may reach."""

Half = NDArray[np.float16]
Short = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All frames of some chorales, one after another; piece p has frames ``starts[p]`` to ``starts[p + 1]``."""

    starts: Ids
    shifts: Ids  # (P, 2) lowest and highest transposition
    reading: Short  # (N, W)
    head_ids: Short  # (N, V, H)
    dense: Half  # (N, V, NUM_DENSE)
    columns: Half  # (N, V, S, K)
    anchors: Short  # (N, V) MIDI pitches
    values: Short  # (N, V) what is to be written

    @property
    def num_pieces(self) -> int:
        return len(self.starts) - 1


class Counts:
    """Counts of the training chorales, by voice and predictor."""

    def __init__(self, train: Sequence[ChoraleFrames]) -> None:
        self.levels: dict[tuple[int, str], list[Level]] = {}
        pieces = np.concatenate([np.full(len(each.pitches), index) for index, each in enumerate(train)])
        for voice, written in voices_in_order():
            steps = np.concatenate([each.steps(voice) for each in train])
            for predictor in PREDICTORS:
                chains = zip(*(contexts_of(each, voice, written, predictor) for each in train), strict=True)
                self.levels[voice, predictor] = [
                    Level.count(np.concatenate(contexts), steps, pieces) for contexts in chains
                ]

    def shares(
        self, frames: ChoraleFrames, voice: int, written: Sequence[int], own_piece: int | None
    ) -> tuple[Floats, Ids]:
        """Return shares (T, S, predictors) and depths (T, predictors); ``own_piece`` is left out of the counts."""
        shares: list[Floats] = []
        depths: list[Ids] = []
        pieces = None if own_piece is None else np.full(len(frames.pitches), own_piece)
        for predictor in PREDICTORS:
            chain = contexts_of(frames, voice, written, predictor)
            share, depth = interpolate(self.levels[voice, predictor], chain, pieces)
            shares.append(share)
            depths.append(depth)
        return np.stack(shares, axis=-1), np.stack(depths, axis=-1)


def voices_in_order() -> list[tuple[int, tuple[int, ...]]]:
    """Return each voice with those written before it."""
    return [(voice, ORDER[:place]) for place, voice in enumerate(ORDER)]


def prepare(pieces: Sequence[ChoraleFrames], counts: Counts, *, is_counted: bool) -> Prepared:
    """Compute everything that is read; ``is_counted`` pieces are those that the counts were made of, in their order."""
    rows: list[tuple[Any, ...]] = []
    for index, frames in enumerate(pieces):
        by_voice = [
            _prepare_voice(frames, voice, written, counts, index if is_counted else None)
            for voice, written in voices_in_order()
        ]
        head_ids, dense, columns = (np.stack(parts, axis=1) for parts in zip(*by_voice, strict=True))
        order = list(ORDER)
        values = pitch_values(frames.pitches[:, order]).astype(np.int16)
        anchors = frames.anchors[:, order].astype(np.int16)
        rows.append((reading_ids(frames).astype(np.int16), head_ids, dense, columns, anchors, values))
    joined = [np.concatenate(parts) for parts in zip(*rows, strict=True)]
    starts = np.cumsum([0, *(len(each.pitches) for each in pieces)])
    return Prepared(starts, np.array([shift_range(each.pitches) for each in pieces]), *joined)


def join(first: Prepared, second: Prepared) -> Prepared:
    """Return the pieces of both, one after another."""
    names = ("shifts", "reading", "head_ids", "dense", "columns", "anchors", "values")
    joined = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in names]
    return Prepared(np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]), *joined)


def _prepare_voice(
    frames: ChoraleFrames, voice: int, written: tuple[int, ...], counts: Counts, own_piece: int | None
) -> tuple[Short, Half, Half]:
    shares, depths = counts.shares(frames, voice, written, own_piece)
    logs = np.maximum(np.log(np.maximum(shares, 1e-6)), LEAST_LOG_SHARE)
    matches, longest = match_levels(frames, voice, written)
    levels = class_levels(frames, voice)
    ids = np.concatenate(
        [voice_ids(frames, voice, written), np.minimum(depths, MAX_DEPTH), shares.argmax(axis=1)], axis=1
    )
    dense = np.concatenate([levels, logs.max(axis=1), np.log1p(longest) / 3], axis=1)
    rules = np.zeros((len(ids), NUM_STEPS, NUM_RULES * (NUM_VOICES - 1)), dtype=np.float32)
    flags = rule_flags(frames, voice, written)
    rules[:, :, : flags.shape[2]] = flags
    columns = np.concatenate([logs, matches, _common(frames, voice, levels), rules], axis=2)
    return ids.astype(np.int16), dense.astype(np.float16), columns.astype(np.float16)


def _common(frames: ChoraleFrames, voice: int, levels: Floats) -> Floats:
    """Return (T, S, 3): how common a step's pitch class has been (long and short memory) and its pitch in this voice."""
    turn = (np.arange(NUM_STEPS) - MAX_STEP) % 12
    by_class = levels.reshape(len(levels), 2, 12)[:, :, turn].transpose(0, 2, 1)
    heard = np.zeros((len(levels), 128))
    before = frames.before()[:, voice]
    sounding = np.flatnonzero(before >= 0)
    heard[sounding, before[sounding]] = 1
    counts = heard.cumsum(axis=0)
    wanted = np.clip(frames.anchors[:, voice][:, None] + np.arange(NUM_STEPS) - MAX_STEP, 0, 127)
    by_pitch = np.log1p(np.take_along_axis(counts, wanted, axis=1)) / 3
    both = np.concatenate([np.log(np.maximum(by_class, 0.02)), by_pitch[:, :, None]], axis=2)
    both[:, NUM_STEPS - 1] = 0
    return np.where(frames.anchors[:, voice][:, None, None] >= 0, both, 0).astype(np.float32)


def shift_range(pitches: Ids) -> tuple[int, int]:
    """Return the lowest and the highest transposition that keeps each voice in its range, at most a tritone away."""
    low, high = -6, 5
    for voice, (lowest, highest) in enumerate(VOICE_RANGES):
        sounding = pitches[:, voice][pitches[:, voice] >= 0]
        if len(sounding):
            low, high = max(low, lowest - int(sounding.min())), min(high, highest - int(sounding.max()))
    return min(low, 0), max(high, 0)
