"""The generator's evaluation from end to end, on a tiny network: every part is measured, written and shown."""

import json

import pytest
import torch

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from tests.factories.tiny_weights import save_tiny_weights
from tests.training.small_corpus import make_corpus
from training.evaluation.generator import Sizes, evaluate_generator
from training.evaluation.rows import rows_of

SMALL = Sizes(likelihood=2, memory=1, samples=1, requests=1, people=1, ngram_events=1000, ngram_tuning=1)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    save_tiny_weights(folder)
    decoder = GeneratorDecoder.load(folder / "generator", torch.device("cpu"))
    settings = Settings(TUTTI_WEIGHTS=str(folder), TUTTI_DATA=str(folder))
    return evaluate_generator(decoder, make_corpus(6, 34), settings, split="test", sizes=SMALL)


def test_every_part_is_measured(result):
    """Nats with their interval, baseline, memory, samples, obedience; the result is plain JSON."""
    plain = json.loads(json.dumps(result))
    low, high = plain["interval"]
    assert low <= plain["nats_per_note"] <= high
    assert plain["num_pieces"] == 1
    assert plain["lower_by"] == pytest.approx(1 - plain["nats_per_note"] / plain["ngram"]["nats_per_note"], abs=1e-6)
    assert plain["memory"]["history_cut"]["nats_per_note"] > 0
    assert plain["band"]["num_new"] == 1
    assert plain["obedience"]["share_kept"] == 1.0


def test_part_that_fails_costs_only_itself(result):
    """Without fingerprints of the training music originality cannot be measured, and it is said why."""
    assert set(result["failed"]) == {"originality"}
    assert "fingerprints" in result["failed"]["originality"]


def test_table_shows_what_there_is(result):
    shown = [row.what for row in rows_of("generator", result)]
    for part in ("nats per note", "bars 9-16", "rock and pop", "obeyed"):
        assert any(part in what for what in shown), part
