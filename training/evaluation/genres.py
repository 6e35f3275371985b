"""How well the remixer's network tells genres on pieces that it never saw, beside always saying the commonest. No training.

Every labelled piece of the split is read as ``/describe`` reads it. Published, for orientation only: F1-micro 0.761 for
MusicBERT small with 13 classes of TOPMAGD (Zeng et al. 2021, arXiv 2106.05630, table 3); other pieces, other labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from inference.decoding.description import read_rows
from inference.models.remixer import RemixerNetwork
from training.octuple_corpus import TRACK, OctupleCorpus

_UNSURE = 0.5  # as in bot/services/reading/description.py

Guess = tuple[str, str, float]  # what it is, what it seems, how sure


def evaluate_genres(
    model: RemixerNetwork, corpus: OctupleCorpus, labels: Sequence[int], *, split: str, max_pieces: int = 10_000
) -> dict[str, Any]:
    """Return the scores of all labelled pieces of a split, and under ``sets`` of each data set alone.

    ``labels`` are those of ``training/genres.py``; with more than ``max_pieces`` every so many are read.
    """
    genres = model.config.genres
    chosen = [
        (piece, genres[label])
        for piece, label in zip(corpus.pieces, labels, strict=True)
        if piece.split == split and label >= 0
    ]
    chosen = chosen[:: -(-len(chosen) // max_pieces) or 1]
    by_set: dict[str, list[Guess]] = {}
    for piece, genre in chosen:
        rows = corpus.rows[piece.start_row : piece.stop_row].astype("int64")
        found = read_rows(model, rows[:, :TRACK], rows[:, TRACK])
        best = max(range(len(genres)), key=found.chances.__getitem__)
        by_set.setdefault(piece.data_set, []).append((genre, genres[best], found.chances[best]))
    everything = [guess for guesses in by_set.values() for guess in guesses]
    sets = {name: score_guesses(guesses) for name, guesses in sorted(by_set.items())}
    return {"split": split, **score_guesses(everything), "sets": sets}


def score_guesses(guesses: Sequence[Guess]) -> dict[str, Any]:
    """Return accuracy (with one label a piece it is F1-micro), F1-macro over the genres there are, and the baseline of each.

    ``sure_share`` and ``sure_accuracy`` are of the guesses that ``/describe`` would show without "unsure".
    """
    true = Counter(truth for truth, _, _ in guesses)
    commonest = true.most_common(1)[0][0]
    sure = [guess for guess in guesses if guess[2] >= _UNSURE]
    return {
        "num_pieces": len(guesses),
        "accuracy": _accuracy(guesses),
        "f1_macro": _f1_macro(guesses),
        "majority": commonest,
        "majority_accuracy": round(true[commonest] / len(guesses), 4),
        "majority_f1_macro": _f1_macro([(truth, commonest, 1.0) for truth, _, _ in guesses]),
        "sure_share": round(len(sure) / len(guesses), 4),
        "sure_accuracy": _accuracy(sure),
        "pieces": dict(true.most_common()),
    }


def _accuracy(guesses: Sequence[Guess]) -> float:
    return round(sum(truth == guess for truth, guess, _ in guesses) / max(len(guesses), 1), 4)


def _f1_macro(guesses: Sequence[Guess]) -> float:
    scores: list[float] = []
    for genre in {truth for truth, _, _ in guesses}:
        hits = sum(truth == guess == genre for truth, guess, _ in guesses)
        named = sum((truth == genre) + (guess == genre) for truth, guess, _ in guesses)
        scores.append(2 * hits / named)
    return round(sum(scores) / len(scores), 4)
