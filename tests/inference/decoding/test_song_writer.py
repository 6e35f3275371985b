"""What a mask takes goes where it should."""

import numpy as np
import torch

from inference.decoding.song_writer import fold, hand_over


def shares(logits: torch.Tensor) -> list[float]:
    return [round(value, 6) for value in logits.softmax(1)[0].tolist()]


def test_heirs_get_what_the_mask_takes_in_proportion_and_nobody_else_does():
    logits = torch.tensor([[0.1, 0.2, 0.3, 0.4]]).log()
    changed = hand_over(logits, np.array([True, True, True, False]), np.array([False, True, True, False]))
    changed[:, 3] = -torch.inf  # what the mask does afterwards
    assert shares(changed) == [0.1, 0.36, 0.54, 0.0]


def test_without_heirs_nothing_is_handed_over():
    logits = torch.tensor([[0.5, 0.5]]).log()
    assert hand_over(logits, np.array([True, False]), np.array([False, False])) is logits


def test_folding_adds_the_shares_of_the_same_tone():
    logits = torch.tensor([[0.1, 0.2, 0.3, 0.4]]).log()
    assert shares(fold(logits, np.array([2, 1, 2, 3]))) == [0.0, 0.2, 0.4, 0.4]


def test_values_that_were_impossible_stay_so():
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf]])
    assert shares(fold(logits, np.array([1, 1, 2]))) == [0.0, 1.0, 0.0]
