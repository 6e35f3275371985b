"""Measures the JSB benchmark as ``numbers.md`` defines it: nats per note over all four voices, whole pieces, 16th grid.

Every frame and voice counts once, rests too; nothing is padded, there are no chord or structure tokens. Each frame is
written soprano, bass, alto, tenor, from the past only. An ensemble is the mean of its members' shares, voice by voice;
transposition averaging is the mean over several keys in which the same piece is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from music.tokenizers.chorale import NUM_PITCH_VALUES, ChoraleFrames, Floats
from training.evaluation.jsb_baselines import StepNGram, near_duplicates, persistence_accuracy
from training.jsb import load_members, log_shares, nats_of, read_frames
from training.jsb_data import ORDER, Counts, Prepared, prepare
from training.jsb_model import ChoraleModel

VOICE_NAMES = ("soprano", "alto", "tenor", "bass")
SHIFTS = (-1, 1)
QUICK_PIECES = 12
_FLOOR = 1e-9
_DRAWS = 4000


def evaluate_jsb(
    weights_folder: Path, data_folder: Path, *, split: Literal["valid", "test"], is_quick: bool
) -> dict[str, Any]:
    """Return the numbers of the shipped members on the JSB chorales' split; quick: one member on the first 12 pieces."""
    pieces = read_frames(data_folder, "jsb_chorales", split)
    result = measure_chorales(
        weights_folder, data_folder, pieces[:QUICK_PIECES] if is_quick else pieces, is_quick=is_quick
    )
    return {"split": split, **result}


def measure_chorales(
    weights_folder: Path, data_folder: Path, pieces: Sequence[ChoraleFrames], *, is_quick: bool
) -> dict[str, Any]:
    """Return nats per note of any chorales: one member, all together, in several keys, and the trivial rows.

    ``weights_folder`` holds ``jsb/<member>``; a member whose name begins with ``fakes`` was trained on js_fakes too and
    has rows of its own. ``data_folder`` holds the JSB chorales, whose training split is counted anew. ``nats_per_note``
    is the ensemble's that knows no other data, quick: one member's.
    """
    train = read_frames(data_folder, "jsb_chorales", "train")
    data = prepare(pieces, Counts(train), is_counted=False)
    members = load_members(weights_folder / "jsb")
    own = [name for name in members if not name.startswith("fakes")]
    fakes = [name for name in members if name not in own]
    used = own[:1] if is_quick else [*own, *fakes]
    shares = {name: np.concatenate(log_shares(members[name], data)) for name in used}
    best = [shares[name] for name in own if name in shares]
    rows = {"single": describe(best[:1], data)}
    if len(best) > 1:
        in_keys = [shares_in_keys(members[name], data, shares[name]) for name in own]
        rows |= {"ensemble": describe(best, data), "ensemble_in_three_keys": describe(in_keys, data)}
    if len(used) > len(best):
        rows["single_with_fakes"] = describe([shares[fakes[0]]], data)
        rows["ensemble_with_fakes"] = describe(list(shares.values()), data)
    duplicates = near_duplicates(train, pieces)
    return {
        **rows["ensemble" if "ensemble" in rows else "single"],
        "num_pieces": len(pieces),
        "num_notes": int(data.values.size),
        "rows": rows,
        "members": {name: describe([each], data)["nats_per_note"] for name, each in shares.items()},
        "ngram": {"nats_per_note": round(StepNGram(train).nats(pieces), 4)},
        "persistence": {"accuracy": round(persistence_accuracy(pieces), 4)},
        "near_duplicates": {
            "num_pieces": len(duplicates),
            "single_without_them": _without(best[0], data, duplicates),
            "ensemble_without_them": _without(average_shares(best), data, duplicates),
        },
    }


def average_shares(members: Sequence[Floats]) -> Floats:
    """Return the log of the mean of shares (N, V, values)."""
    highest = np.maximum.reduce(members)
    return highest + np.log(np.mean([np.exp(each - highest) for each in members], axis=0))


def shares_in_keys(model: ChoraleModel, data: Prepared, unmoved: Floats, shifts: Iterable[int] = SHIFTS) -> Floats:
    """Return log shares (N, V, values) averaged over the piece's key (``unmoved``) and others that its ranges allow."""
    lengths = np.diff(data.starts)
    lowest, highest = (np.repeat(data.shifts[:, side], lengths) for side in (0, 1))
    total = np.exp(unmoved.astype(np.float64))
    for shift in shifts:
        moved = move_back(np.exp(np.concatenate(log_shares(model, data, shift=shift))), shift)
        is_allowed = (shift >= lowest) & (shift <= highest)
        total += moved * is_allowed[:, None, None]
    return np.log(total / total.sum(axis=2, keepdims=True)).astype(np.float32)


def move_back(shares: Floats, shift: int) -> Floats:
    """Return shares (N, V, values) of a piece read ``shift`` semitones higher, as shares of its own pitches."""
    moved = np.full_like(shares, _FLOOR)
    size = NUM_PITCH_VALUES
    moved[..., 0] = shares[..., 0]
    moved[..., max(1, 1 - shift) : min(size, size - shift)] = shares[..., max(1, 1 + shift) : min(size, size + shift)]
    return moved / moved.sum(axis=2, keepdims=True)


def describe(members: Sequence[Floats], data: Prepared) -> dict[str, Any]:
    """Return nats per note and accuracy of members together, of all voices and each.

    ``interval`` holds the 2.5th and 97.5th percentile of the nats when whole pieces are drawn again (bootstrap, fixed seed).
    """
    shares = average_shares(members)
    nats = nats_of([shares], data)
    hits = shares.argmax(axis=2) == data.values
    return {
        "nats_per_note": round(float(nats.mean()), 4),
        "accuracy": round(float(hits.mean()), 4),
        "interval": _bootstrap(nats.sum(axis=1), data),
        "voices": {
            VOICE_NAMES[voice]: {
                "nats_per_note": round(float(nats[:, place].mean()), 4),
                "accuracy": round(float(hits[:, place].mean()), 4),
            }
            for place, voice in enumerate(ORDER)
        },
    }


def _bootstrap(nats: Floats, data: Prepared) -> tuple[float, float]:
    """Return the interval of the mean of nats (N,) summed over voices."""
    lengths = np.diff(data.starts)
    sums = np.add.reduceat(nats.astype(np.float64), data.starts[:-1])
    drawn = np.random.default_rng(1).integers(0, len(lengths), (_DRAWS, len(lengths)))
    means = sums[drawn].sum(axis=1) / (len(ORDER) * lengths[drawn].sum(axis=1))
    low, high = np.percentile(means, (2.5, 97.5))
    return round(float(low), 4), round(float(high), 4)


def _without(shares: Floats, data: Prepared, duplicates: Sequence[int]) -> float:
    """Return nats per note over the other pieces."""
    owner = np.repeat(np.arange(data.num_pieces), np.diff(data.starts))
    return round(float(nats_of([shares], data)[~np.isin(owner, list(duplicates))].mean()), 4)
