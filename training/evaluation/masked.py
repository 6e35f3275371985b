"""The remixer's masked accuracy as the table shows it. It measures nothing itself."""

from __future__ import annotations

from typing import Any

from core.errors import CheckpointError
from inference.models.remixer import RemixerNetwork
from training.evaluation.remixer_scores import score_remixer
from training.octuple_corpus import OctupleCorpus

WINDOWS, QUICK_WINDOWS = 400, 20
_SHARE = "15%"
"""The share of (track, bar) groups that is masked where one number must stand for all; the paper's."""


def score_masked(model: Any, corpus: OctupleCorpus, *, split: str, num_windows: int) -> dict[str, Any]:
    """Return ``accuracy`` (rows of scores by task) and ``nats_per_note``: masked nats over the number of masked notes."""
    if not isinstance(model, RemixerNetwork):
        raise CheckpointError("Published MusicBERT weights cannot be measured here: they read no sources.")
    rows = score_remixer(model, corpus, split=split, num_windows=num_windows)
    names = [f"pitch {_SHARE}", f"rhythm position {_SHARE}", f"rhythm duration {_SHARE}"]
    parts, notes = [rows[name] for name in names if name in rows], names[:2]
    total = sum(part["nats"] * part["num_masked"] for part in parts)
    count = sum(rows[name]["num_masked"] for name in notes if name in rows)
    return {"nats_per_note": total / max(count, 1), "num_windows": num_windows, "accuracy": rows}
