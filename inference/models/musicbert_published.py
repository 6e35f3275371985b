"""MusicBERT as it was published, so that published weights can be read. Only torch.

Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3; sizes small (4 layers, 512, 2,048, 8 heads) and base (12, 768,
3,072, 12). The eight embeddings of a note are joined and projected to one vector (``downsampling``), learned positions are
added, a RoBERTa encoder (Liu et al. 2019, arXiv 1907.11692; norms behind the sub-layers, GELU) reads the notes, each vector
is spread to eight again (``upsampling``), and one head over the common table of ids guesses what was masked.

Ids are those of ``music/tokenizers/octuple.py``: four specials in fairseq's order (start, padding, stop, unknown), the fields
one after the other in the order of the published ``dict.txt``, and the mask last, where fairseq adds it. A sequence begins
with a note of eight starts and ends with one of eight stops. Positions count from ``PADDING_ID`` + 1, as fairseq counts them.

Names of parameters are ours; ``training/musicbert_import.py`` knows the published ones.

Legend: B batch, T notes with start and stop, F fields, D width, H heads, E width of a head, V ids.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

VARIANT = "published"
START_ID, PADDING_ID, STOP_ID = 0, 1, 2
_NUM_FIELDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedConfig:
    """Everything that fixes the shape of the network. ``num_places`` are rows of the table of positions."""

    num_ids: int
    width: int = 512
    num_layers: int = 4
    num_heads: int = 8
    feedforward_width: int = 2048
    num_places: int = 8194
    is_tied: bool = True  # the head's last layer is the table of embeddings
    variant: str = VARIANT

    @property
    def max_notes(self) -> int:
        """Notes that fit into one sequence, start and stop not counted."""
        return self.num_places - PADDING_ID - 3

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the config that ``to_dict`` wrote."""
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class PublishedLayer(nn.Module):
    """Self-attention and feed-forward, each with a residual around and its norm behind."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)
        self.attention_norm = nn.LayerNorm(config.width)
        self.expand = nn.Linear(config.width, config.feedforward_width)
        self.contract = nn.Linear(config.feedforward_width, config.width)
        self.final_norm = nn.LayerNorm(config.width)

    def forward(self, inputs: Tensor, *, is_padding: Tensor | None) -> Tensor:
        """Return (B, T, D) from (B, T, D); ``is_padding`` (B, T) is not looked at."""
        query, key, value = (
            layer(inputs).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, H, T, E)
            for layer in (self.query, self.key, self.value)
        )
        is_seen = None if is_padding is None else ~is_padding[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=is_seen)
        hidden = self.attention_norm(inputs + self.output(mixed.transpose(1, 2).flatten(2)))
        return self.final_norm(hidden + self.contract(functional.gelu(self.expand(hidden))))


class PublishedMusicBERT(nn.Module):
    """Ids of notes -> logits of the whole table for each field of each note."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.num_ids, config.width)
        self.places = nn.Embedding(config.num_places, config.width)
        self.downsampling = nn.Linear(_NUM_FIELDS * config.width, config.width)
        self.embedding_norm = nn.LayerNorm(config.width)
        self.layers = nn.ModuleList(PublishedLayer(config) for _ in range(config.num_layers))
        self.upsampling = nn.Linear(config.width, _NUM_FIELDS * config.width)
        self.head_dense = nn.Linear(config.width, config.width)
        self.head_norm = nn.LayerNorm(config.width)
        self.head_bias = nn.Parameter(torch.zeros(config.num_ids))
        if not config.is_tied:
            self.head_weight = nn.Parameter(torch.randn(config.num_ids, config.width) * config.width**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Return hidden states (B, T, F, D) of ids (B, T, F); rows of ``PADDING_ID`` are padding."""
        is_padding = ids[:, :, 0] == PADDING_ID
        place = torch.cumsum(~is_padding, dim=1) * ~is_padding + PADDING_ID  # (B, T)
        hidden = self.downsampling(self.embedding(ids).flatten(2)) + self.places(place)
        hidden = self.embedding_norm(hidden).masked_fill(is_padding[:, :, None], 0.0)
        hides = is_padding if bool(is_padding.any()) else None
        for layer in self.layers:
            hidden = layer(hidden, is_padding=hides)
        return self.upsampling(hidden).unflatten(-1, (_NUM_FIELDS, -1))

    def logits(self, hidden: Tensor) -> Tensor:
        """Return logits (..., V) of hidden states (..., D)."""
        table = self.embedding.weight if self.config.is_tied else self.head_weight
        dense = self.head_norm(functional.gelu(self.head_dense(hidden)))
        return functional.linear(dense, table, self.head_bias)
