"""The remixer's network: an encoder over notes of eight fields that sees where each masked value may be copied from.

Zeng et al. 2021, "MusicBERT", arXiv 2106.05630, section 3: the eight field embeddings of a note are concatenated and
projected to one vector, an encoder reads all notes at once, and heads predict the fields that were masked. The encoder is
that of ``note_encoder.py``. What is new: for each masked field *sources* are laid out (values of the same field at answering
places of the track), which the encoder reads with the note and each head may copy. A head's logits are a sum of

- an ordinary layer over all values;
- copy gates, one scalar for each source, added to that value's logit (after See et al. 2017, arXiv 1704.04368);
- levels, numbers for each value that come with the sources (votes, what sounds around), each times a learned scalar;
- scores of steps from anchors (interval from the notes beside), so what is learned in one key or place holds in all;
- votes of single notes by learned likeness (``note_votes.py``), where a field has them; the encoder reads them, too.

It knows nothing of music: which sources, levels and anchors there are is decided where they are laid out.

Legend: B batch, T notes, F fields, D width, M masked notes of one field, V values, K sources, J facts, C levels, A anchors,
N shown notes, H kernels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.note_encoder import (
    NUM_RELATIONS,
    EncoderLayer,
    NotePlaces,
    initial_relation_bias,
    relate_notes,
    rotate_half_by_index,
)
from inference.models.note_votes import NoteVotes

VARIANT = "sources"
_EMBEDDING_SCALE = 0.5  # at 0.02 the fields drown in the projection and learning takes far longer
_CLASSES = 12
_VOTE_FLOOR = 0.01
_FIRST_LEVEL = 0.3  # what the votes count before anything is learned


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadShape:
    """What is laid out for one field. ``radii`` has one number for each anchor: how far steps reach; 0 for pitch classes.

    ``kernels`` has one number for each column of what single notes vote for: how many kernels weigh it. Without any, single
    notes have no votes, as in checkpoints from before there were votes.
    """

    field: int
    num_sources: int
    num_levels: int
    radii: tuple[int, ...]
    kernels: tuple[int, ...] = ()
    num_features: int = 0  # of a pair of notes, 8 in a byte


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixerConfig:
    """Everything that fixes the shape of the network."""

    field_sizes: tuple[int, ...]
    heads: tuple[HeadShape, ...]
    fact_sizes: tuple[int, ...]
    num_specials: int = 4
    width: int = 160
    num_layers: int = 4
    num_heads: int = 4
    field_width: int = 40
    source_width: int = 16
    head_width: int = 128
    genres: tuple[str, ...] = ()  # that the network tells apart; none for a network that only fills in
    variant: str = VARIANT

    @property
    def num_ids(self) -> int:
        """Specials, all fields, and the mask, which is the last."""
        return self.num_specials + sum(self.field_sizes) + 1

    @property
    def note_head_width(self) -> int:
        """Width of one head of the encoder."""
        return self.width // self.num_heads

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the config that ``to_dict`` wrote."""
        shapes: list[dict[str, Any]] = [
            {**head, "radii": tuple(head["radii"]), "kernels": tuple(head.get("kernels", ()))}
            for head in values["heads"]
        ]
        arguments: dict[str, Any] = {
            **values,
            "field_sizes": tuple(values["field_sizes"]),
            "fact_sizes": tuple(values["fact_sizes"]),
            "genres": tuple(values["genres"]),
            "heads": tuple(HeadShape(**shape) for shape in shapes),
        }
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Laid(NamedTuple):
    """What is laid out for the M masked notes of one field of a batch."""

    batch: Tensor  # (M,)
    note: Tensor  # (M,)
    values: Tensor  # (M, K), V means none
    is_good: Tensor  # (M, K)
    facts: Tensor  # (M, J)
    levels: Tensor  # (M, V, C)
    anchors: Tensor  # (M, A), -1 means none
    codes: Tensor  # (M, N, bytes) uint8, features of the pair with each shown note; N is 0 where no notes vote
    votes: Tensor  # (M, N, columns), what each shown note votes for; V means nothing


class Read(NamedTuple):
    """What a head reads besides the encoder's vector."""

    sources: Tensor  # (M, head width)
    shares: Tensor | None  # (M, H, V), votes of single notes


