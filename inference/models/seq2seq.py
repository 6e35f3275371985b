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

from inference.models.arranger import Arranger, ArrangerConfig
from inference.models.seq2seq_fields import FieldDecoder, FieldSpec, SlicedDropout
from inference.models.seq2seq_layers import DecoderLayer, EncoderLayer, additive_mask, causal_mask, rotary_angles


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
    arranger: ArrangerConfig | None = None  # the layers for events; None: a checkpoint that knows frames only

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
        if plain.get("arranger") is not None:
            plain["arranger"] = ArrangerConfig.from_dict(plain["arranger"])
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
        self.arranger = Arranger(config.arranger) if config.arranger is not None else None

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
                mask=causal_mask(start, stop, states) if stop - start > 1 else None,
            )
            cross = (cache.cross_keys[index], cache.cross_values[index], cache.cross_mask)
            states = layer.finish(states, mixed, angles, cross)
        cache.num_steps = stop
        return self.decoder_norm(states)
