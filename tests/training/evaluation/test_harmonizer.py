"""Baselines are true distributions, and rates are those of hand-made counts."""

import numpy as np
import pytest

from inference.decoding.chorale_rules import RuleCounts
from tests.factories.harmonies import bach_scores, song, tiny_network
from training.evaluation.harmonizer import rates, write_sopranos
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


def test_rates_of_hand_made_counts():
    """Parallels per 100 changes, crossings in percent of pairs, moves per voice step."""
    counts = RuleCounts(3, 200, 1, 50, 24, 100) + RuleCounts(1, 200, 0, 50, 0, 0)
    row = rates(counts)
    assert (row["parallels_per_100_changes"], row["crossings_percent"], row["change_rate"]) == (1.0, 1.0, 0.24)


def test_written_sopranos_obey_with_masks():
    """The evaluation's own writing keeps the rules with masks, whatever the network."""
    row = write_sopranos(tiny_network(), [bach_scores()[0]], with_masks=True)
    assert row["parallels_per_100_changes"] == 0
    assert row["crossings_percent"] == 0
    assert 0 <= row["same_pitch_as_bach"] <= 1
    assert np.isfinite(row["change_rate"])
