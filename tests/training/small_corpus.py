"""A small corpus of generated pieces in memory, for tests of training."""

import numpy as np

from music.columns import columns_of_piece
from tests.factories.pieces import make_band
from training.corpus import Corpus, CorpusConfig, PieceEntry, encode_for_training

CONFIG = CorpusConfig(name="small", sets=())


def make_corpus(num_pieces: int = 6, num_bars: int = 12) -> Corpus:
    """Bands of different seeds; the last but one is for validation, the last for testing."""
    chunks, entries, total = [], [], 0
    for seed in range(num_pieces):
        rows, facts = encode_for_training(columns_of_piece(make_band(num_bars, seed=seed)), CONFIG, is_played=False)
        split = {num_pieces - 2: "valid", num_pieces - 1: "test"}.get(seed, "train")
        entries.append(
            PieceEntry(
                data_set="lakh_subset", name=f"band{seed}", split=split, genres=("rock",), start_row=total,
                stop_row=total + len(rows), **facts,
            )
        )  # fmt: skip
        chunks.append(rows)
        total += len(rows)
    return Corpus(np.concatenate(chunks), tuple(entries), {"lakh_subset": 1.0}, {"weights": {"lakh_subset": 1.0}})
