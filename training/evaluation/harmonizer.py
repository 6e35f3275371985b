"""Evaluates a shipped harmonizer: nats beside trivial baselines, chorales, chords and holes beside people's own.

``python -m training.evaluation.harmonizer weights/harmonizer`` prints it as JSON. What is written is written with the
balanced preset, as people get it, and with fixed seeds. The measures themselves are in ``harmonizer_nats.py``,
``chorales.py``, ``harmony.py`` and ``hole.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
import typer

from core.errors import InputError
from core.settings import Settings
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.harmony_sampling import harmony_sampling
from inference.protocol import Sampling
from training.archives import unpack_set
from training.datasets import list_pop909, read_source
from training.evaluation.chorales import count_bach, write_as_shipped, write_sopranos
from training.evaluation.harmonizer_baselines import score_chorale_baseline, score_chords_baseline
from training.evaluation.harmonizer_nats import score_set
from training.evaluation.harmony import evaluate_harmony, measure_references
from training.evaluation.hole import (
    HoleSong,
    choose_cases,
    list_cases,
    make_network_filler,
    score_filler,
    score_rules,
    song_of_columns,
)
from training.harmonizer_sets import Chorale, LeadSheet, Split, read_set

CHORALE_SETS = ("jsb_chorales", "js_fakes")
LEAD_SHEET_SETS = ("openewld", "pop909")
QUICK_PIECES = 12
BASELINE_CHORALES = 300
"""Chorales, in all keys, from which the baseline counts: all of JSB, a third of the fakes."""
HOLE_CASES = 600
QUICK_HOLE_CASES = 24
_SEED = 1


def evaluate_harmonizer(
    weights_folder: Path, data_folder: Path, *, split: Split = "test", num_pieces: int | None = None
) -> dict[str, Any]:
    """Return every number of the harmonizer's card; ``num_pieces`` limits each set for a quick look."""
    decoder = HarmonizerDecoder.load(weights_folder, "cpu")
    chorales = cast("list[Chorale]", read_set(data_folder, "jsb_chorales", split)[:num_pieces])
    rows: dict[str, Any] = {"checkpoint": decoder.checkpoint_id, "split": split}
    rows["sets"] = evaluate_nats(decoder, data_folder, split=split, num_pieces=num_pieces)
    rows["nats_per_note"] = rows["sets"]["jsb_chorales"]["nats_per_note"]
    rows["num_pieces"] = len(chorales)
    rows["rules"] = evaluate_chorales(decoder, chorales)
    rows["harmony"] = evaluate_chords(decoder, data_folder, split=split, num_pieces=num_pieces)
    rows["hole"] = evaluate_hole(
        decoder, data_folder, split=split, num_cases=HOLE_CASES if num_pieces is None else QUICK_HOLE_CASES
    )
    return rows


def evaluate_nats(
    decoder: HarmonizerDecoder, data_folder: Path, *, split: Split, num_pieces: int | None
) -> dict[str, Any]:
    """Return nats of every set beside its baseline's."""
    rows: dict[str, Any] = {}
    for name in (*CHORALE_SETS, *LEAD_SHEET_SETS):
        test = read_set(data_folder, name, split)[:num_pieces]
        train = read_set(data_folder, name, "train")[: None if num_pieces is None else 10 * num_pieces]
        row: dict[str, Any] = dict(score_set(decoder.model, test).as_dict())
        if name in CHORALE_SETS:
            counted = cast("list[Chorale]", train[:BASELINE_CHORALES])
            row["baseline"] = score_chorale_baseline(counted, cast("list[Chorale]", test))
        else:
            row["baseline"] = score_chords_baseline(cast("list[LeadSheet]", train), cast("list[LeadSheet]", test))
        rows[name] = row
    return rows


def evaluate_chorales(decoder: HarmonizerDecoder, chorales: list[Chorale]) -> dict[str, Any]:
    """Return the rates of part-writing: Bach's, as shipped, by the bare writer with masks, and the learned skill alone."""
    shipped = harmony_sampling("chorale")
    return {
        "bach": count_bach(chorales),
        "as_shipped": write_as_shipped(decoder, chorales, shipped, seed=_SEED),
        "with_masks": write_sopranos(decoder.model, chorales, shipped, with_masks=True, seed=_SEED),
        "without_masks": write_sopranos(decoder.model, chorales, Sampling(), with_masks=False, seed=_SEED),
    }


def evaluate_chords(
    decoder: HarmonizerDecoder, data_folder: Path, *, split: Split, num_pieces: int | None
) -> dict[str, Any]:
    """Return the six harmony metrics of the split, and people's own on the training archives."""
    rows: dict[str, Any] = {}
    for name in LEAD_SHEET_SETS:
        sheets = cast("list[LeadSheet]", read_set(data_folder, name, split)[:num_pieces])
        train = cast("list[LeadSheet]", read_set(data_folder, name, "train"))
        train = train[: None if num_pieces is None else 10 * num_pieces]
        rows[name] = evaluate_harmony(decoder, sheets, harmony_sampling("chords"), seeds=(_SEED,))
        rows[name]["train"] = measure_references(train, seed=_SEED)
    return rows


def evaluate_hole(decoder: HarmonizerDecoder, data_folder: Path, *, split: Split, num_cases: int) -> dict[str, Any]:
    """Return F1 of POP909's hidden bars: rules over all cases; rules and network over the same sample of them.

    A checkpoint that fills no holes is said to be one in place of its row.
    """
    songs = read_hole_songs(data_folder, split)
    cases = choose_cases(songs, num_cases=num_cases, seed=_SEED)
    row: dict[str, Any] = {
        "all_cases": score_rules(songs, list_cases(songs), seed=_SEED),
        "sample": score_rules(songs, cases, seed=_SEED),
    }
    fill = make_network_filler(decoder, harmony_sampling("fill"), seed=_SEED)
    try:
        row["harmonizer"] = score_filler(songs, cases, fill)
    except InputError as error:
        row["harmonizer_missing"] = error.reason
    return row


def read_hole_songs(data_folder: Path, split: Split) -> list[HoleSong]:
    """Return the songs of POP909 in a metre that we write."""
    songs: list[HoleSong] = []
    for source in list_pop909(unpack_set(data_folder, "pop909")):
        if source.split != split:
            continue
        try:
            columns = read_source(source)
        except InputError:
            continue  # beats in a metre of two, or none marked
        songs.append(song_of_columns(source.path.stem, columns))
    return songs


def main(weights_folder: Path, *, split: str = "test", quick: bool = False) -> None:
    """Print the evaluation of the checkpoint in a folder as JSON."""
    torch.set_num_threads(1)
    pieces = QUICK_PIECES if quick else None
    data_folder = Settings().training.data_folder
    row = evaluate_harmonizer(weights_folder, data_folder, split=cast("Split", split), num_pieces=pieces)
    print(json.dumps(row, indent=2))


if __name__ == "__main__":
    typer.run(main)
