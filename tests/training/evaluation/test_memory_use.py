"""The same events are asked in every reading; only what is known before them differs."""

import numpy as np
import pytest
import torch

from inference.event_sizes import generator_config
from inference.models.generator import Generator
from music.vocabulary import PAD_ID
from tests.training.small_corpus import make_corpus
from training.evaluation.event_nats import bars_of, score_readings, whole_reading
from training.evaluation.memory_use import START_BAR, cut_readings, measure_memory, score_cut
from training.generator import held_out_excerpts, measure_nats


@pytest.fixture(scope="module")
def corpus():
    return make_corpus(num_pieces=6, num_bars=18)


@pytest.fixture(scope="module")
def excerpt(corpus):
    return held_out_excerpts(corpus, split="test", num_pieces=1, num_bars=16)[0]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return Generator(generator_config("tiny")).eval()


def test_sums_by_piece_are_those_of_training(model, corpus):
    """Piece by piece or all at once: the nats per note are the same."""
    excerpts = held_out_excerpts(corpus, split="test", num_pieces=1, num_bars=16)
    excerpts += held_out_excerpts(corpus, split="valid", num_pieces=1, num_bars=7)
    scores = score_readings(model, [whole_reading(rows) for rows in excerpts])
    together = measure_nats(model, excerpts, device=torch.device("cpu"))
    assert sum(score.num_notes for score in scores) == together["num_notes"]
    ours = sum(score.note_nats for score in scores) / together["num_notes"]
    assert ours == pytest.approx(together["nats_per_note"], rel=1e-3)


@pytest.mark.parametrize("forgets_features", [False, True])
def test_windows_ask_for_the_same_events(excerpt, forgets_features):
    """Every event of bars 9 to 16 is asked once, after at most one bar and the header."""
    asked = [reading.targets[reading.targets[:, 0] != PAD_ID] for reading in cut_readings(
        excerpt, forgets_features=forgets_features)]  # fmt: skip
    bars = bars_of(excerpt)
    assert np.array_equal(np.concatenate(asked), excerpt[bars >= START_BAR])


def test_features_remember_only_where_they_may(excerpt):
    """With the network's memory cut, a note still knows the features that it has in the whole piece."""
    whole = whole_reading(excerpt)
    bars = bars_of(excerpt)[1:]
    last_bar = cut_readings(excerpt, forgets_features=False)[-1]
    is_last = last_bar.targets[:, 0] != PAD_ID
    assert np.array_equal(last_bar.features[is_last], whole.features[bars == bars.max()])
    forgotten = cut_readings(excerpt, forgets_features=True)[-1]
    assert not np.array_equal(forgotten.features[is_last], whole.features[bars == bars.max()])


def test_untrained_network_counts_the_same_notes(model, corpus, excerpt):
    found = measure_memory(model, corpus, split="test", num_pieces=1)
    full = score_readings(model, [whole_reading(excerpt, is_asked=bars_of(excerpt) >= START_BAR)])[0]
    cut = score_cut(model, [excerpt], forgets_features=True)[0]
    assert found["num_pieces"] == 1
    assert found["num_notes"] == full.num_notes == cut.num_notes
    low, high = found["history_cut"]["interval"]
    assert low <= found["history_cut"]["lost"] <= high
