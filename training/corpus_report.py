"""What went into a corpus, as one JSON object and as tables: pieces, events, notes, reasons, labels and their origins.

It reads no files and knows no networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from music.constraints import METRES
from music.vocabulary import FIELDS, GENRES, Kind
from training.datasets import SPLITS
from training.genre_labels import FEW_LABELS

if TYPE_CHECKING:
    from training.corpus import PieceEntry, Rows

_BAR_ID = FIELDS["kind"].id_of(Kind.BAR)
_NOTE_ID = FIELDS["kind"].id_of(Kind.NOTE)


def make_report(
    *, names: Sequence[str], entries: Sequence[PieceEntry], chunks: Sequence[Rows], outcomes: Counter[str]
) -> dict[str, Any]:
    """Return the counts of a corpus; ``chunks`` are the rows of ``entries``, ``outcomes`` count "set: in" or why not."""
    sets: dict[str, dict[str, Counter[str]]] = {name: {split: Counter() for split in SPLITS} for name in names}
    metres: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for entry, rows in zip(entries, chunks, strict=True):
        num_notes = int((rows[:, 0] == _NOTE_ID).sum())
        found = {"pieces": 1, "notes": num_notes, "events": len(rows)}
        sets.setdefault(entry.data_set, {split: Counter() for split in SPLITS})[entry.split].update(found)
        totals.update(found)
        for value in np.unique(rows[rows[:, 0] == _BAR_ID, 1] - FIELDS["metre"].offset).tolist():
            metres["{}/{}".format(*METRES[value])] += 1
    counts = {
        name: {split: {key: each[key] for key in ("pieces", "notes", "events")} for split, each in splits.items()}
        for name, splits in sets.items()
    }
    labels = count_labels(entries)
    return {
        "sets": counts,
        "num_events": totals["events"],
        "num_notes": totals["notes"],
        "outcomes": dict(sorted(outcomes.items())),
        "genres_train": labels,
        "weak_genres": find_weak_genres(labels),
        "unlabelled_train": sum(1 for entry in entries if entry.split == "train" and not entry.genres),
        "pieces_with_metre": dict(metres.most_common()),
    }


def count_labels(entries: Sequence[PieceEntry]) -> dict[str, dict[str, int]]:
    """Return for each genre how many training pieces bear it, in all and by where the label comes from.

    A piece with two genres counts for both. The origin is the set's name, and what in the set said so.
    """
    counts: dict[str, Counter[str]] = {genre: Counter() for genre in GENRES}
    for entry in entries:
        if entry.split != "train":
            continue
        origins = entry.origins or ("",) * len(entry.genres)
        for genre, origin in zip(entry.genres, origins, strict=True):
            counts[genre].update(("all", f"{entry.data_set} {origin}".strip()))
    ordered = sorted(counts.items(), key=lambda item: -item[1]["all"])
    return {genre: {"all": each["all"], **dict(each.most_common())} for genre, each in ordered}


def find_weak_genres(labels: dict[str, dict[str, int]]) -> list[str]:
    """Return the genres that have fewer labelled training pieces than ``FEW_LABELS``."""
    return [genre for genre, counts in labels.items() if counts["all"] < FEW_LABELS]


def report_tables(report: dict[str, Any]) -> list[Table]:
    """Return a report as tables for people."""
    sets = Table("set", "pieces: train", "valid", "test", "left out", "notes", "events", title=report.get("name", ""))
    for name, splits in report["sets"].items():
        left_out = sum(
            count
            for outcome, count in report["outcomes"].items()
            if outcome.startswith(f"{name}: ") and outcome != f"{name}: in"
        )
        pieces = [f"{splits[split]['pieces']:,}" for split in SPLITS]
        sums = [f"{sum(each[key] for each in splits.values()):,}" for key in ("notes", "events")]
        sets.add_row(name, *pieces, f"{left_out:,}", *sums)
    reasons = Table("why pieces stayed out", "pieces")
    for outcome, count in sorted(report["outcomes"].items(), key=lambda item: -item[1]):
        if not outcome.endswith(": in"):
            reasons.add_row(outcome, f"{count:,}")
    genres = Table("genre", "training pieces", "labels from")
    for genre, counts in report["genres_train"].items():
        origins = ", ".join(f"{origin} {count:,}" for origin, count in counts.items() if origin != "all")
        weak = " (weak)" if genre in report["weak_genres"] else ""
        genres.add_row(genre + weak, f"{counts['all']:,}", origins)
    return [sets, reasons, genres]
