"""From the results of each network to rows of the table: anchors and targets stand here, and nothing is measured.

Marks of anchors: [C] computed by us from public data, [M] recalled from a paper, [V] read in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from training.evaluation.generator_rows import generator_rows, obedience_row
from training.evaluation.harmonizer_rows import harmonizer_rows
from training.evaluation.table import Row, Target

Result = dict[str, Any]

_JSB_ROWS = {
    "single": "JSB only, one network",
    "ensemble": "JSB only, ensemble",
    "ensemble_in_seven_keys": "JSB only, ensemble, averaged over seven keys",
    "ensemble_with_fakes": "ensemble with members that learned from js_fakes, too",
}


def rows_of(network: str, result: Result) -> list[Row]:
    """Return what the table shows of a network's result; nothing of an empty one."""
    return list(_READERS[network](result)) if result else []


def _remixer(result: Result) -> Iterator[Row]:
    parts = result.get("accuracy", result)
    for name, found in parts.items():
        if not isinstance(found, dict) or not found.get("baseline_accuracy"):
            continue
        ours, base = found["accuracy"], found["baseline_accuracy"]
        is_asked = name.split(" ")[0] in ("pitch", "duration")
        yield Row(
            network="remixer", what=f"masked {name}: accuracy over most-frequent-in-context (masked fields)",
            split=result["split"], num=found["num_masked"], ours=ours / base, digits=2,
            baseline=f"1 ({base:.3f}; ours {ours:.3f})",
            target=Target(must=1.5, goal=2.0, sense="at least") if is_asked else None, seeds="fixed",
        )  # fmt: skip
    if "obedience" in result:
        yield obedience_row(result, network="remixer", what="locked bars and tracks, bars outside")


def _jsb(result: Result) -> Iterator[Row]:
    target = Target(must=0.39, goal=0.37, stretch=0.335)
    for found in (result.get("valid"), result):
        if not found:
            continue
        is_valid = found["split"] == "valid"
        anchor = "0.417 / 0.335 Transformer, relative [M]; 0.317 TonicNet, other tokens [V]" if is_valid else ""
        for name, each in found["rows"].items():
            yield Row(
                network="jsb", what=f"nats per note, {_JSB_ROWS.get(name, name)}", split=found["split"],
                num=found["num_pieces"], ours=each["nats_per_note"], digits=4,
                anchor=anchor, baseline=f"{found['ngram']['nats_per_note']:.3f} n-gram",
                target=target if is_valid else None, low=each.get("interval", (None, None))[0],
                high=each.get("interval", (None, None))[1],
            )  # fmt: skip


_READERS: dict[str, Callable[[Result], Iterator[Row]]] = {
    "generator": generator_rows,
    "remixer": _remixer,
    "harmonizer": harmonizer_rows,
    "jsb": _jsb,
}
