"""The remixer's network: a bidirectional encoder over notes of eight fields. Only torch.

Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3: the eight field embeddings of a note are concatenated and
projected to one vector, an encoder reads all notes at once, and eight heads predict the fields that were masked.
Where we differ:

- rotary positions (Su et al. 2021, arXiv 2104.09864) in place of learned ones, in half of the heads over the index of a
  note and in the other half over its musical time;
- a learned bias on each score, shared by the layers, by what two notes have to do with each other: whether they are of one track, whether they
  stand at the same place of the bar or have the same pitch, and how many bars lie between them. Music repeats, and a
  small network that sees few notes would need long to find that out by itself;
- a head may also copy: its distribution is a mixture of its own and of the values of the notes it points to (See et al.
  2017, "Get To The Point", arXiv 1704.04368, section 2.2);
- normalisation comes before each sub-layer.

Legend: B batch, T notes, F fields, H heads, L layers, E width of a head, D width, N chosen notes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

_EMBEDDING_SCALE = 0.5  # at 0.02 the fields drown in the projection and learning takes far longer
_LONGEST_PERIOD = 20_000.0
_FAR_BARS = 9  # bars further apart than this count as equally far
NUM_RELATIONS = (2 * _FAR_BARS + 1) * 8
_POINTER_WIDTH = 32
_COPY_FIRST = -1.0  # heads begin as copyists: that is the better guess until they have learned something of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicBERTConfig:
    """Everything that fixes the shape of the network. Dropout is a matter of training, not of shape, but travels too."""

    field_sizes: tuple[int, ...]
    num_specials: int = 4
    width: int = 192
    num_layers: int = 6
    num_heads: int = 6
    feedforward_width: int = 768
    field_width: int = 48
    dropout: float = 0.1

    def __post_init__(self) -> None:
        assert self.width % (2 * self.num_heads) == 0
        assert self.num_heads % 2 == 0

    @property
    def num_ids(self) -> int:
        """Specials, all fields, and the mask, which is the last."""
        return self.num_specials + sum(self.field_sizes) + 1

    @property
    def head_width(self) -> int:
        return self.width // self.num_heads

    @classmethod
    def of_size(cls, size: str, *, field_sizes: tuple[int, ...]) -> Self:
        """Return the size ``cpu`` (1.6 million parameters), ``gpu`` (20 million) or ``tiny`` (for tests).

        Raises:
            KeyError: for another size.
        """
        width, num_layers, num_heads = _SIZES[size]
        return cls(
            field_sizes=field_sizes,
            width=width,
            num_layers=num_layers,
            num_heads=num_heads,
            feedforward_width=4 * width,
            field_width=width // 4,
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the config that ``to_dict`` wrote."""
        arguments: dict[str, Any] = {**values, "field_sizes": tuple(values["field_sizes"])}
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


# width, layers, heads
_SIZES: dict[str, tuple[int, int, int]] = {"tiny": (32, 2, 2), "cpu": (160, 4, 4), "gpu": (448, 8, 8)}


class NotePlaces(NamedTuple):
    """Where notes stand, (B, T) each. What is masked must not show here: see ``time`` and ``position``."""

    time: Tensor  # in positions since the first bar; of a masked position the beginning of its bar
    bar: Tensor
    position: Tensor  # in the bar; -1 where it is masked
    pitch: Tensor  # -1 where it is masked
    track: Tensor


class Encoded(NamedTuple):
    """What the encoder made of a batch, for ``MusicBERT.log_chances``."""

    hidden: Tensor  # (B, T, D)
    ids: Tensor  # (B, T, F), as they were given
    bias: Tensor  # (B, F, T, T), for pointing


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


