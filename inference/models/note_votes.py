"""Shown notes vote for a masked value, each by its learned likeness to the masked note. Only torch; it knows nothing of music.

After matching networks (Vinyals et al. 2016, arXiv 1606.04080, section 2.1): the answer is a mean of the shown answers, weighed by a softmax
over likenesses. Here a likeness is a sum of learned weights of yes-or-no features of the pair, which are laid out beforehand.

Legend: M masked notes, N shown notes, B bytes of features, H kernels (ways to be alike), V values.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_BITS = 8
SCALE = 24.0
"""A likeness is this times the parameters: a step of the optimizer moves it further than other weights."""
_FIRST_WEIGHT = 0.5  # of a feature, before anything is learned; half as much spread makes kernels differ
_FIRST_NOTHING = 4.0  # how alike the vote for nothing is


class NoteVotes(nn.Module):
    """Features of pairs -> shares of the votes for each value, by kernel."""

    def __init__(self, *, kernels: tuple[int, ...], num_features: int, num_values: int) -> None:
        """``kernels`` says how many of them read each column of the values that are voted for."""
        super().__init__()
        num_kernels = sum(kernels)
        self.num_values = num_values
        self.columns = [column for column, count in enumerate(kernels) for _ in range(count)]
        self.weights = nn.Parameter((torch.randn(num_features, num_kernels) / 2 + 1) * _FIRST_WEIGHT / SCALE)
        self.nothing = nn.Parameter(torch.full((num_kernels,), _FIRST_NOTHING / SCALE))
        numbers = torch.arange(2**_BITS)
        bits = (numbers[:, None] >> torch.arange(_BITS - 1, -1, -1)) & 1  # as numpy packs them
        self.register_buffer("bits", bits.float(), persistent=False)
        self.bits: Tensor

    def forward(self, codes: Tensor, values: Tensor) -> Tensor:
        """Return shares (M, H, V), which sum to less than 1 where no shown note is alike.

        Args:
            codes: (M, N, B) uint8.
            values: (M, N, columns), what each shown note votes for; V means nothing.
        """
        num_masked, num_shown, _ = codes.shape
        with torch.autocast(codes.device.type, enabled=False):  # likenesses are large sums of which small parts decide
            features = functional.embedding(codes.int(), self.bits).flatten(0, 1).flatten(1)  # (M * N, features)
            likeness = torch.matmul(features, SCALE * self.weights.float())
            likeness = likeness.view(num_masked, num_shown, len(self.columns)).transpose(1, 2)  # (M, H, N)
            chosen = values.transpose(1, 2)[:, self.columns]
            likeness = likeness.masked_fill(chosen == self.num_values, float("-inf"))
            nothing = (SCALE * self.nothing.float())[:, None].expand(num_masked, -1, 1)
            chances = torch.cat([nothing, likeness], dim=2).softmax(dim=2)[:, :, 1:]
            shares = torch.zeros(num_masked, len(self.columns), self.num_values + 1, device=codes.device)
            return shares.scatter_add(2, chosen, chances)[:, :, :-1]
