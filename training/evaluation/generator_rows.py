"""Rows of the table for the generator: what stands beside each number, and what it should be. Nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.evaluation.engine_nats import MUST_PERCENT
from training.evaluation.people import PUBLISHED
from training.evaluation.table import Row, Target

Result = dict[str, Any]

_SPREAD = "in spread"
_BAND: dict[str, tuple[str, Target, bool]] = {  # statistic -> what it is called, target, whether the distance counts
    "scale_consistency": ("scale consistency, distance", Target(must=0.04, goal=0.02, spread=_SPREAD), True),
    "groove_consistency": ("groove consistency, distance", Target(must=0.05, goal=0.03, spread=_SPREAD), True),
    "drum_overlap": (
        "drum overlap of neighbouring bars, share", Target(must=0.8, goal=0.9, spread=_SPREAD, sense="at least"), False),
    "bass_in_harmony": (
        "bass inside the bar's harmony, share", Target(must=0.8, goal=0.95, spread=_SPREAD, sense="at least"), False),
    "tracks_per_bar": (
        "tracks sounding per bar, share", Target(must=0.8, goal=0.9, spread=_SPREAD, sense="at least"), False),
    "melodic_match": (
        "best match of a melodic bar earlier, share", Target(must=0.5, goal=0.8, spread=_SPREAD, sense="at least"), False),
}  # fmt: skip
_PIANO: dict[str, tuple[str, Target, bool]] = {
    "pitch_class_entropy": ("pitch-class entropy, distance", Target(must=0.10, goal=0.05, stretch=0.025), True),
    "scale_consistency": ("scale consistency, distance", Target(must=0.02, goal=0.01, stretch=0.005), True),
    "groove_consistency": ("groove consistency, distance", Target(must=0.03, goal=0.02, stretch=0.01), True),
}
_STATISTICS = ("pitch_class_entropy", "scale_consistency", "groove_consistency")


def generator_rows(result: Result) -> Iterator[Row]:
    """Yield the rows of whatever a result holds."""
    if "ngram" in result:
        yield from _likelihood(result)
    if "memory" in result:
        yield from _memory(result)
    if "wishes" in result:
        yield from _wishes(result)
    if "engines" in result:
        yield from _engines(result)
    if "band" in result:
        yield from _samples(result, "band", _BAND, what="16 bars of rock and pop")
    if "piano" in result:
        yield from _samples(result, "piano", _PIANO, what="POP909 control, 16 bars of pop")
    if "obedience" in result:
        yield obedience_row(
            result, network="generator", what="bars, metre, tempo, instruments, scale, range, given notes"
        )
    if "originality" in result:
        yield from _originality(result)
    if "people" in result:
        yield from _people(result)


def _likelihood(result: Result) -> Iterator[Row]:
    nats, ngram = result["nats_per_note"], result["ngram"]
    low, high = result.get("interval", (None, None))
    common: dict[str, Any] = {"network": "generator", "split": result["split"], "num": result["num_pieces"]}
    yield Row(
        **common, what="Lakh, nats per note (velocity and choices included)", ours=nats, low=low, high=high,
        baseline=f"{ngram['nats_per_note']:.3f} field-factored n-gram",
    )  # fmt: skip
    low, high = (100 * each for each in result.get("lower_by_interval", (result["lower_by"], result["lower_by"])))
    yield Row(
        **common, what="the same, % lower than the n-gram", ours=100 * result["lower_by"], low=low, high=high, digits=1,
        baseline="0", target=Target(must=20, goal=30, stretch=35, sense="at least"),
    )  # fmt: skip
    others = result.get("other_fields", {})
    chords = sum(others.get(name, 0.0) for name in ("chord_position", "root", "quality", "bass"))
    bars = sum(others.get(name, 0.0) for name in ("metre", "tempo", "slot", "role", "program"))
    base = sum(ngram.get("other_fields", {}).values())
    yield Row(**common, what="chord fields apart, nats per note", ours=chords, baseline=f"{base:.3f} n-gram")
    yield Row(**common, what="bar and track fields apart, nats per note", ours=bars)


def _memory(result: Result) -> Iterator[Row]:
    found = result["memory"]
    for name, what in (
        ("history_cut", "bars 9-16: nats per note lost with one bar of the past (attention and features)"),
        ("network_cut", "bars 9-16: the same, attention cut, laid-out features kept"),
    ):
        low, high = found[name]["interval"]
        yield Row(
            network="generator", what=what, split=result["split"], num=found["num_pieces"], ours=found[name]["lost"],
            low=low, high=high, digits=4, anchor=f"{found['full']:.3f} with all of it", baseline="0",
            judged=low, target=Target(must=1e-9, sense="at least", text_of_must="interval above 0"),
        )  # fmt: skip


def _wishes(result: Result) -> Iterator[Row]:
    found = result["wishes"]
    for name, what in (
        ("none", "told nothing"),
        ("wrong", "told another genre, a key a tritone away, another density"),
    ):
        low, high = found[name]["interval"]
        yield Row(
            network="generator", what=f"bars 1-8, nats per note and chord lost when {what}", split=result["split"],
            num=found["num_pieces"], ours=found[name]["lost"], low=low, high=high, digits=4, baseline="0",
            anchor=f"{found['right']['nats_per_note']:.3f} told genre, key and density",
        )  # fmt: skip


def _engines(result: Result) -> Iterator[Row]:
    found = result["engines"]
    for name in ("compiled", "compiled-int8"):
        low, high = found[name]["interval"]
        yield Row(
            network="generator", what=f"engine {name}: % more nats per note than the reference engine",
            split=result["split"], num=found["num_pieces"], ours=found[name]["percent_worse"], low=low, high=high, digits=3,
            anchor=f"{found['reference']['nats_per_note']:.3f} reference", target=Target(must=MUST_PERCENT),
        )  # fmt: skip


def _samples(result: Result, part: str, shown: dict[str, tuple[str, Target, bool]], *, what: str) -> Iterator[Row]:
    found = result[part]
    for name, (label, target, is_distance) in shown.items():
        if name not in found["statistics"]:
            continue
        each = found["statistics"][name]
        real = each["real"]["mean"]
        low, high = each["interval"]
        judged = each["distance"] if is_distance else each["share_of_real"]
        shuffled = found.get("shuffled", {}).get(name)
        baseline = f"{shuffled['mean']:.3f} real bars shuffled" if shuffled else ""
        yield Row(
            network="generator", what=f"{what}: {label} {judged:.3f}", split=result["split"], num=found["num_new"],
            ours=each["new"]["mean"], low=low, high=high, judged=judged, target=target,
            is_in_spread=each["is_in_spread"] if target.spread else None, seeds=found["seeds"],
            anchor=f"real {real:.3f} (sd {each['real']['sd']:.3f}, n {each['real']['count']}) [C]", baseline=baseline,
        )  # fmt: skip


def obedience_row(result: Result, *, network: str, what: str) -> Row:
    """Return the row of kept promises."""
    found = result["obedience"]
    return Row(
        network=network, what=f"obeyed, % of promises: {what}", split="requests", num=found["num_requests"],
        ours=100 * (found["share_kept"] or 0.0), digits=1, target=Target(must=100, sense="at least"), seeds="fixed",
    )  # fmt: skip


def _originality(result: Result) -> Iterator[Row]:
    new, people = (result["originality"][who]["exact"] for who in ("new", "people"))
    limit = 100 * people["share_above_32"]
    yield Row(
        network="generator", what="% of pieces that share a run of over 32 notes with the training set",
        split=result["split"], num=result["originality"]["new"]["num_pieces"], ours=100 * new["share_above_32"], digits=1,
        anchor=f"people's test excerpts {limit:.1f} [C]", target=Target(must=limit, goal=limit / 2, stretch=0.0),
    )  # fmt: skip
    yield Row(
        network="generator", what="longest shared run, mean notes", split=result["split"],
        num=result["originality"]["new"]["num_pieces"], ours=new["mean"], digits=1,
        anchor=f"people's test excerpts {people['mean']:.1f} [C]",
    )  # fmt: skip


def _people(result: Result) -> Iterator[Row]:
    """People's own values with this code, beside those published before: a check of the metrics, not of a network."""
    for label, found in result["people"].items():
        published = PUBLISHED.get(label, (None,) * len(_STATISTICS))
        for name, anchor in zip(_STATISTICS, published, strict=True):
            yield Row(
                network="people", what=f"{label}: {name.replace('_', ' ')} (sd {found[name]['sd']:.3f})", split="all",
                num=found[name]["count"], ours=found[name]["mean"], anchor=f"{anchor:.3f} [C]" if anchor else "new",
            )  # fmt: skip
