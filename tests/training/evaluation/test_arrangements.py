"""Event layers are scored on drawn passages, task by task; checkpoints without them are not."""

import math
from dataclasses import replace

import msgspec
import pytest
import torch

from inference.arranger_sizes import arranger_config
from inference.models.seq2seq import Seq2Seq
from tests.factories.harmonies import tiny_config, tiny_network
from tests.training.small_corpus import make_corpus
from training.evaluation.arrangements import score_arrangements
from training.evaluation.midi_folder import FOLDER_SET

SIZES = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2, "feed_forward": 48}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Seq2Seq(replace(tiny_config(), arranger=arranger_config(head_width=24, dropout=0.0, **SIZES))).eval()


def test_every_task_that_pieces_suit_has_its_nats(model):
    """Bands have no piano alone; the whole is the mean over the notes of all tasks, and the same at every call."""
    corpus = make_corpus(6, 24)
    found = score_arrangements(model, corpus, split="test", num_passages=2)
    assert {"hole", "track", "band"} <= set(found["tasks"])
    values = [row["nats_per_note"] for row in found["tasks"].values()]
    assert min(values) <= found["nats_per_note"] <= max(values)
    assert all(math.isfinite(row["without_velocity"]) for row in found["tasks"].values())
    assert score_arrangements(model, corpus, split="test", num_passages=2) == found


def test_folder_stands_for_the_sets_of_the_tasks(model):
    corpus = make_corpus(6, 24)
    pieces = tuple(msgspec.structs.replace(piece, data_set=FOLDER_SET, split="test") for piece in corpus.pieces)
    found = score_arrangements(model, replace(corpus, pieces=pieces), split="test", num_passages=1, is_folder=True)
    assert found["tasks"]


def test_checkpoint_of_frames_alone_has_no_such_rows():
    assert score_arrangements(tiny_network(), make_corpus(3, 12), split="test", num_passages=1) == {}
