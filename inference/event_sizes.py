"""From the vocabulary to the sizes and inputs of the generator's network. It knows both sides and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from inference.models.event_fields import EventFieldsConfig
from inference.models.generator import GeneratorConfig
from inference.models.transformer_xl import TransformerXLConfig
from music.piece import DRUM_PROGRAM
from music.tokenizers.tracker import BACK_BARS, COLUMNS, NUM_CHOICES, NUM_TONAL_LEVELS
from music.vocabulary import DRUM_PITCH, FIELDS, NUM_IDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One of the sizes that we train."""

    width: int
    num_layers: int
    num_heads: int
    head_width: int  # of the field decoder
    segment_length: int
    memory_length: int
    dropout: float


SIZES: dict[str, Size] = {
    "tiny": Size(width=32, num_layers=2, num_heads=2, head_width=32, segment_length=16, memory_length=32, dropout=0.0),
    "cpu": Size(
        width=256, num_layers=5, num_heads=4, head_width=128, segment_length=128, memory_length=256, dropout=0.0
    ),
    "gpu": Size(
        width=512, num_layers=8, num_heads=8, head_width=256, segment_length=512, memory_length=512, dropout=0.1
    ),
}


def fields_config(*, body_width: int, width: int, num_back: int, num_tonal_levels: int) -> EventFieldsConfig:
    """Return the configuration of a field decoder of heads of ``width`` for today's vocabulary."""
    return EventFieldsConfig(
        body_width=body_width,
        width=width,
        num_back=num_back,
        num_tonal_levels=num_tonal_levels,
        num_slots=FIELDS["slot"].size,
        num_choices=NUM_CHOICES,
        num_roles=FIELDS["role"].capacity,
        num_programs=FIELDS["program"].size,
        num_positions=FIELDS["position"].size,
        num_roots=FIELDS["root"].size,
        num_qualities=FIELDS["quality"].size,
        num_basses=FIELDS["bass"].size,
        num_pitches=FIELDS["pitch"].size,
        drum_pitch=DRUM_PITCH,
        drum_program=DRUM_PROGRAM,
        num_durations=FIELDS["duration"].size,
        num_velocities=FIELDS["velocity"].size,
        num_metres=FIELDS["metre"].size,
        num_tempos=FIELDS["tempo"].size,
    )


def generator_config(size: str) -> GeneratorConfig:
    """Return the configuration of a size in ``SIZES`` for today's vocabulary."""
    chosen = SIZES[size]
    body = TransformerXLConfig(
        num_ids=NUM_IDS,
        width=chosen.width,
        num_layers=chosen.num_layers,
        num_heads=chosen.num_heads,
        feedforward_width=4 * chosen.width,
        segment_length=chosen.segment_length,
        memory_length=chosen.memory_length,
        dropout=chosen.dropout,
    )
    fields = fields_config(
        body_width=chosen.width,
        width=chosen.head_width,
        num_back=len(BACK_BARS),
        num_tonal_levels=NUM_TONAL_LEVELS,
    )
    fields = replace(
        fields,
        num_genres=FIELDS["genre"].size,
        num_keys=FIELDS["key"].size,
        num_densities=FIELDS["density"].size,
    )
    return GeneratorConfig(body=body, fields=fields)


def name_features(features: Tensor, columns: Mapping[str, slice] = COLUMNS) -> dict[str, Tensor]:
    """Split rows of a tracker's features (N, columns) into the named tensors that the heads take, (N,) or (N, K)."""
    return {
        name: features[:, where.start] if where.stop - where.start == 1 else features[:, where]
        for name, where in columns.items()
    }
