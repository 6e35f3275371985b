"""The baseline is a proper distribution, is fitted on other pieces, and learns what a counting model can learn."""

import numpy as np
import pytest

from music.tokenizers.event import EventTokenizer
from music.vocabulary import FIELDS, Kind
from tests.factories.pieces import make_band, make_chorale
from training.evaluation.ngram import NOTE_FIELDS, _Counts, _mix_in, _Seen, fit_weights, score_ngram, tabulate


def rows_of(piece):
    return EventTokenizer().encode(piece)


def test_mixed_shares_add_up_to_one():
    """Whatever the weights, after a context seen or not the values' probabilities sum to 1."""
    rng = np.random.default_rng(0)
    contexts, values = rng.integers(0, 5, 500), rng.integers(0, 7, 500)
    counts = _Counts.of(contexts, values)
    weights = rng.random(2000)
    for context in range(6):  # the last one was never seen
        seen = counts.look_up(np.full(7, context), np.arange(7))
        assert _mix_in(weights, seen, np.full(7, 1 / 7)).sum() == pytest.approx(1.0)


def test_counts_are_those_of_the_data():
    counts = _Counts.of(np.asarray([1, 1, 1, 2]), np.asarray([5, 5, 6, 5]))
    seen = counts.look_up(np.asarray([1, 1, 2, 3]), np.asarray([5, 7, 5, 5]))
    assert seen.pair.tolist() == [2, 0, 1, 0]
    assert seen.count.tolist() == [3, 3, 1, 0]
    assert seen.kinds.tolist() == [2, 2, 1, 0]


def test_contexts_that_mislead_get_little_weight():
    """Contexts that were always right are trusted, those that never were are not."""
    right, wrong = np.zeros(100, dtype=np.int64), np.ones(100, dtype=np.int64)
    shares = np.concatenate([np.full(100, 0.9), np.full(100, 0.01)])
    weights = fit_weights(
        np.concatenate([right, wrong]), shares, np.full(200, 0.2), is_seen=np.ones(200, dtype=bool)
    )  # fmt: skip
    assert weights[0] > 0.9
    assert weights[1] < 0.1


def test_weights_depend_on_contexts_alone():
    """Else the shares of a context's values would not sum to 1."""
    seen = _Seen(pair=np.asarray([0, 5]), count=np.asarray([9, 9]), kinds=np.asarray([3, 3]))
    assert len(set(seen.buckets().tolist())) == 1


def test_what_was_seen_costs_less_than_what_was_not():
    """Every piece has its own sum, and music of another kind costs more."""
    bands = [rows_of(make_band(8, seed=seed)) for seed in range(4)]
    other = rows_of(make_chorale())
    scores = score_ngram(bands[:3], [bands[3]], [bands[0], other])
    notes = [int((rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)).sum()) for rows in (bands[0], other)]
    seen, unseen = (sum(scores[name] for name in NOTE_FIELDS) / notes).tolist()
    assert seen < 2.5
    assert unseen > 6


def test_events_before_are_seen_whatever_their_kind():
    """A chord's root and a bar's tempo are context, too."""
    rows = rows_of(make_band(4))
    table = tabulate(rows)
    chord = int(np.flatnonzero(rows[:, 0] == FIELDS["kind"].id_of(Kind.CHORD))[0])
    assert table["second"][chord] == rows[chord, 2] - FIELDS["root"].offset
    bar = int(np.flatnonzero(rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR))[0])
    assert table["second"][bar] == rows[bar, 2] - FIELDS["tempo"].offset
