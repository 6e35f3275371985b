"""The body of the generator: Transformer-XL over compound events. It knows numbers of ids, not what they mean.

Dai et al. 2019, arXiv 1901.02860; where we differ stands in ``layers.py``. An event's input is the sum of the
embeddings of its ids (fields and context). ``inference/models/event_fields.py`` turns the output into fields.

Legend: B batch, T length, M memory length, S = M + T, L layers, H heads, E width of a head, D width, W ids of an input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.layers import Block, sinusoids

EMBEDDING_DEVIATION = 0.5
"""Initial spread of each embedding. With 0.02 the sum drowned in the first residual and learning stalled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerXLConfig:
    """Sizes of the body. ``memory_length`` is what training carries; decoding may keep up to ``longest_distance``."""

    num_ids: int
    width: int
    num_layers: int
    num_heads: int
    feedforward_width: int
    segment_length: int = 128
    memory_length: int = 256
    dropout: float = 0.0

    @property
    def head_width(self) -> int:
        return self.width // self.num_heads

    @property
    def longest_distance(self) -> int:
        """The farthest distance that training has seen."""
        return self.memory_length + self.segment_length - 1


@dataclass(slots=True)
class Memory:
    """Keys and values (B, H, M, E) of each layer, and which sequence each belongs to (B, M); -1: nothing yet."""

    keys: list[Tensor]
    values: list[Tensor]
    sequence: Tensor


class TransformerXL(nn.Module):
    """Events in, one vector of width D per event out."""

    def __init__(self, config: TransformerXLConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Parameter(torch.randn(config.num_ids, config.width) * EMBEDDING_DEVIATION)
        blocks = [
            Block(
                width=config.width,
                num_heads=config.num_heads,
                feedforward_width=config.feedforward_width,
                dropout=config.dropout,
            )
            for _ in range(config.num_layers)
        ]
        for block in blocks:  # small outputs at first, so that the residual sum keeps its size with depth
            for layer in (block.attention.output, block.contract):
                nn.init.normal_(layer.weight, std=0.5 / (2 * config.num_layers * config.width) ** 0.5)
        self.blocks: Iterable[Block] = nn.ModuleList(blocks)  # pyright: ignore[reportAttributeAccessIssue, reportIncompatibleVariableOverride]
        self.norm = nn.LayerNorm(config.width)

    def embed(self, inputs: Tensor) -> Tensor:
        """Return the sum of the embeddings of ids (..., W); id 0 adds nothing."""
        flat = inputs.reshape(-1, inputs.shape[-1]).long()
        summed = functional.embedding_bag(flat, self.embedding, mode="sum", padding_idx=0)
        return summed.view(*inputs.shape[:-1], -1)

    def empty_memory(self, num_lanes: int, length: int) -> Memory:
        """Return memory in which nothing is valid."""
        shape = (num_lanes, self.config.num_heads, length, self.config.head_width)
        device = self.embedding.device
        layers = range(self.config.num_layers)
        return Memory(
            keys=[torch.zeros(shape, device=device) for _ in layers],
            values=[torch.zeros(shape, device=device) for _ in layers],
            sequence=torch.full((num_lanes, length), -1, dtype=torch.long, device=device),
        )

    def forward(self, inputs: Tensor, *, sequence: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Return (B, T, D) for ids (B, T, W), and the memory for the next segment (as long as the one given).

        Args:
            inputs: ids (B, T, W).
            sequence: (B, T), a number per sequence; events see only earlier events of the same one. -1 pads.
            memory: of the segment before.
        """
        length = sequence.shape[1]
        span = memory.sequence.shape[1] + length
        distances = sinusoids(span, self.config.width).to(inputs.device)
        hidden = self.embed(inputs)
        hidden = hidden.to(_working_dtype(hidden))  # under autocast the whole residual stream is bf16: a third faster
        keys_of = torch.cat([memory.sequence, sequence], dim=1)  # (B, S)
        mask = self._mask(sequence, keys_of, dtype=hidden.dtype)
        new_keys: list[Tensor] = []
        new_values: list[Tensor] = []
        kept = memory.sequence.shape[1]
        for index, block in enumerate(self.blocks):
            hidden, (key, value) = block(
                hidden, memory=(memory.keys[index], memory.values[index]), distances=distances, mask=mask
            )
            new_keys.append(_keep_last(memory.keys[index], key.detach(), kept))
            new_values.append(_keep_last(memory.values[index], value.detach(), kept))
        return self.norm(hidden), Memory(new_keys, new_values, keys_of[:, span - kept :])

    def _mask(self, sequence: Tensor, keys_of: Tensor, *, dtype: torch.dtype) -> Tensor:
        """Return (B, 1, T, S): 0 where a query may look, else minus infinity (itself it always may)."""
        length, span = sequence.shape[1], keys_of.shape[1]
        query_place = torch.arange(span - length, span, device=sequence.device)[:, None]
        distance = query_place - torch.arange(span, device=sequence.device)[None, :]  # (T, S)
        is_reachable = (distance >= 0) & (distance <= self.config.longest_distance)
        is_open = is_reachable & (sequence[:, :, None] == keys_of[:, None, :]) & (sequence[:, :, None] >= 0)
        is_open = is_open | (distance == 0)
        mask = torch.zeros(is_open.shape, dtype=dtype, device=sequence.device)
        return mask.masked_fill_(~is_open, float("-inf"))[:, None]

    def project_distances(self, length: int) -> Tensor:
        """Return the projected encodings of distances 0 .. length, (L, length + 1, H, E), that ``step`` takes."""
        distances = sinusoids(length + 1, self.config.width).flip(0).to(self.embedding.device)
        return torch.stack([block.attention.project_distances(distances) for block in self.blocks])

    def step(
        self, inputs: Tensor, keys: Tensor, values: Tensor, ages: Tensor, valid: Tensor, relative: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read one event of each lane against a static cache: a pure function, made for export.

        Args:
            inputs: ids (B, W).
            keys: (L, B, H, M, E), a ring in any order; the host writes it.
            values: (L, B, H, M, E).
            ages: (B, M), how many events ago each entry was written, 1 .. M.
            valid: (B, M), whether the entry belongs to the lane's song.
            relative: (L, M + 1, H, E), from ``project_distances``.

        Returns:
            Output (B, D), new keys (L, B, H, E) and new values (L, B, H, E).
        """
        hidden = self.embed(inputs)
        mask = torch.zeros(valid.shape, dtype=hidden.dtype, device=inputs.device)
        mask = mask.masked_fill(~valid, float("-inf"))[:, None]
        new_keys: list[Tensor] = []
        new_values: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            hidden, key, value = block.step(
                hidden, key=keys[index], value=values[index], relative=relative[index], ages=ages, mask=mask
            )
            new_keys.append(key)
            new_values.append(value)
        return self.norm(hidden), torch.stack(new_keys), torch.stack(new_values)


def _keep_last(old: Tensor, new: Tensor, length: int) -> Tensor:
    """Return the last ``length`` entries of old and new (B, H, ., E)."""
    if new.shape[2] >= length:
        return new[:, :, new.shape[2] - length :]
    return torch.cat([old[:, :, new.shape[2] :].to(new.dtype), new], dim=2)


def _working_dtype(hidden: Tensor) -> torch.dtype:
    """The dtype of attention scores under autocast, so that adding the mask does not widen them."""
    kind = hidden.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
