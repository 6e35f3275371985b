"""The harmonizer's layers for events: the reader takes what is given, the writer makes what is missing, event by event.

Layers are those of ``seq2seq.py`` and the heads those of the generator (``event_fields.py``); time is musical time in
16ths on both sides (rotary positions, fractions allowed), so a part written under a melody is aligned with it however
many notes either has. A written event also receives the reader's state of the last event that is not later than it.

It knows numbers of ids, not what they mean (``music/tokenizers/arrangement*.py`` makes them).

Legend: B batch, S events read, T events written, D width, W ids of an event.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.event_fields import EventFields, EventFieldsConfig
from inference.models.seq2seq_layers import DecoderLayer, EncoderLayer, additive_mask, causal_mask, rotary_angles
from inference.models.transformer_xl import EMBEDDING_DEVIATION

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangerConfig:
    """Sizes of the event layers; travels in the harmonizer's configuration."""

    num_read_ids: int
    num_write_ids: int
    fields: EventFieldsConfig
    width: int = 192
    num_heads: int = 4
    num_encoder_layers: int = 2
    num_decoder_layers: int = 3
    feed_forward: int = 768
    dropout: float = 0.1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ArrangerConfig:
        """Read what ``as_dict`` wrote."""
        arguments: dict[str, Any] = {**values, "fields": EventFieldsConfig(**values["fields"])}
        return cls(**arguments)


@dataclass(slots=True)
class ArrangerCache:
    """Keys and values of one passage being written: (1, H, T, E) per layer, and the reader's, (1, H, S, E) per layer."""

    self_keys: list[Tensor]
    self_values: list[Tensor]
    cross: list[tuple[Tensor, Tensor]]
    read: Tensor  # (1, S, D)


class Arranger(nn.Module):
    """Reader, writer and heads. Written events are right-padded; padding never reaches the states before it."""

    def __init__(self, config: ArrangerConfig) -> None:
        super().__init__()
        self.config = config
        self.head_width = config.width // config.num_heads
        self.read_embedding = nn.Parameter(torch.randn(config.num_read_ids, config.width) * EMBEDDING_DEVIATION)
        self.write_embedding = nn.Parameter(torch.randn(config.num_write_ids, config.width) * EMBEDDING_DEVIATION)
        self.read_input_norm = nn.LayerNorm(config.width)
        self.write_input_norm = nn.LayerNorm(config.width)
        self.encoder_layers: Iterable[EncoderLayer] = cast(
            "Iterable[EncoderLayer]", nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        )
        self.encoder_norm = nn.LayerNorm(config.width)
        self.aligned = nn.Linear(config.width, config.width)
        self.decoder_layers: Iterable[DecoderLayer] = cast(
            "Iterable[DecoderLayer]", nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        )
        self.decoder_norm = nn.LayerNorm(config.width)
        self.fields = EventFields(config.fields)

    def read(self, ids: Tensor, frames: Tensor, mask: Tensor | None) -> Tensor:
        """Return the reader's states (B, S, D) of ids (B, S, W) at musical times (B, S) in 16ths.

        ``mask`` (B, S) is True at real events; None means that all are.
        """
        angles = rotary_angles(frames, self.head_width)
        additive = additive_mask(mask)
        states = _working(self.read_input_norm(_embed(ids, self.read_embedding)))
        for layer in self.encoder_layers:
            states = layer(states, angles, additive)
        return self.encoder_norm(states)

    def _embed_written(self, ids: Tensor, aligned: Tensor, read: Tensor) -> Tensor:
        index = aligned[:, :, None].expand(-1, -1, read.shape[-1])
        own = _working(self.write_input_norm(_embed(ids, self.write_embedding)))
        return own + self.aligned(read.gather(1, index))

    def write(
        self, ids: Tensor, frames: Tensor, aligned: Tensor, *, read: Tensor, read_frames: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Return the writer's states (B, T, D) after each written event, from which the next one is chosen.

        Args:
            ids: (B, T, W).
            frames: (B, T), musical times in 16ths.
            aligned: (B, T), for each event the index of an event that is read.
            read: (B, S, D), from ``read``.
            read_frames: (B, S).
            mask: (B, S), True at real events.
        """
        angles, read_angles = rotary_angles(frames, self.head_width), rotary_angles(read_frames, self.head_width)
        additive = additive_mask(mask)
        states = self._embed_written(ids, aligned, read)
        for layer in self.decoder_layers:
            keys, values = layer.cross_attention.keys_values(read, read_angles)
            states = layer(states, angles, (keys, values, additive))
        return self.decoder_norm(states)

    def start_cache(self, read: Tensor, read_frames: Tensor) -> ArrangerCache:
        """Return an empty cache for one passage (B = 1) that was read."""
        angles = rotary_angles(read_frames, self.head_width)
        cross = [layer.cross_attention.keys_values(read, angles) for layer in self.decoder_layers]
        empty = read.new_zeros((1, self.config.num_heads, 0, self.head_width))
        return ArrangerCache([empty for _ in cross], [empty for _ in cross], cross, read)

    def extend(self, ids: Tensor, frames: Tensor, aligned: Tensor, cache: ArrangerCache) -> Tensor:
        """Return the states (1, T, D) of T further events and append them to the cache."""
        angles = rotary_angles(frames, self.head_width)
        states = self._embed_written(ids, aligned, cache.read)
        start = cache.self_keys[0].shape[2]
        stop = start + ids.shape[1]
        mask = causal_mask(start, stop, states) if ids.shape[1] > 1 else None
        for index, layer in enumerate(self.decoder_layers):
            normed = layer.self_norm(states)
            keys, values = layer.self_attention.keys_values(normed, angles)
            cache.self_keys[index] = torch.cat([cache.self_keys[index], keys], dim=2)
            cache.self_values[index] = torch.cat([cache.self_values[index], values], dim=2)
            mixed = layer.self_attention.attend(
                layer.self_attention.queries(normed, angles), cache.self_keys[index], cache.self_values[index],
                mask=mask,
            )  # fmt: skip
            states = layer.finish(states, mixed, angles, (*cache.cross[index], None))
        return self.decoder_norm(states)


def _embed(ids: Tensor, table: Tensor) -> Tensor:
    """Return the sum of the embeddings of ids (..., W); id 0 adds nothing."""
    flat = ids.reshape(-1, ids.shape[-1]).long()
    return functional.embedding_bag(flat, table, mode="sum", padding_idx=0).view(*ids.shape[:-1], -1)


def _working(states: Tensor) -> Tensor:
    """Return the states in the dtype of autocast, if it is on: the whole residual stream then is bf16, a third faster."""
    kind = states.device.type
    return states.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else states
