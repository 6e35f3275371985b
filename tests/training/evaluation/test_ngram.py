"""The baseline is a proper distribution and learns what a counting model can learn."""

import math

import numpy as np

from music.tokenizers.event import EventTokenizer
from music.vocabulary import FIELDS, Kind
from tests.factories.pieces import make_band, make_chorale
from training.evaluation.ngram import FieldNGram, _Order


def test_interpolated_shares_add_up_to_one():
    rng = np.random.default_rng(0)
    contexts, values = rng.integers(0, 5, 500), rng.integers(0, 7, 500)
    order = _Order.count(contexts, values)
    for context in range(6):  # the last one was never seen
        shares = order.interpolate(np.full(7, context), np.arange(7), np.full(7, 1 / 7))
        assert math.isclose(shares.sum(), 1.0)


def test_what_was_seen_costs_less_than_what_was_not():
    seen, other = EventTokenizer().encode(make_band(8)), EventTokenizer().encode(make_chorale())
    ngram = FieldNGram([seen])

    def per_note(rows):
        return sum(ngram.nats(rows).values()) / (rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum()

    assert per_note(seen) < 2.5
    assert per_note(other) > 6
