"""Sequence-to-sequence Transformer of the harmonizer: the encoder reads what is given, the decoder writes the rest.

After Vaswani et al. 2017 (arXiv 1706.03762), sections 3.1 to 3.3. Where we differ: layers normalize first; positions
are rotary (Su et al. 2021, arXiv 2104.09864) and count *musical time* in frames (16ths) for encoder and decoder alike,
so that self- and cross-attention both see time differences and a decoder step may stand for one frame or for a beat;
a step also receives the encoder's state of its own frame directly; and each decoder state is turned into several
fields by a small chained decoder (``seq2seq_fields.py``), so one step is one compound event.

It knows nothing of notes, tasks or files: inputs are tables of feature ids (0: unknown), which
``music/tokenizers/harmony.py`` makes.

Legend: B batch, S encoder frames, T decoder steps, F features of a step, H heads, D width, E head width.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.seq2seq_fields import FieldDecoder, FieldSpec, SlicedDropout

ROTARY_BASE = 2000.0
"""Longest wavelength in frames over 2 pi; windows have at most 384 frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seq2SeqConfig:
    """Sizes of a network; saved beside its weights."""

    encoder_feature_sizes: tuple[int, ...]  # ids per encoder feature, id 0 is "unknown"
    decoder_feature_sizes: tuple[int, ...]  # the same for decoder steps
    fields: tuple[FieldSpec, ...]  # in the order in which a step writes them
    width: int = 192
    num_heads: int = 4
    num_encoder_layers: int = 2
    num_decoder_layers: int = 3
    feed_forward: int = 768
    field_width: int = 192
    dropout: float = 0.3
    max_frames: int = 512  # longest window of the cache
    max_steps: int = 512

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Seq2SeqConfig:
        """Read what ``as_dict`` wrote."""
        plain = dict(values)
        plain["encoder_feature_sizes"] = tuple(plain["encoder_feature_sizes"])
        plain["decoder_feature_sizes"] = tuple(plain["decoder_feature_sizes"])
        plain["fields"] = tuple(FieldSpec.from_dict(field) for field in plain["fields"])
        return cls(**plain)


@dataclass(slots=True)
class DecoderCache:
    """Keys and values of one decoding run, preallocated. Truncate by lowering ``num_steps``: later slots are ignored.

    ``self_keys``/``self_values`` hold (B, H, max_steps, E) per layer, filled up to ``num_steps``;
    ``cross_keys``/``cross_values`` hold (B, H, S, E) per layer, computed once from the encoder's states.
    """

    self_keys: list[Tensor]
    self_values: list[Tensor]
    cross_keys: list[Tensor]
    cross_values: list[Tensor]
    cross_mask: Tensor | None  # (B, 1, 1, S) additive
    num_steps: int = 0


class FeatureEmbedding(nn.Module):
    """Sum of one embedding per feature, all tables in one so that a step is a single gather."""

    offsets: Tensor

    def __init__(self, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        starts = [0]
        for size in sizes[:-1]:
            starts.append(starts[-1] + size)
        self.register_buffer("offsets", torch.tensor(starts, dtype=torch.long), persistent=False)
        self.table = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.5)  # 0.02 drowns in the first layers
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:  # (..., F) -> (..., D)
        flat = (ids + self.offsets).reshape(-1, ids.shape[-1])
        return self.norm(self.table(flat).reshape(*ids.shape[:-1], -1))


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

    def __init__(self, config: Seq2SeqConfig) -> None:
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

    def __init__(self, config: Seq2SeqConfig) -> None:
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


