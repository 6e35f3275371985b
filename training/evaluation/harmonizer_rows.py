"""Rows of the table for the harmonizer: what stands beside each number, and what it should be. Nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.evaluation.generator_rows import obedience_row
from training.evaluation.harmony_metrics import METRICS
from training.evaluation.table import Row, Target

Result = dict[str, Any]

HUMAN: dict[str, dict[str, float]] = {
    "pop909": dict(zip(METRICS, (1.863, 9.65, 1.300, 0.901, 0.570, 1.320), strict=True)),
}
"""People's values as we computed them before, on all 909 songs and with other code."""
_PARALLELS = "four-part chorales: parallel fifths and octaves per 100 chord changes"
_HOLE_RULE = "best_match_within_16_bars"


def harmonizer_rows(result: Result) -> Iterator[Row]:
    """Yield the rows of whatever a result holds."""
    yield from _nats(result)
    if "rules" in result:
        yield from _chorales(result)
    for name, found in result.get("harmony", {}).items():
        yield from _chords(result, name, found)
    if "hole" in result:
        yield from _hole(result)
    for task, found in result.get("events", {}).get("tasks", {}).items():
        yield Row(
            network="harmonizer", what=f"{task}, nats per note (passages)", split=result["split"],
            num=found["num_passages"], ours=found["nats_per_note"], seeds="fixed",
        )  # fmt: skip
    if "obedience" in result:
        yield obedience_row(result, network="harmonizer", what="given notes kept")


def _nats(result: Result) -> Iterator[Row]:
    for name, found in result.get("sets", {}).items():
        for unit in ("nats_per_note", "nats_per_chord"):
            if unit in found:
                yield Row(
                    network="harmonizer", what=f"{name}, {unit.replace('_', ' ')}", split=result["split"],
                    num=found["num_pieces"], ours=found[unit], baseline=f"{found['baseline'][f'ngram_{unit}']:.3f} n-gram",
                )  # fmt: skip


def _chorales(result: Result) -> Iterator[Row]:
    rules = result["rules"]
    bach, free = rules["bach"], rules["without_masks"]
    shipped = rules.get("as_shipped") or rules["with_masks"]
    common: dict[str, Any] = {
        "network": "harmonizer", "split": result["split"], "num": result["num_pieces"], "seeds": str(shipped.get("seed", 1)),
    }  # fmt: skip
    name = "parallels_per_100_changes"
    yield Row(
        **common, what=f"{_PARALLELS}, as shipped", ours=shipped[name], digits=2, anchor=f"Bach {bach[name]:.2f} [C]",
        baseline=f"{free[name]:.2f} without masks", target=Target(must=0.34, goal=0.0),
    )  # fmt: skip
    name = "crossings_percent"
    yield Row(
        **common, what="the same: crossings, %", ours=shipped[name], digits=2, anchor=f"Bach {bach[name]:.2f} [C]",
        baseline=f"{free[name]:.2f} without masks", target=Target(must=0.7, goal=0.7),
    )  # fmt: skip
    if "soprano_kept" in shipped:
        yield Row(
            **common, what="the same: soprano kept, %", ours=100 * shipped["soprano_kept"], digits=1,
            target=Target(must=100, goal=100, sense="at least"),
        )  # fmt: skip
    yield Row(
        **common, what="the same: share of steps on which lower voices move", ours=shipped["change_rate"],
        anchor=f"Bach {bach['change_rate']:.3f} [C]", target=Target(must=0.20, goal=0.23, sense="at least"),
    )  # fmt: skip
    if "with_masks" in rules:
        yield Row(
            **common, what="the same: dead ends of the mask", ours=rules["with_masks"]["num_retreats"], digits=0,
            target=Target(stretch=0),
        )  # fmt: skip
    yield Row(
        **common, what=f"{_PARALLELS}, without any mask", ours=free["parallels_per_100_changes"], digits=2,
        anchor="5 in a first try", target=Target(goal=2.0, stretch=0.5),
    )  # fmt: skip
    yield Row(
        **common, what="the same: crossings, %", ours=free["crossings_percent"], digits=2, target=Target(goal=1.5),
    )  # fmt: skip


def _chords(result: Result, name: str, found: Result) -> Iterator[Row]:
    common: dict[str, Any] = {
        "network": "harmonizer", "split": result["split"], "num": found["num_pieces"],
        "seeds": ", ".join(str(seed) for seed in found.get("seeds", ())),
    }  # fmt: skip
    within = Target(must=15, goal=10, stretch=5)
    for metric, human in found["human"].items():
        away = 100 * found["off_human"][metric]
        yield Row(
            **common, what=f"{name} chords, {metric}: {away:.1f} % from people", ours=found["harmonizer"][metric],
            judged=away, anchor=f"people {human:.3f} [C]", baseline=f"{found['template'][metric]:.3f} template",
            target=within,
        )  # fmt: skip
    yield Row(
        **common, what=f"{name} chords: metrics nearer to people than the template, of 6",
        ours=found["num_nearer_than_template"], digits=0, target=Target(must=4, goal=5, stretch=6, sense="at least"),
    )  # fmt: skip
    train = found.get("train")
    if train:
        for metric, value in train["human"].items():
            anchor = HUMAN.get(name, {}).get(metric)
            yield Row(
                network="people", what=f"{name} chords, {metric}", split="train", num=train["num_pieces"], ours=value,
                anchor=f"{anchor:.3f} [C]" if anchor else "",
            )  # fmt: skip


def _hole(result: Result) -> Iterator[Row]:
    found = result["hole"]
    if "harmonizer" not in found:
        return
    rule = found["sample"]["rules"][_HOLE_RULE]
    for key, what, num, target in (
        ("f1", "hole of one bar of one track, F1", found["sample"]["num_cases"], Target(must=0.40, goal=0.52, stretch=0.60, sense="at least")),
        ("f1_without_near_copy", "the same, bars without a near copy", found["sample"]["num_cases_without_near_copy"],
         Target(must=0.15, goal=0.20, stretch=0.30, sense="at least")),
    ):  # fmt: skip
        yield Row(
            network="harmonizer", what=f"{what} (cases)", split=result["split"], num=num, ours=found["harmonizer"][key],
            baseline=f"{rule[key]:.3f} copying the best match within 16 bars", target=target, seeds="1",
        )  # fmt: skip
