"""How long a passage pieces share with the training music: generated ones beside people's own. It knows no network.

``python -m training.evaluation.originality [--data FOLDER_OF_MIDI]`` prints one JSON object. Two lengths are told: the
*bound* that replies show, from the shipped fingerprints, and the *exact* length, from the training lines on disk.
People's own music sets the scale: excerpts of the test split (the same bars as elsewhere in the evaluation), whole test
pieces with all their tracks, and excerpts of the training split, which are all copies and show what can be found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.errors import ConfigurationError, InputError
from core.settings import Settings
from music.midi import read_midi
from music.originality import FINGERPRINTS_FOLDER, WINDOW, Fingerprints, Symbols, spell_piece
from music.piece import Piece
from music.tokenizers.event import EventTokenizer
from music.vocabulary import Kind, make_event
from training.collate import cut_bars
from training.corpus import Corpus, PieceEntry
from training.evaluation.midi_folder import list_midi_files
from training.fingerprints import ExactIndex, load_exact_index, read_lines
from training.train import CONFIGS, open_corpus

LONG_RUN_NOTES = 32
"""A run of more notes than these counts as a copied passage."""
NUM_BARS = 16
START_BAR = 16
SEED = 1


@dataclass(frozen=True, slots=True)
class OriginalityIndex:
    """The training music in both forms."""

    bound: Fingerprints
    exact: ExactIndex

    @classmethod
    def load(cls, settings: Settings) -> OriginalityIndex:
        """Return the shipped fingerprints and the exact index of the same music.

        Raises:
            ConfigurationError: when there are no fingerprints.
        """
        folder = settings.inference.weights_folder / FINGERPRINTS_FOLDER
        bound = Fingerprints.load(folder)
        if bound is None:
            raise ConfigurationError(
                f"{folder} has no fingerprints. Make them: python -m training.fingerprints.", variable="TUTTI_WEIGHTS"
            )
        return cls(bound, load_exact_index(settings))


def measure_originality(pieces: Sequence[Piece], index: OriginalityIndex) -> dict[str, Any]:
    """Return the statistics of the longest runs that pieces share with the training music."""
    return measure_lines([spell_piece(piece) for piece in pieces], index)


def measure_lines(lines: Sequence[Symbols], index: OriginalityIndex) -> dict[str, Any]:
    """Return the same for pieces that are spelled already."""
    return {
        "num_pieces": len(lines),
        "exact": describe_runs([index.exact.longest_run(each) for each in lines]),
        "bound": describe_runs([index.bound.longest_run(each) for each in lines]),
    }


def describe_runs(runs: list[int]) -> dict[str, float]:
    """Return share above ``LONG_RUN_NOTES``, mean, median, 90th percentile and maximum of runs in notes.

    Shorter runs than a window and one note are not seen and count as 0; ``none`` is their share.
    """
    values = np.asarray(runs or [0])
    return {
        "share_above_32": round(float((values > LONG_RUN_NOTES).mean()), 4),
        "none": round(float((values == 0).mean()), 4),
        "mean": round(float(values.mean()), 2),
        "median": float(np.median(values)),
        "p90": float(np.percentile(values, 90)),
        "max": int(values.max()),
    }


def measure_people(corpus: Corpus, index: OriginalityIndex, settings: Settings, *, num_pieces: int) -> dict[str, Any]:
    """Return the rows of people's own music from Lakh."""
    whole, _ = read_lines(settings.training.data_folder, split="test", sets=("lakh_subset",))
    return {
        "test_excerpts": measure_originality(real_excerpts(corpus, split="test", num_pieces=num_pieces), index),
        "test_pieces": measure_lines([piece.symbols for piece in whole], index),
        "training_excerpts": measure_originality(real_excerpts(corpus, split="train", num_pieces=num_pieces), index),
    }


def real_excerpts(corpus: Corpus, *, split: str, num_pieces: int) -> list[Piece]:
    """Return bars 17 to 32 of pieces of Lakh, drawn once and for all."""
    found = [
        piece
        for piece in corpus.of_split(split)
        if piece.data_set == "lakh_subset" and piece.num_bars >= START_BAR + NUM_BARS
    ]
    order = np.random.default_rng(SEED).permutation(len(found))[:num_pieces]
    return [_read_excerpt(corpus, found[index]) for index in np.sort(order).tolist()]


def _read_excerpt(corpus: Corpus, piece: PieceEntry) -> Piece:
    header = np.asarray([make_event(Kind.TRACK, *part) for part in piece.parts], dtype=np.int16)
    rows = corpus.rows[piece.start_row : piece.stop_row]
    body = cut_bars(rows, start_bar=START_BAR, stop_bar=START_BAR + NUM_BARS)
    return EventTokenizer().decode(np.concatenate([header, body]))


def _read_folder(folder: Path) -> tuple[list[Piece], list[str]]:
    """Return the readable pieces of a folder, and the names of the other files."""
    pieces: list[Piece] = []
    left_out: list[str] = []
    for path in list_midi_files(folder):
        try:
            pieces.append(read_midi(path.read_bytes()))
        except InputError:
            left_out.append(path.name)
    return pieces, left_out


def main(
    data: Annotated[Path | None, typer.Option(help="a folder of MIDI files to measure")] = None,
    num_pieces: Annotated[int, typer.Option(help="excerpts of people's music")] = 200,
) -> None:
    """Print how long a passage pieces share with the training music."""
    settings = Settings()
    index = OriginalityIndex.load(settings)
    corpus = open_corpus(CONFIGS / "generator_cpu.toml", settings)
    result: dict[str, Any] = {"window_notes": WINDOW + 1, "fingerprints": index.bound.card}
    if data is not None:
        pieces, left_out = _read_folder(data)
        result["data"] = measure_originality(pieces, index) | {"left_out": left_out}
    result |= measure_people(corpus, index, settings, num_pieces=num_pieces)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    typer.run(main)