class Seq2Seq(nn.Module):
    """The whole network. Decoder steps are right-padded; padding never reaches the states before it."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.config = config
        self.head_width = config.width // config.num_heads
        self.encoder_embedding = FeatureEmbedding(config.encoder_feature_sizes, config.width)
        self.encoder_layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.encoder_norm = nn.LayerNorm(config.width)
        self.decoder_embedding = FeatureEmbedding(config.decoder_feature_sizes, config.width)
        self.aligned = nn.Linear(config.width, config.width)
        self.decoder_layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        self.decoder_norm = nn.LayerNorm(config.width)
        self.dropout = SlicedDropout(config.dropout)
        self.field_decoder = FieldDecoder(config.fields, config.width, config.field_width, config.dropout)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.aligned.weight.device

    @property
    def _layers(self) -> list[DecoderLayer]:
        return cast("list[DecoderLayer]", self.decoder_layers)

    def encode(self, features: Tensor, frames: Tensor, mask: Tensor | None) -> Tensor:
        """Return encoder states (B, S, D) of feature ids (B, S, F) at frame numbers (B, S).

        ``mask`` (B, S) is True at real frames; None means that all are.
        """
        additive = additive_mask(mask)
        angles = rotary_angles(frames, self.head_width)
        states = self.dropout(self.encoder_embedding(features))
        for layer in cast("list[EncoderLayer]", self.encoder_layers):
            states = layer(states, angles, additive)
        return self.encoder_norm(states)

    def embed_steps(self, features: Tensor, frames: Tensor, encoded: Tensor) -> Tensor:
        """Return the decoder's inputs (B, T, D): the step's features and the encoder's state of the step's frame."""
        index = frames[:, :, None].expand(-1, -1, encoded.shape[-1])
        return self.decoder_embedding(features) + self.aligned(encoded.gather(1, index))

    def decode(self, features: Tensor, frames: Tensor, encoded: Tensor, mask: Tensor | None) -> Tensor:
        """Return decoder states (B, T, D) for step features (B, T, F); ``frames`` (B, T) index the encoder's frames."""
        additive = additive_mask(mask)
        encoder_frames = torch.arange(encoded.shape[1], device=encoded.device)[None].expand(encoded.shape[0], -1)
        encoder_angles = rotary_angles(encoder_frames, self.head_width)
        angles = rotary_angles(frames, self.head_width)
        states = self.dropout(self.embed_steps(features, frames, encoded))
        for layer in self._layers:
            keys, values = layer.cross_attention.keys_values(encoded, encoder_angles)
            states = layer(states, angles, (keys, values, additive))
        return self.decoder_norm(states)

    def start_cache(self, encoded: Tensor, mask: Tensor | None) -> DecoderCache:
        """Return an empty cache for one window whose encoder states are given."""
        batch, num_frames, _ = encoded.shape
        frames = torch.arange(num_frames, device=encoded.device)[None].expand(batch, -1)
        angles = rotary_angles(frames, self.head_width)
        cross = [layer.cross_attention.keys_values(encoded, angles) for layer in self._layers]
        shape = (batch, self.config.num_heads, self.config.max_steps, self.head_width)
        return DecoderCache(
            self_keys=[encoded.new_zeros(shape) for _ in cross],
            self_values=[encoded.new_zeros(shape) for _ in cross],
            cross_keys=[keys for keys, _ in cross],
            cross_values=[values for _, values in cross],
            cross_mask=additive_mask(mask),
        )

    def extend(self, features: Tensor, frames: Tensor, encoded: Tensor, cache: DecoderCache) -> Tensor:
        """Return states (B, T, D) of T further steps and append them to the cache.

        One step at a time while writing; many at once where steps are already known (the forced bars of a window).
        """
        start, stop = cache.num_steps, cache.num_steps + features.shape[1]
        angles = rotary_angles(frames, self.head_width)
        states = self.embed_steps(features, frames, encoded)
        for index, layer in enumerate(self._layers):
            normed = layer.self_norm(states)
            keys, values = layer.self_attention.keys_values(normed, angles)
            cache.self_keys[index][:, :, start:stop] = keys
            cache.self_values[index][:, :, start:stop] = values
            mixed = layer.self_attention.attend(
                layer.self_attention.queries(normed, angles),
                cache.self_keys[index][:, :, :stop],
                cache.self_values[index][:, :, :stop],
                mask=_causal_mask(start, stop, states) if stop - start > 1 else None,
            )
            cross = (cache.cross_keys[index], cache.cross_values[index], cache.cross_mask)
            states = layer.finish(states, mixed, angles, cross)
        cache.num_steps = stop
        return self.decoder_norm(states)


def additive_mask(mask: Tensor | None) -> Tensor | None:
    """Turn a mask of real frames (B, S) into (B, 1, 1, S) with minus infinity at padding."""
    if mask is None:
        return None
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, float("-inf"))[:, None, None, :]


def _causal_mask(start: int, stop: int, like: Tensor) -> Tensor:
    """Return (1, 1, stop - start, stop) with minus infinity at later steps."""
    rows = torch.arange(start, stop, device=like.device)[:, None]
    columns = torch.arange(stop, device=like.device)[None]
    return torch.zeros(rows.shape[0], stop, device=like.device).masked_fill(columns > rows, float("-inf"))[None, None]
