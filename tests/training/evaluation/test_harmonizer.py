"""Baselines are true distributions that context helps."""

import pytest

from tests.factories.harmonies import bach_scores, song
from training.evaluation.harmonizer_baselines import BackOffCounts, score_chorale_baseline, score_chords_baseline


def test_back_off_gives_shares_that_sum_to_one():
    """After any contexts, known or not, the probabilities of all values sum to 1."""
    counts = BackOffCounts(5)
    for value, context in [(0, "a"), (0, "a"), (3, "b"), (4, "a")]:
        counts.add(value, ((), (context,)))
    for contexts in (((),), ((), ("a",)), ((), ("b",)), ((), ("never seen",))):
        assert sum(counts.share(value, contexts) for value in range(5)) == pytest.approx(1.0)
    assert counts.share(0, ((), ("a",))) > counts.share(0, ((), ("b",)))


def test_context_helps_the_chorale_baseline():
    """Counts that know the last pitch beat counts that do not, and repeating is right most of the time."""
    row = score_chorale_baseline(bach_scores()[1:], bach_scores()[:1])
    assert row["ngram_nats_per_note"] < row["unigram_nats_per_note"]
    assert 0.5 < row["persistence_accuracy"] < 1.0


def test_context_helps_the_chord_baseline():
    """In a song whose chords change at bar lines, knowing the place in the bar helps."""
    row = score_chords_baseline([song(40)], [song(20)])
    assert row["ngram_nats_per_step"] < row["unigram_nats_per_step"]
    assert row["hold_accuracy"] == pytest.approx(0.75)