def initial_relation_bias(num_heads: int, *, num_fields: int) -> Tensor:
    """Return a start (``NUM_RELATIONS``, heads + fields): near bars first, and heads that differ.

    The four kinds of heads favour their track; track and place; track and pitch; nothing. Pointing favours all three.
    """
    relation = torch.arange(NUM_RELATIONS)
    favours = torch.zeros(NUM_RELATIONS, num_heads + num_fields)
    kinds = ((1, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0))
    for column in range(num_heads + num_fields):
        kind = kinds[column % len(kinds)] if column < num_heads else (1, 1, 1)
        for bit, wanted in zip((4, 2, 1), kind, strict=True):
            favours[:, column] += 1.5 * wanted * (relation // bit % 2)
    return favours - 0.1 * (relation // 8 - _FAR_BARS).abs().float()[:, None]


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each with its norm before and a residual around."""

    def __init__(self, config: MusicBERTConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.attention_norm = nn.LayerNorm(config.width)
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.output = nn.Linear(config.width, config.width)
        self.feedforward_norm = nn.LayerNorm(config.width)
        self.expand = nn.Linear(config.width, config.feedforward_width)
        self.contract = nn.Linear(config.feedforward_width, config.width)
        self.dropout = nn.Dropout(config.dropout)

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
        hidden = inputs + self.dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        fed = self.contract(functional.gelu(self.expand(self.feedforward_norm(hidden))))
        return hidden + self.dropout(fed)


class FieldHead(nn.Module):
    """One field's distribution: its own, mixed with the values of shown notes that it points to."""

    def __init__(self, *, width: int, size: int, offset: int) -> None:
        super().__init__()
        self.size = size
        self.offset = offset
        self.own = nn.Linear(width, size)
        self.query = nn.Linear(width, _POINTER_WIDTH)
        self.key = nn.Linear(width, _POINTER_WIDTH)
        self.gate = nn.Linear(width, 1)
        nn.init.constant_(self.gate.bias, _COPY_FIRST)

    def forward(self, hidden: Tensor, *, ids: Tensor, bias: Tensor, chosen: Tensor) -> Tensor:
        """Return logarithms of chances (N, size) of the chosen notes.

        Args:
            hidden: (B, T, D).
            ids: (B, T) of this field; what is masked or padding lies outside the field's block and is not pointed to.
            bias: (B, T, T), added to the scores of pointing.
            chosen: (B, T), N of them true.
        """
        batch, note = chosen.nonzero(as_tuple=True)
        asking = hidden[batch, note]  # (N, D)
        own = self.own(asking).float().log_softmax(dim=-1)  # (N, size)

        values = ids - self.offset
        is_shown = (values >= 0) & (values < self.size)  # (B, T)
        scores = torch.matmul(self.query(hidden) * _POINTER_WIDTH**-0.5, self.key(hidden).transpose(1, 2))  # (B, T, T)
        scores = (scores + bias).masked_fill(~is_shown[:, None, :], -1e4)[batch, note].float()  # (N, T)
        weights = scores.softmax(dim=-1)
        copied = torch.zeros_like(own).scatter_add(1, values.clamp(0, self.size - 1)[batch], weights)

        gate = self.gate(asking).float()  # (N, 1)
        gate = gate.masked_fill(~is_shown.any(dim=1)[batch][:, None], 30.0)
        return torch.logaddexp(functional.logsigmoid(gate) + own, functional.logsigmoid(-gate) + (copied + 1e-8).log())


class MusicBERT(nn.Module):
    """Notes with some fields masked -> hidden states -> chances of each field's values."""

    def __init__(self, config: MusicBERTConfig) -> None:
        super().__init__()
        self.config = config
        num_fields = len(config.field_sizes)
        self.embedding = nn.Embedding(config.num_ids, config.field_width)
        self.project = nn.Linear(num_fields * config.field_width, config.width)
        self.relation_bias = nn.Embedding(NUM_RELATIONS, config.num_heads + num_fields)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.width)
        self.head_dense = nn.Linear(config.width, config.width)
        self.head_norm = nn.LayerNorm(config.width)
        offsets = [config.num_specials + sum(config.field_sizes[:index]) for index in range(num_fields)]
        self.heads = nn.ModuleList(
            FieldHead(width=config.width, size=size, offset=offset)
            for size, offset in zip(config.field_sizes, offsets, strict=True)
        )
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=_EMBEDDING_SCALE)
        with torch.no_grad():
            self.relation_bias.weight.copy_(initial_relation_bias(config.num_heads, num_fields=num_fields))

    def forward(self, ids: Tensor, *, places: NotePlaces, is_padding: Tensor | None = None) -> Encoded:
        """Read a batch of windows.

        Args:
            ids: (B, T, F), each field's id in the common table.
            places: where the notes stand, as far as they are not masked.
            is_padding: (B, T), true for rows that are not there.
        """
        hidden = self.dropout(self.project(self.embedding(ids).flatten(2)))  # (B, T, D)
        rotation = rotate_half_by_index(places.time, num_heads=self.config.num_heads, head_width=self.config.head_width)
        bias = self.relation_bias(relate_notes(places)).to(hidden.dtype).permute(0, 3, 1, 2).contiguous()
        for_attention, for_pointing = bias.split([self.config.num_heads, len(self.config.field_sizes)], dim=1)
        if is_padding is not None and bool(is_padding.any()):
            for_attention = for_attention.masked_fill(is_padding[:, None, None, :], float("-inf"))
        for layer in self.layers:
            hidden = layer(hidden, rotation=rotation, bias=for_attention)
        return Encoded(self.norm(hidden), ids, for_pointing)

    def log_chances(self, encoded: Encoded, *, field: int, chosen: Tensor) -> Tensor:
        """Return the logarithms of the chances of one field's values (N, size) for the chosen notes (B, T)."""
        hidden = self.head_norm(functional.gelu(self.head_dense(encoded.hidden)))
        head = self.heads[field]
        return head(hidden, ids=encoded.ids[:, :, field], bias=encoded.bias[:, field], chosen=chosen)
