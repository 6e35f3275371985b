"""What a mask takes goes where it should."""

import numpy as np

from inference.decoding.leaning import fold, hand_over


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
