"""From the results of each network to rows of the table: anchors and targets stand here, and nothing is measured.

Anchors are those of ``docs/results/README.md``: [C] recomputed by us from public data, [M] recalled from a paper,
[V] read in it. Targets are must / goal / stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from training.evaluation.table import Row, Target

Result = dict[str, Any]


def rows_of(network: str, result: Result) -> list[Row]:
    """Return what the table shows of a network's result; nothing of an empty one."""
    return list(_READERS[network](result)) if result else []


def _generator(result: Result) -> Iterator[Row]:
    if "ngram" in result:
        nats, baseline = result["nats_per_note"], result["ngram"]["nats_per_note"]
        low, high = result.get("interval", (None, None))
        yield Row(
            network="generator", what="Lakh, nats per note", split=result["split"], num=result["num_pieces"], ours=nats,
            low=low, high=high, baseline=f"{baseline:.3f} field-factored n-gram",
        )  # fmt: skip
        yield Row(
            network="generator", what="the same, % lower than the n-gram", split=result["split"],
            num=result["num_pieces"], ours=100 * (1 - nats / baseline), digits=1, baseline="0",
            target=Target(must=20, goal=30, stretch=35, sense="at least"),
        )  # fmt: skip


def _remixer(result: Result) -> Iterator[Row]:
    for part in ("pitch", "duration", "position", "drum"):
        if part not in result:
            continue
        found = result[part]
        ratio = found["accuracy"] / found["baseline_accuracy"]
        has_target = part in ("pitch", "duration")
        yield Row(
            network="remixer", what=f"masked {part}: accuracy over most-frequent-in-context", split=result["split"],
            num=found["num_masked"], ours=ratio, digits=2,
            baseline=f"1 ({found['baseline_accuracy']:.3f}; ours {found['accuracy']:.3f})",
            target=Target(must=1.5, goal=2.0, sense="at least") if has_target else None,
        )  # fmt: skip


def _harmonizer(result: Result) -> Iterator[Row]:
    for name, found in result.get("sets", {}).items():
        for unit in ("nats_per_note", "nats_per_chord"):
            if unit in found:
                yield Row(
                    network="harmonizer", what=f"{name}, {unit.replace('_', ' ')}", split=result["split"],
                    num=found["num_pieces"], ours=found[unit], baseline=f"{found['baseline'][f'ngram_{unit}']:.3f} n-gram",
                )  # fmt: skip


_READERS: dict[str, Callable[[Result], Iterator[Row]]] = {
    "generator": _generator,
    "remixer": _remixer,
    "harmonizer": _harmonizer,
}
