"""``inference/models/note_votes.py``: shown notes vote by likeness, and nothing else votes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from inference.models.note_votes import SCALE, NoteVotes

NUM_FEATURES, NUM_VALUES = 16, 5


def make_votes(*, weight_of_feature: dict[int, float], nothing: float) -> NoteVotes:
    """One kernel whose likeness is a sum of the given weights."""
    votes = NoteVotes(kernels=(1,), num_features=NUM_FEATURES, num_values=NUM_VALUES)
    with torch.no_grad():
        votes.weights.zero_()
        for feature, weight in weight_of_feature.items():
            votes.weights[feature, 0] = weight / SCALE
        votes.nothing.fill_(nothing / SCALE)
    return votes


def pack(features: list[set[int]]) -> torch.Tensor:
    """Codes (1, N, bytes) of the features of each pair."""
    flags = np.zeros((NUM_FEATURES, 1, len(features)), dtype=np.bool_)
    for index, each in enumerate(features):
        flags[sorted(each), 0, index] = True
    return torch.from_numpy(np.ascontiguousarray(np.packbits(flags, axis=0).transpose(1, 2, 0)))


def values(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers)[None, :, None]


@torch.no_grad()
def test_a_share_is_a_softmax_over_sums_of_feature_weights():
    """Likenesses 1.5 (features 0 and 9), 1 (feature 9) and 0 against 0.25 for nothing, added up by value."""
    votes = make_votes(weight_of_feature={0: 0.5, 9: 1.0}, nothing=0.25)
    shares = votes(pack([{0, 9}, {9}, set()]), values(2, 4, 2))
    weights = [math.exp(number) for number in (1.5, 1.0, 0.0, 0.25)]
    expected = [0.0, 0.0, weights[0] + weights[2], 0.0, weights[1]]
    assert shares[0, 0].tolist() == pytest.approx([share / sum(weights) for share in expected], abs=1e-6)


@torch.no_grad()
def test_where_nothing_is_alike_shares_are_small():
    """A vote for nothing takes what the shown notes leave."""
    votes = make_votes(weight_of_feature={0: 5.0}, nothing=5.0)
    assert votes(pack([set(), set()]), values(1, 1)).sum() < 0.02
    assert votes(pack([{0}, set()]), values(1, 1)).sum() == pytest.approx(0.5, abs=0.01)


@torch.no_grad()
def test_notes_that_say_nothing_have_no_vote_and_none_is_needed():
    """The value V is none; no shown notes at all give no shares."""
    votes = make_votes(weight_of_feature={0: 5.0}, nothing=-9.0)
    alone = votes(pack([{0}, {0}]), values(3, NUM_VALUES))
    assert alone[0, 0, 3] == pytest.approx(1.0, abs=1e-4)
    assert votes(torch.zeros(2, 0, 2, dtype=torch.uint8), torch.zeros(2, 0, 1, dtype=torch.int64)).abs().sum() == 0


def test_kernels_read_their_own_column():
    """Two kernels for the first column, one for the second, and gradients reach all weights."""
    torch.manual_seed(0)
    votes = NoteVotes(kernels=(2, 1), num_features=NUM_FEATURES, num_values=NUM_VALUES)
    columns = torch.tensor([[[1, 4], [1, 4]]])
    shares = votes(pack([{0, 3}, {1}]), columns)  # (M, H, V)
    assert (shares[0].argmax(dim=1)).tolist() == [1, 1, 4]
    shares[0, :, :4].pow(2).sum().backward()
    assert votes.weights.grad is not None
    assert (votes.weights.grad[[0, 1, 3], :2] != 0).all()
