"""Counting ballots: majorities, ties, quorums, and when the rest cannot change it any more."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.together.votes.counting import count_ballots, is_beyond_change

BALLOTS = st.lists(st.integers(0, 2), max_size=6)
THRESHOLDS = st.sampled_from([0.0, 0.3, 0.5, 0.66, 0.9])


@pytest.mark.parametrize(
    ("choices", "threshold", "quorum", "verdict", "winner"),
    [
        ([0, 0, 1], 0.5, 2, "won", 0),
        ([0, 1], 0.5, 2, "tie", None),
        ([0], 0.5, 2, "no quorum", None),
        ([], 0.5, 0, "no quorum", None),
        ([0, 0, 1, 2], 0.5, 2, "no majority", None),
        ([0, 0, 1, 2], 0.4, 2, "won", 0),
        ([2, 2, 2, 7], 0.5, 3, "won", 2),
    ],
)
def test_the_winner_has_the_most_and_enough(choices, threshold, quorum, verdict, winner):
    count = count_ballots(choices, num_options=3, threshold=threshold, quorum=quorum)
    assert (count.verdict, count.winner) == (verdict, winner)


@given(BALLOTS, THRESHOLDS, st.integers(1, 3))
def test_the_order_of_ballots_does_not_matter(choices, threshold, quorum):
    one = count_ballots(choices, num_options=3, threshold=threshold, quorum=quorum)
    assert one == count_ballots(sorted(choices), num_options=3, threshold=threshold, quorum=quorum)
    assert one.num_ballots == len(choices)


@given(BALLOTS, THRESHOLDS, st.integers(1, 3), st.integers(0, 2))
def test_what_is_beyond_change_no_further_ballot_changes(choices, threshold, quorum, num_missing):
    """Checked against every way in which the others could still vote."""
    count = count_ballots(choices, num_options=3, threshold=threshold, quorum=quorum)
    outcomes = {
        count_ballots([*choices, *rest], num_options=3, threshold=threshold, quorum=quorum).winner
        for rest in itertools.product(range(3), repeat=num_missing)
    }
    is_fixed = count.winner is not None and outcomes == {count.winner}
    assert is_beyond_change(count, num_missing=num_missing, threshold=threshold) == is_fixed
