"""What a mask takes goes where it should."""

import numpy as np
import pytest

from inference.decoding.leaning import fold, hand_over, lean_off_beat, lean_to_density
from music.constraints import METRES
from music.syncopation import metrical_weights, weigh_pair


def shares(logits: np.ndarray) -> list[float]:
    values = np.exp(logits - logits.max())
    return [round(value, 6) for value in (values / values.sum()).tolist()]


def test_heirs_get_what_the_mask_takes_in_proportion_and_nobody_else_does():
    logits = np.log([0.1, 0.2, 0.3, 0.4])
    changed = hand_over(logits, np.array([True, True, True, False]), np.array([False, True, True, False]))
    changed[3] = -np.inf  # what the mask does afterwards
    assert shares(changed) == [0.1, 0.36, 0.54, 0.0]


def test_without_heirs_nothing_is_handed_over():
    logits = np.log([0.5, 0.5])
    assert hand_over(logits, np.array([True, False]), np.array([False, False])) is logits


def test_folding_adds_the_shares_of_the_same_tone():
    logits = np.log([0.1, 0.2, 0.3, 0.4])
    assert shares(fold(logits, np.array([2, 1, 2, 3]))) == [0.0, 0.2, 0.4, 0.4]


def test_values_that_were_impossible_stay_so():
    logits = np.array([-np.inf, 0.0, -np.inf])
    assert shares(fold(logits, np.array([1, 1, 2]))) == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("metre", range(len(METRES)))
def test_a_position_gains_what_it_makes_the_note_before_pull_against(metre):
    """The same sum as in the index that people's ears are measured with."""
    weights = metrical_weights(metre)
    size = len(weights)
    plain = lean_off_beat(metre, last_onset=None, strength=1.0)
    for last in range(-size + 1, size - 1, 5):
        gained = lean_off_beat(metre, last_onset=last, strength=1.0) - plain
        shift = size if last < 0 else 0
        for position in range(max(last + 1, 0), size):
            pull = weigh_pair(weights, last + shift, position + shift)
            assert gained[position] == pytest.approx(0.45 * pull), (last, position)
        assert (gained[: max(last + 1, 0)] == 0).all()


def test_a_wish_for_the_beat_is_the_opposite_of_one_off_it():
    off, on = (lean_off_beat(2, last_onset=36, strength=strength) for strength in (1.5, -1.5))
    assert (off == -on).all()


def test_parts_that_lack_notes_gain_and_those_with_too_many_lose():
    leaning = lean_to_density({1: 0, 2: 2, 5: 9}, notes_in_bar=6.0, num_choices=20)
    assert leaning[1] == 3.0
    assert leaning[2] == 0.0
    assert leaning[5] == -3.0
    assert np.count_nonzero(leaning) == 2
