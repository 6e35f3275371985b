"""Layers of the harmonizer: attention with rotary positions, encoder and decoder layers. They know sizes and nothing else.

After Vaswani et al. 2017 (arXiv 1706.03762), sections 3.1 to 3.3. Where we differ: layers normalize first; positions are
rotary (Su et al. 2021, arXiv 2104.09864) and count *musical time* in frames (16ths), fractions allowed.

Legend: B batch, S encoder events, T decoder steps, H heads, D width, E head width.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.seq2seq_fields import SlicedDropout

ROTARY_BASE = 2000.0
"""Longest wavelength in frames over 2 pi; windows have at most 384 frames."""


class LayerSizes(Protocol):
    """What a layer needs to know of a configuration."""

    @property
    def width(self) -> int: ...
    @property
    def num_heads(self) -> int: ...
    @property
    def feed_forward(self) -> int: ...
    @property
    def dropout(self) -> float: ...


def rotary_angles(frames: Tensor, head_width: int) -> tuple[Tensor, Tensor]:
    """Return cosine and sine, each (B, 1, T, E / 2), for frame numbers (B, T)."""
    exponents = torch.arange(0, head_width, 2, device=frames.device, dtype=torch.float32) / head_width
    angles = frames[:, None, :, None].float() / ROTARY_BASE**exponents
    return angles.cos(), angles.sin()


def rotate(states: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate halves of (B, H, T, E) by the angles; all-zero frames leave the states as they are."""
    cosine, sine = (part.to(states.dtype) for part in angles)
    first, second = states.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), dim=-1)


class Attention(nn.Module):
    """Multi-head attention whose keys and values may come from a cache."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def _split(self, states: Tensor) -> Tensor:  # (B, T, D) -> (B, H, T, E)
        batch, length, width = states.shape
        return states.view(batch, length, self.num_heads, width // self.num_heads).transpose(1, 2)

    def queries(self, states: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        return rotate(self._split(self.query(states)), angles)

    def keys_values(self, states: Tensor, angles: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        keys, values = self.key_value(states).chunk(2, dim=-1)
        return rotate(self._split(keys), angles), self._split(values)

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, *, mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:
        """Return (B, T, D); ``mask`` is additive and broadcasts to (B, H, T, S)."""
        if mask is not None:
            mask = mask.to(queries.dtype)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=is_causal)
        batch, _, length, _ = mixed.shape
        return self.output(mixed.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Sequential):
    """Two linear maps around a GELU."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__(nn.Linear(width, hidden), nn.GELU(), SlicedDropout(dropout), nn.Linear(hidden, width))


class EncoderLayer(nn.Module):
    """Self-attention over all frames, then a feed-forward map; both residual, normalized first."""

    def __init__(self, config: LayerSizes) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = Attention(config.width, config.num_heads)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.feed_forward = FeedForward(config.width, config.feed_forward, config.dropout)
        self.dropout = SlicedDropout(config.dropout)

    def forward(self, states: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        normed = self.attention_norm(states)
        keys, values = self.attention.keys_values(normed, angles)
        mixed = self.attention.attend(self.attention.queries(normed, angles), keys, values, mask=mask)
        states = states + self.dropout(mixed)
        return states + self.dropout(self.feed_forward(self.feed_forward_norm(states)))


class DecoderLayer(nn.Module):
    """Causal self-attention, attention over the encoder's states, a feed-forward map."""

    def __init__(self, config: LayerSizes) -> None:
        super().__init__()
        self.self_norm = nn.LayerNorm(config.width)
        self.self_attention = Attention(config.width, config.num_heads)
        self.cross_norm = nn.LayerNorm(config.width)
        self.cross_attention = Attention(config.width, config.num_heads)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.feed_forward = FeedForward(config.width, config.feed_forward, config.dropout)
        self.dropout = SlicedDropout(config.dropout)

    def finish(
        self, states: Tensor, mixed: Tensor, angles: tuple[Tensor, Tensor], cross: tuple[Tensor, Tensor, Tensor | None]
    ) -> Tensor:
        """Add the self-attention's result, then attend to the encoder and feed forward."""
        states = states + self.dropout(mixed)
        keys, values, mask = cross
        queries = self.cross_attention.queries(self.cross_norm(states), angles)
        states = states + self.dropout(self.cross_attention.attend(queries, keys, values, mask=mask))
        return states + self.dropout(self.feed_forward(self.feed_forward_norm(states)))

    def forward(
        self, states: Tensor, angles: tuple[Tensor, Tensor], cross: tuple[Tensor, Tensor, Tensor | None]
    ) -> Tensor:
        normed = self.self_norm(states)
        keys, values = self.self_attention.keys_values(normed, angles)
        queries = self.self_attention.queries(normed, angles)
        return self.finish(states, self.self_attention.attend(queries, keys, values, is_causal=True), angles, cross)


def additive_mask(mask: Tensor | None) -> Tensor | None:
    """Turn a mask of real frames (B, S) into (B, 1, 1, S) with minus infinity at padding."""
    if mask is None:
        return None
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, float("-inf"))[:, None, None, :]


def causal_mask(start: int, stop: int, like: Tensor) -> Tensor:
    """Return (1, 1, stop - start, stop) with minus infinity at later steps."""
    rows = torch.arange(start, stop, device=like.device)[:, None]
    columns = torch.arange(stop, device=like.device)[None]
    return torch.zeros(rows.shape[0], stop, device=like.device).masked_fill(columns > rows, float("-inf"))[None, None]
