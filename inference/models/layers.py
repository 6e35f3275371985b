"""Layers of Transformer-XL: relative attention over memory, and the block around it. Only torch.

Dai et al. 2019, arXiv 1901.02860, section 3.3. Where we differ: the memory holds keys and values (detached), not hidden
states, so that one cache serves training and decoding; normalisation comes before each sub-layer; GELU.

Legend: B batch, T length, M memory length, S = M + T, H heads, E width of a head, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinusoids(length: int, width: int) -> Tensor:
    """Return the encodings of distances length - 1 .. 0 (the order of keys), shape (length, D)."""
    distance = torch.arange(length - 1, -1, -1.0)
    frequency = torch.exp(torch.arange(0, width, 2.0) * (-torch.log(torch.tensor(10000.0)) / width))
    angle = distance[:, None] * frequency[None, :]  # (S, D / 2)
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def shift_relative(scores: Tensor) -> Tensor:
    """Turn scores by distance into scores by key (the paper's appendix B): row i moves left by T - 1 - i.

    Args:
        scores: (B, H, T, S), column c belonging to distance S - 1 - c.
    """
    batch, heads, length, span = scores.shape
    padded = functional.pad(scores, (1, 0)).view(batch, heads, span + 1, length)
    return padded[:, :, 1:].reshape(batch, heads, length, span)


class RelativeAttention(nn.Module):
    """Multi-head attention whose scores know the distance of a key, with the two biases u and v of the paper."""

    def __init__(self, *, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_width = width // num_heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.distance = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(num_heads, 1, self.head_width))  # u
        self.distance_bias = nn.Parameter(torch.zeros(num_heads, 1, self.head_width))  # v

    def _split(self, values: Tensor) -> Tensor:
        """(B, T, D) to (B, H, T, E)."""
        return values.view(*values.shape[:2], self.num_heads, self.head_width).transpose(1, 2)

    def forward(
        self, inputs: Tensor, *, memory: tuple[Tensor, Tensor] | None, distances: Tensor, mask: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Attend from inputs to memory and inputs.

        Args:
            inputs: (B, T, D).
            memory: keys and values (B, H, M, E) each.
            distances: encodings of distances S - 1 .. 0, (S, D).
            mask: (B, 1, T, S), added to the scores: 0 or minus infinity.

        Returns:
            (B, T, D), and the keys and values of the inputs (B, H, T, E).
        """
        query, new_key, new_value = (self._split(part) for part in self.query_key_value(inputs).chunk(3, dim=-1))
        query = query * self.head_width**-0.5
        key, value = new_key, new_value
        if memory is not None:
            key = torch.cat([memory[0].to(new_key.dtype), new_key], dim=2)  # (B, H, S, E)
            value = torch.cat([memory[1].to(new_value.dtype), new_value], dim=2)
        relative = self._split(self.distance(distances)[None])  # (1, H, S, E)

        scale = self.head_width**-0.5
        by_content = torch.matmul(query + (self.content_bias * scale).to(query.dtype), key.transpose(2, 3))
        by_distance = torch.matmul(query + (self.distance_bias * scale).to(query.dtype), relative.transpose(2, 3))
        scores = by_content + shift_relative(by_distance) + mask
        mixed = torch.matmul(scores.softmax(dim=-1).to(value.dtype), value)  # (B, H, T, E)
        return self.output(mixed.transpose(1, 2).flatten(2)), (new_key, new_value)

    def project_distances(self, distances: Tensor) -> Tensor:
        """Return encodings of distances (S, D) as this layer's keys see them, (S, H, E); constant while decoding."""
        return self.distance(distances).view(-1, self.num_heads, self.head_width)

    def step(
        self, inputs: Tensor, *, key: Tensor, value: Tensor, relative: Tensor, ages: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Attend from one event to a ring of cached keys and to itself; the host writes the ring.

        Args:
            inputs: (B, D).
            key: (B, H, M, E), in any order.
            value: (B, H, M, E).
            relative: projected encodings of distances 0 .. M, (M + 1, H, E), from ``project_distances``.
            ages: (B, M), the distance of each cached key, 1 .. M.
            mask: (B, 1, M), 0 or minus infinity.

        Returns:
            (B, D), and the new key and value (B, H, E).
        """
        parts = self.query_key_value(inputs).view(-1, 3, self.num_heads, self.head_width)
        query, new_key, new_value = parts[:, 0], parts[:, 1], parts[:, 2]  # (B, H, E)
        scale = self.head_width**-0.5
        for_content = (query + self.content_bias[:, 0]) * scale
        for_distance = (query + self.distance_bias[:, 0]) * scale
        by_distance = torch.einsum("bhe,mhe->bhm", for_distance, relative)  # (B, H, M + 1)
        index = ages[:, None, :].expand(-1, self.num_heads, -1)
        cached = torch.einsum("bhe,bhme->bhm", for_content, key) + by_distance.gather(2, index) + mask
        own = (for_content * new_key).sum(dim=-1, keepdim=True) + by_distance[:, :, :1]
        weights = torch.cat([cached, own], dim=2).softmax(dim=-1)
        mixed = torch.einsum("bhm,bhme->bhe", weights[:, :, :-1], value) + weights[:, :, -1:] * new_value
        return self.output(mixed.flatten(1)), new_key, new_value


class Block(nn.Module):
    """Attention and feed-forward, each with its norm before and a residual around."""

    def __init__(self, *, width: int, num_heads: int, feedforward_width: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = RelativeAttention(width=width, num_heads=num_heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feedforward_width)
        self.contract = nn.Linear(feedforward_width, width)
        self.dropout = nn.Dropout(dropout)

    def _feed(self, values: Tensor) -> Tensor:
        hidden = functional.gelu(self.expand(self.feedforward_norm(values)), approximate="tanh")
        return values + self.dropout(self.contract(hidden))

    def forward(
        self, inputs: Tensor, *, memory: tuple[Tensor, Tensor] | None, distances: Tensor, mask: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """See ``RelativeAttention.forward``."""
        attended, new_memory = self.attention(
            self.attention_norm(inputs), memory=memory, distances=distances, mask=mask
        )
        return self._feed(inputs + self.dropout(attended)), new_memory

    def step(
        self, inputs: Tensor, *, key: Tensor, value: Tensor, relative: Tensor, ages: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See ``RelativeAttention.step``."""
        attended, new_key, new_value = self.attention.step(
            self.attention_norm(inputs), key=key, value=value, relative=relative, ages=ages, mask=mask
        )
        return self._feed(inputs + attended), new_key, new_value
