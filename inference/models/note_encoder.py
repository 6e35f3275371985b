"""The remixer's encoder: layers that read notes in both directions, and what one note has to do with another. Only torch.

Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3, is an encoder over notes as RoBERTa is over words. Where we differ:

- rotary positions (Su et al. 2021, arXiv 2104.09864) in place of learned ones, in half of the heads over the index of a
  note and in the other half over its musical time;
- a learned bias on each score, shared by the layers, by what two notes have to do with each other: whether they are of one track, whether they
  stand at the same place of the bar or have the same pitch, and how many bars lie between them. Music repeats, and a
  small network that sees few notes would need long to find that out by itself;
- normalisation comes before each sub-layer.

Legend: B batch, T notes, H heads, L layers, E width of a head, D width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_LONGEST_PERIOD = 20_000.0
_FAR_BARS = 9  # bars further apart than this count as equally far
_FEEDFORWARD = 4  # times as wide as the network
NUM_RELATIONS = (2 * _FAR_BARS + 1) * 8


class NotePlaces(NamedTuple):
    """Where notes stand, (B, T) each. What is masked must not show here: see ``time`` and ``position``."""

    time: Tensor  # in positions since the first bar; of a masked position the beginning of its bar
    bar: Tensor
    position: Tensor  # in the bar; -1 where it is masked
    pitch: Tensor  # -1 where it is masked
    track: Tensor


def rotation_of(places: Tensor, *, head_width: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines (..., T, E / 2) that turn a head's pairs by angles proportional to ``places`` (..., T)."""
    steps = torch.arange(0, head_width, 2, device=places.device, dtype=torch.float32) / head_width
    frequency = torch.exp(-steps * torch.log(torch.tensor(_LONGEST_PERIOD, device=places.device)))
    angle = places.float()[..., None] * frequency
    return angle.cos(), angle.sin()


def rotate_half_by_index(times: Tensor, *, num_heads: int, head_width: int) -> tuple[Tensor, Tensor]:
    """Return the rotation (B, H, T, E / 2) of notes at ``times`` (B, T): half of the heads by index, half by musical time."""
    index = torch.arange(times.shape[1], device=times.device).expand_as(times)
    by_index = rotation_of(index, head_width=head_width)
    by_time = rotation_of(times, head_width=head_width)
    half = num_heads // 2
    cosine, sine = (
        torch.cat([part[:, None].expand(-1, half, -1, -1) for part in pair], dim=1)
        for pair in zip(by_index, by_time, strict=True)
    )
    return cosine, sine


def rotate(values: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn pairs (first half, second half) of ``values`` (B, H, T, E)."""
    cosine, sine = (part.to(values.dtype) for part in rotation)
    first, second = values.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def relate_notes(places: NotePlaces) -> Tensor:
    """Return what each pair of notes has to do with each other as a number below ``NUM_RELATIONS``, (B, T, T)."""
    same_track = places.track[:, :, None] == places.track[:, None, :]
    same_place = (places.position[:, :, None] == places.position[:, None, :]) & (places.position >= 0)[:, :, None]
    same_pitch = (places.pitch[:, :, None] == places.pitch[:, None, :]) & (places.pitch >= 0)[:, :, None]
    distance = (places.bar[:, :, None] - places.bar[:, None, :]).clamp(-_FAR_BARS, _FAR_BARS) + _FAR_BARS
    return distance * 8 + same_track * 4 + same_place * 2 + same_pitch


def initial_relation_bias(num_heads: int) -> Tensor:
    """Return a start (``NUM_RELATIONS``, H): near bars first, and heads that differ.

    The four kinds of heads favour their track; track and place; track and pitch; nothing.
    """
    relation = torch.arange(NUM_RELATIONS)
    favours = torch.zeros(NUM_RELATIONS, num_heads)
    kinds = ((1, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0))
    for column in range(num_heads):
        for bit, wanted in zip((4, 2, 1), kinds[column % len(kinds)], strict=True):
            favours[:, column] += 1.5 * wanted * (relation // bit % 2)
    return favours - 0.1 * (relation // 8 - _FAR_BARS).abs().float()[:, None]


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each with its norm before and a residual around."""

    def __init__(self, *, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, _FEEDFORWARD * width)
        self.contract = nn.Linear(_FEEDFORWARD * width, width)

    def forward(self, inputs: Tensor, *, rotation: tuple[Tensor, Tensor] | None, bias: Tensor | None) -> Tensor:
        """Return (B, T, D).

        Args:
            inputs: (B, T, D).
            rotation: cosines and sines (B, H, T, E / 2); None leaves the notes without order.
            bias: (B, H, T, T), added to the scores; minus infinity where a note must not be seen.
        """
        parts = self.query_key_value(self.attention_norm(inputs)).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in parts)
        if rotation is not None:
            query, key = rotate(query, rotation), rotate(key, rotation)
        # Written out: on a CPU, torch's fused attention with a bias takes twice as long forth and back.
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(2, 3))  # (B, H, T, T)
        scores = scores if bias is None else scores + bias.to(scores.dtype)
        mixed = torch.matmul(scores.softmax(dim=-1).to(value.dtype), value)  # (B, H, T, E)
        hidden = inputs + self.output(mixed.transpose(1, 2).flatten(2))
        fed = self.contract(functional.gelu(self.expand(self.feedforward_norm(hidden))))
        return hidden + fed
