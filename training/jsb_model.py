"""The network of the JSB benchmark: the generator's Transformer-XL body, and a head that writes four voices in a chain.

The logits of a voice are a sum of

- a table of absolute pitches (its range) and a table of steps from its anchor, the last pitch it sounded;
- a table of distances from each voice already written in the frame;
- weighted columns of each step: log shares of counts, support by earlier matches in the piece, how common its pitch has
  been, and whether it would be a parallel, a hidden perfect interval, a crossing or a unison. The weights are read off
  the state, so counts are trusted where they deserve it.

Legend: B lanes, T length, D body width, F head width, V voices in order of writing, N candidate values, S steps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.seq2seq_fields import SlicedDropout
from inference.models.transformer_xl import EMBEDDING_DEVIATION, Memory, TransformerXL, TransformerXLConfig

MAX_DISTANCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoraleModelConfig:
    """Sizes; ``num_counts`` of the columns are log shares."""

    reading_sizes: tuple[int, ...]
    head_sizes: tuple[int, ...]
    num_dense: int
    num_columns: int
    num_counts: int
    num_values: int
    max_step: int
    num_voices: int = 4
    width: int = 160
    num_layers: int = 3
    num_heads: int = 5
    feedforward_width: int = 480
    segment_length: int = 96
    memory_length: int = 192
    head_width: int = 160
    dropout: float = 0.35
    head_dropout: float = 0.35

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ChoraleModelConfig:
        tuples = {name: tuple(values[name]) for name in ("reading_sizes", "head_sizes")}
        return cls(**{**values, **tuples})


class ChoraleHead(nn.Module):
    """Logits of one voice."""

    def __init__(self, config: ChoraleModelConfig, num_written: int) -> None:
        super().__init__()
        self.config = config
        self.num_written = num_written
        width = config.head_width
        offsets = torch.tensor([0, *config.head_sizes]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.offsets: Tensor
        self.register_buffer("candidates", torch.arange(config.num_values), persistent=False)
        self.candidates: Tensor
        self.from_body = nn.Linear(config.width, width)
        self.from_dense = nn.Linear(config.num_dense, width)
        self.table = nn.Parameter(torch.randn(int(offsets[-1]), width) * EMBEDDING_DEVIATION)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.dropout = SlicedDropout(config.head_dropout)
        self.absolute = nn.Linear(width, config.num_values)
        self.steps = nn.Linear(width, 2 * config.max_step + 2)
        self.weights = nn.Linear(width, config.num_columns)
        self.distances = nn.ModuleList(nn.Linear(width, 2 * MAX_DISTANCE + 1) for _ in range(num_written))
        for layer in (self.absolute, self.steps, self.weights, *self.distances):
            nn.init.normal_(cast("nn.Linear", layer).weight, std=0.02)
            nn.init.zeros_(cast("nn.Linear", layer).bias)
        with torch.no_grad():  # begin as the geometric mean of the counts
            self.weights.bias[: config.num_counts] = 1 / config.num_counts

    def forward(
        self, body: Tensor, ids: Tensor, dense: Tensor, columns: Tensor, *, anchor: Tensor, written: list[Tensor]
    ) -> Tensor:
        """Return logits (R, N), float32.

        Args:
            body: (R, D).
            ids: (R, H).
            dense: (R, numbers).
            columns: (R, S, K).
            anchor: (R,) value of the voice's last pitch; below 0: none.
            written: values (R,) of the voices written before it in the frame.
        """
        state = functional.embedding_bag(ids + self.offsets, self.table, mode="sum")
        state = self.norm(state + self.from_body(body) + self.from_dense(dense))
        state = self.dropout(functional.gelu(state, approximate="tanh"))
        state = self.dropout(functional.gelu(self.hidden(state), approximate="tanh")) + state
        step_scores = self.steps(state).float()
        weights = self.weights(state)
        step_scores = step_scores + torch.matmul(columns.to(weights.dtype), weights[:, :, None])[:, :, 0].float()
        logits = self.absolute(state).float() + step_scores.gather(1, self._step_index(anchor))
        for layer, value in zip(self.distances, written, strict=True):
            distance = (self.candidates[None, :] - value[:, None]).clamp(-MAX_DISTANCE, MAX_DISTANCE) + MAX_DISTANCE
            is_pair = (value[:, None] > 0) & (self.candidates[None, :] > 0)
            logits = logits + torch.where(is_pair, layer(state).float().gather(1, distance), 0.0)
        return logits

    def _step_index(self, anchor: Tensor) -> Tensor:
        """Return which step leads to each candidate (R, N); the last is any other."""
        limit = self.config.max_step
        step = self.candidates[None, :] - anchor[:, None]
        is_step = (step.abs() <= limit) & (self.candidates[None, :] > 0) & (anchor[:, None] > 0)
        return torch.where(is_step, step + limit, 2 * limit + 1)


class ChoraleModel(nn.Module):
    """Body and the heads of four voices."""

    def __init__(self, config: ChoraleModelConfig) -> None:
        super().__init__()
        self.config = config
        offsets = torch.tensor([0, *config.reading_sizes]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.offsets: Tensor
        self.body = TransformerXL(
            TransformerXLConfig(
                num_ids=1 + int(offsets[-1]), width=config.width, num_layers=config.num_layers,
                num_heads=config.num_heads, feedforward_width=config.feedforward_width,
                segment_length=config.segment_length, memory_length=config.memory_length,
            )
        )  # fmt: skip
        with torch.no_grad():
            self.body.embedding.mul_(0.5)  # twice as many ids are summed as in the generator
        for block in self.body.blocks:
            block.dropout = SlicedDropout(config.dropout)  # pyright: ignore[reportAttributeAccessIssue] - drawn once, sliced
        self.heads = nn.ModuleList(ChoraleHead(config, place) for place in range(config.num_voices))

    def forward(self, reading: Tensor, *, sequence: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Return (B, T, D) of the body and the next memory; ``reading`` (B, T, W) has id 0 where unknown."""
        inputs = torch.where(reading > 0, reading + self.offsets, 0)
        return self.body(inputs, sequence=sequence, memory=memory)

    def logits(
        self, body: Tensor, ids: Tensor, dense: Tensor, columns: Tensor, *, anchors: Tensor, values: Tensor
    ) -> list[Tensor]:
        """Return logits (R, N) of each voice, given the true values (R, V) of those before it."""
        found: list[Tensor] = []
        for place, head in enumerate(self.heads):
            written = [values[:, earlier] for earlier in range(place)]
            found.append(
                head(body, ids[:, place], dense[:, place], columns[:, place], anchor=anchors[:, place], written=written)
            )
        return found
