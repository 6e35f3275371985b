"""Samples are asked for with fixed seeds, and compared with real excerpts as the table says."""

import numpy as np
import pytest

from bot.services.sampling import sampling_of
from music.vocabulary import FIELDS, Kind
from tests.training.small_corpus import make_corpus
from training.collate import cut_bars
from training.evaluation.samples import BALANCED, NUM_BARS, band_requests, compare, piano_requests, shuffled_excerpts


def test_samples_are_drawn_as_shipped():
    """The preset that people get unless they choose another; seeds from 1; rock and pop in turn."""
    assert sampling_of("balanced") == BALANCED
    requests = band_requests(4)
    assert [request.seed for request in requests] == [1, 2, 3, 4]
    assert [request.controls.genre for request in requests] == ["rock", "pop", "rock", "pop"]
    assert {request.constraints.instruments for request in requests} == {()}
    assert {request.constraints.instruments for request in piano_requests(3)} == {(0, 0, 0)}


def test_mean_near_people_is_in_their_spread():
    """A hundred pieces whose mean is people's are in the spread; those half a deviation away are not."""
    rng = np.random.default_rng(1)
    real = [{"scale_consistency": value} for value in rng.normal(0.95, 0.05, 150)]
    same = compare(real, [{"scale_consistency": value} for value in rng.normal(0.95, 0.05, 100)])
    away = compare(real, [{"scale_consistency": value} for value in rng.normal(0.925, 0.05, 100)])
    assert same["scale_consistency"]["is_in_spread"]
    assert not away["scale_consistency"]["is_in_spread"]
    assert away["scale_consistency"]["distance"] == pytest.approx(0.025, abs=0.01)
    assert away["scale_consistency"]["share_of_real"] == pytest.approx(0.974, abs=0.01)


def test_shuffled_bars_keep_their_place_and_lose_their_neighbours():
    """Every bar is a real one of the same number; together they are nobody's piece."""
    corpus = make_corpus(num_pieces=5, num_bars=18)
    excerpts = [
        cut_bars(corpus.rows[piece.start_row : piece.stop_row], start_bar=0, stop_bar=NUM_BARS)
        for piece in corpus.pieces
    ]
    found = shuffled_excerpts(excerpts, num_excerpts=3)
    assert len(found) == 3
    for rows in found:
        bars = np.flatnonzero(rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR))
        assert len(bars) == NUM_BARS
        last = rows[bars[-1] :]
        assert any(np.array_equal(last, each[-len(last) :]) for each in excerpts)
    assert not any(np.array_equal(found[0], each) for each in excerpts)
