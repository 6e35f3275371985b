"""Evaluates a shipped harmonizer: nats on a split beside trivial baselines, and the rules of part-writing beside Bach's.

``python -m training.evaluation.harmonizer weights/harmonizer`` prints it as JSON. Rule statistics are of the JSB sopranos of
the split, written with fixed seeds, with and without masks, counted as ``inference/decoding/chorale_rules.py`` says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import typer
from rich.progress import track

from core.settings import Settings
from inference.decoding.chorale_rules import ChoraleRules, RuleCounts, count_rules, reach_of
from inference.decoding.chorale_writer import ChoraleWriter, WritingReport
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.models.seq2seq import Seq2Seq
from inference.protocol import Sampling
from music.tokenizers.harmony import NUM_VOICE_VALUES, WRITTEN_VOICES, voice_values
from music.tokenizers.harmony_reading import read_chorale_line
from training.evaluation.harmonizer_baselines import score_chorale_baseline, score_chords_baseline
from training.evaluation.harmonizer_nats import score_set
from training.harmonizer_sets import Chorale, LeadSheet, Split, read_set

CHORALE_SETS = ("jsb_chorales", "js_fakes")
LEAD_SHEET_SETS = ("openewld", "pop909")
QUICK_PIECES = 12
BASELINE_CHORALES = 300
"""Chorales, in all keys, from which the baseline counts: all of JSB, a third of the fakes."""
_NO_LIMITS = {voice: np.arange(NUM_VOICE_VALUES) > 0 for voice in WRITTEN_VOICES}


def evaluate_harmonizer(
    weights_folder: Path, data_folder: Path, *, split: Split = "test", num_pieces: int | None = None
) -> dict[str, Any]:
    """Return every number of the harmonizer's card; ``num_pieces`` limits each set for a quick look."""
    decoder = HarmonizerDecoder.load(weights_folder, "cpu")
    rows: dict[str, Any] = {"checkpoint": decoder.checkpoint_id, "split": split, "sets": {}}
    for name in (*CHORALE_SETS, *LEAD_SHEET_SETS):
        test = read_set(data_folder, name, split)[:num_pieces]
        train = read_set(data_folder, name, "train")[: None if num_pieces is None else 10 * num_pieces]
        row: dict[str, Any] = dict(score_set(decoder.model, test).as_dict())
        if name in CHORALE_SETS:
            counted = cast("list[Chorale]", train[:BASELINE_CHORALES])
            row["baseline"] = score_chorale_baseline(counted, cast("list[Chorale]", test))
        else:
            row["baseline"] = score_chords_baseline(cast("list[LeadSheet]", train), cast("list[LeadSheet]", test))
        rows["sets"][name] = row

    chorales = cast("list[Chorale]", read_set(data_folder, "jsb_chorales", split)[:num_pieces])
    rows["nats_per_note"] = rows["sets"]["jsb_chorales"]["nats_per_note"]
    rows["num_pieces"] = len(chorales)
    rows["rules"] = {
        "bach": rates(reduce(add, (count_rules(voice_values(chorale.pitches)) for chorale in chorales))),
        "with_masks": write_sopranos(decoder.model, chorales, with_masks=True),
        "without_masks": write_sopranos(decoder.model, chorales, with_masks=False),
    }
    return rows


def rates(counts: RuleCounts) -> dict[str, float]:
    """Return counts as the rates that people compare."""
    return {
        "parallels_per_100_changes": round(100 * counts.num_parallels / counts.num_chord_changes, 3),
        "crossings_percent": round(100 * counts.num_crossings / counts.num_pairs, 3),
        "change_rate": round(counts.num_moves / counts.num_voice_steps, 3),
        "num_chord_changes": counts.num_chord_changes,
    }


def write_sopranos(
    model: Seq2Seq, chorales: Sequence[Chorale], *, with_masks: bool, temperature: float = 1.0
) -> dict[str, float]:
    """Write parts for the sopranos of chorales, seed 1, and return the rule statistics.

    Without masks nothing but silence is forbidden: neither rules nor ranges.
    """
    rules = ChoraleRules(
        reach=reach_of(shift=0) if with_masks else _NO_LIMITS,
        forbids_parallels=with_masks,
        forbids_crossing=with_masks,
    )
    open_window = NumpySeq2Seq(model).open_window
    totals: list[RuleCounts] = []
    reports: list[WritingReport] = []
    hits = num_notes = 0
    for chorale in track(chorales, description="with masks" if with_masks else "without masks"):
        is_sung = chorale.pitches[:, 0] >= 0
        melody = read_chorale_line(chorale.pitches[is_sung, 0])
        sampling = Sampling(temperature_notes=temperature)
        writer = ChoraleWriter(open_window=open_window, melody=melody, rules=rules, sampling=sampling, seed=1)
        for _ in writer.write():
            pass
        totals.append(count_rules(writer.voices))
        reports.append(writer.report)
        bach = voice_values(chorale.pitches[is_sung])[:, 1:]
        hits += int((writer.voices[:, 1:] == bach).sum())
        num_notes += bach.size
    row = rates(reduce(add, totals))
    row["num_retreats"] = sum(report.num_retreats for report in reports)
    row["num_relaxed"] = sum(report.num_relaxed for report in reports)
    row["same_pitch_as_bach"] = round(hits / num_notes, 3)
    row["temperature"] = temperature
    return row


def main(weights_folder: Path, *, split: str = "test", quick: bool = False) -> None:
    """Print the evaluation of the checkpoint in a folder as JSON."""
    torch.set_num_threads(1)
    pieces = QUICK_PIECES if quick else None
    data_folder = Settings().training.data_folder
    row = evaluate_harmonizer(weights_folder, data_folder, split=cast("Split", split), num_pieces=pieces)
    print(json.dumps(row, indent=2))


if __name__ == "__main__":
    typer.run(main)
