"""Generated and human pieces are measured by the same rule, and a copy is found."""

import numpy as np
import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from music.originality import Fingerprints, spell_piece
from music.piece import Piece
from tests.factories.pieces import CORPUS_NAMES, read_corpus
from tests.training.small_corpus import make_corpus
from training.evaluation.originality import (
    LONG_RUN_NOTES,
    OriginalityIndex,
    describe_runs,
    measure_originality,
    real_excerpts,
)
from training.fingerprints import ExactIndex, write_fingerprints
from training.near_copies import PieceLines

KNOWN = [read_corpus(name) for name in CORPUS_NAMES[:2]]
UNKNOWN = read_corpus(CORPUS_NAMES[5])


@pytest.fixture
def index(tmp_path):
    lines = [PieceLines("known", spell_piece(piece)) for piece in KNOWN]
    write_fingerprints(lines, tmp_path)
    bound = Fingerprints.load(tmp_path)
    assert bound is not None
    return OriginalityIndex(bound, ExactIndex.of_lines(np.concatenate([symbols for _, symbols, _ in lines])))


def test_copies_are_found_and_other_music_is_not(index):
    row = measure_originality([*KNOWN, UNKNOWN, Piece()], index)
    assert row["num_pieces"] == 4
    assert row["exact"]["share_above_32"] == 0.5
    assert row["exact"]["max"] <= row["bound"]["max"]
    assert row["exact"]["none"] == 0.5


def test_runs_are_described_as_they_were_counted():
    row = describe_runs([0, 14, LONG_RUN_NOTES, LONG_RUN_NOTES + 1])
    assert row == {"share_above_32": 0.25, "none": 0.25, "mean": 19.75, "median": 23.0, "p90": 32.7, "max": 33}


def test_excerpts_of_people_are_the_same_in_every_run():
    """Bars 17 to 32 of pieces that have so many."""
    corpus = make_corpus(num_pieces=6, num_bars=32)
    excerpts = real_excerpts(corpus, split="train", num_pieces=3)
    assert len(excerpts) == 3
    assert excerpts == real_excerpts(corpus, split="train", num_pieces=3)
    assert all(excerpt.length_ticks == 16 * 4 * 480 for excerpt in excerpts)
    assert real_excerpts(make_corpus(num_pieces=3, num_bars=12), split="train", num_pieces=3) == []


def test_without_fingerprints_a_sentence_says_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match=r"python -m training\.fingerprints"):
        OriginalityIndex.load(Settings(TUTTI_WEIGHTS=str(tmp_path)))