class SourceReader(nn.Module):
    """One field's sources and facts as vectors."""

    def __init__(self, shape: HeadShape, config: RemixerConfig) -> None:
        super().__init__()
        self.size = config.field_sizes[shape.field]
        offsets = torch.tensor([0, *config.fact_sizes]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.offsets: Tensor
        self.value_embedding = nn.Embedding(2 * (self.size + 1), config.source_width)
        read_width = shape.num_sources * config.source_width
        self.to_encoder = nn.Linear(read_width, config.width)
        self.to_head = nn.Linear(read_width, config.head_width)
        self.facts_to_encoder = nn.EmbeddingBag(int(offsets[-1]), config.width, mode="sum")
        self.facts_to_head = nn.EmbeddingBag(int(offsets[-1]), config.head_width, mode="sum")
        for bag in (self.facts_to_encoder, self.facts_to_head):
            nn.init.normal_(bag.weight, std=0.05)
        nn.init.normal_(self.value_embedding.weight, std=_EMBEDDING_SCALE)
        self.votes = None
        if shape.kernels:
            self.votes = NoteVotes(kernels=shape.kernels, num_features=shape.num_features, num_values=self.size)
            vote_width = sum(shape.kernels) * (config.source_width + 2)
            self.votes_to_encoder = nn.Linear(vote_width, config.width, bias=False)
            self.votes_to_head = nn.Linear(vote_width, config.head_width, bias=False)
            for layer in (self.votes_to_encoder, self.votes_to_head):
                nn.init.zeros_(layer.weight)  # silent at first, so that older weights may begin a run

    def forward(self, laid: Laid) -> tuple[Tensor, Read]:
        """Return what the encoder reads (M, D) and what the head reads."""
        ids = laid.values + laid.is_good * (self.size + 1)
        values = self.value_embedding(ids).flatten(1)  # (M, K * source width)
        facts = laid.facts + self.offsets
        for_encoder = self.to_encoder(values) + self.facts_to_encoder(facts)
        for_head = self.to_head(values) + self.facts_to_head(facts)
        if self.votes is None:
            return for_encoder, Read(for_head, None)
        shares = self.votes(laid.codes, laid.votes)  # (M, H, V)
        meant = torch.matmul(shares, self.value_embedding.weight[: self.size].float())
        sure = torch.stack([shares.amax(dim=2), shares.sum(dim=2)], dim=2)  # (M, H, 2)
        votes = torch.cat([meant, sure], dim=2).flatten(1)
        return (
            for_encoder + self.votes_to_encoder(votes),
            Read(for_head + self.votes_to_head(votes), shares),
        )


class SourceHead(nn.Module):
    """One field's logits from the encoder's vector and what is laid out."""

    def __init__(self, shape: HeadShape, config: RemixerConfig) -> None:
        super().__init__()
        width = config.head_width
        self.radii = shape.radii
        self.from_body = nn.Linear(config.width, width)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.values = nn.Linear(width, config.field_sizes[shape.field])
        self.gates = nn.Linear(width, shape.num_sources)
        self.levels = nn.Linear(width, shape.num_levels)
        self.steps = nn.ModuleList(nn.Linear(width, 2 * radius + 1 if radius else _CLASSES) for radius in shape.radii)
        nn.init.constant_(self.levels.bias, _FIRST_LEVEL)
        self.votes = nn.Linear(width, sum(shape.kernels)) if shape.kernels else None
        if self.votes is not None:
            nn.init.zeros_(self.votes.weight)
            nn.init.zeros_(self.votes.bias)

    def forward(self, body: Tensor, read: Read, laid: Laid) -> Tensor:
        """Return logits (M, V), float32, from vectors of the encoder (M, D) and what was read of the sources."""
        state = functional.gelu(self.norm(self.from_body(body) + read.sources), approximate="tanh")
        state = functional.gelu(self.hidden(state), approximate="tanh") + state
        logits = self.values(state).float()  # (M, V)
        num_values = logits.shape[1]
        spare = functional.pad(logits, (0, 1))  # a column takes the sources that are none
        logits = spare.scatter_add(1, laid.values, self.gates(state).float())[:, :num_values]
        logits = logits + torch.matmul(laid.levels, self.levels(state).float()[:, :, None])[:, :, 0]
        if self.votes is not None and read.shares is not None:
            level = torch.log(read.shares + _VOTE_FLOOR)  # (M, H, V)
            logits = logits + torch.matmul(self.votes(state).float()[:, None], level)[:, 0]
        candidates = torch.arange(num_values, device=logits.device)
        for index, (layer, radius) in enumerate(zip(self.steps, self.radii, strict=True)):
            anchor = laid.anchors[:, index, None]
            scores = functional.pad(layer(state).float(), (0, 1))  # the last: no step
            logits = logits + scores.gather(1, _steps(candidates, anchor, radius))
        return logits


def _steps(candidates: Tensor, anchor: Tensor, radius: int) -> Tensor:
    """Return which step leads from anchors (M, 1) to candidates (V,), the number of steps for none: (M, V)."""
    if radius == 0:
        return torch.where(anchor >= 0, (candidates - anchor) % _CLASSES, _CLASSES)
    step = candidates - anchor + radius
    return torch.where((anchor >= 0) & (step >= 0) & (step <= 2 * radius), step, 2 * radius + 1)


class Encoded(NamedTuple):
    """What the encoder made of a batch."""

    hidden: Tensor  # (B, T, D)
    reads: dict[int, Read]  # by field: what its head reads


class RemixerNetwork(nn.Module):
    """Notes with some fields masked and their sources -> hidden states -> chances of each field's values."""

    def __init__(self, config: RemixerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.num_ids, config.field_width)
        self.project = nn.Linear(len(config.field_sizes) * config.field_width, config.width)
        self.relation_bias = nn.Embedding(NUM_RELATIONS, config.num_heads)
        self.layers = nn.ModuleList(
            EncoderLayer(width=config.width, num_heads=config.num_heads) for _ in range(config.num_layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.readers = nn.ModuleDict({str(shape.field): SourceReader(shape, config) for shape in config.heads})
        self.heads = nn.ModuleDict({str(shape.field): SourceHead(shape, config) for shape in config.heads})
        self.pool = nn.Linear(config.width, 1)
        self.genre = nn.Linear(config.width, len(config.genres)) if config.genres else None
        nn.init.normal_(self.embedding.weight, std=_EMBEDDING_SCALE)
        with torch.no_grad():
            self.relation_bias.weight.copy_(initial_relation_bias(config.num_heads))

    def forward(
        self, ids: Tensor, *, places: NotePlaces, laid: dict[int, Laid], is_padding: Tensor | None = None
    ) -> Encoded:
        """Read a batch of windows.

        Args:
            ids: (B, T, F), each field's id in the common table.
            places: where the notes stand, as far as they are not masked.
            laid: by field, what is laid out for its masked notes; a field without any may be left out.
            is_padding: (B, T), true for rows that are not there.
        """
        hidden = self.project(self.embedding(ids).flatten(2))  # (B, T, D)
        reads: dict[int, Read] = {}
        for field, sources in laid.items():
            for_encoder, reads[field] = self.readers[str(field)](sources)
            index = (sources.batch, sources.note)
            hidden = hidden.index_put(index, for_encoder.to(hidden.dtype), accumulate=True)
        rotation = rotate_half_by_index(
            places.time, num_heads=self.config.num_heads, head_width=self.config.note_head_width
        )
        bias = self.relation_bias(relate_notes(places)).to(hidden.dtype).permute(0, 3, 1, 2).contiguous()
        if is_padding is not None and bool(is_padding.any()):
            bias = bias.masked_fill(is_padding[:, None, None, :], float("-inf"))
        for layer in self.layers:
            hidden = layer(hidden, rotation=rotation, bias=bias)
        return Encoded(self.norm(hidden), reads)

    def logits(self, encoded: Encoded, *, field: int, laid: Laid) -> Tensor:
        """Return logits (M, V) of one field for its masked notes, float32."""
        body = encoded.hidden[laid.batch, laid.note]
        return self.heads[str(field)](body, encoded.reads[field], laid)

    def embed(self, encoded: Encoded, *, is_padding: Tensor) -> Tensor:
        """Return one vector for each window (B, D): its notes, weighed by how much each says of the whole."""
        weights = self.pool(encoded.hidden).float()[:, :, 0].masked_fill(is_padding, float("-inf")).softmax(dim=1)
        return torch.matmul(weights[:, None, :], encoded.hidden.float())[:, 0]

    def genre_logits(self, embedding: Tensor) -> Tensor:
        """Return logits of the config's genres (B, genres) from embeddings (B, D)."""
        assert self.genre is not None
        return self.genre(embedding).float()
