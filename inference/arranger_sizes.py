"""From the vocabulary to the sizes of the harmonizer's event layers. It knows both sides and nothing else."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from inference.models.arranger import ArrangerConfig
from inference.models.event_fields import EventFieldsConfig
from music.piece import DRUM_PROGRAM
from music.tokenizers.arrangement_sources import NUM_SOURCES
from music.tokenizers.arrangement_tracker import COLUMNS, NUM_TONAL_LEVELS, NUM_WRITE_IDS
from music.tokenizers.tracker import NUM_CHOICES
from music.vocabulary import DRUM_PITCH, FIELDS, NUM_IDS


def arranger_config(*, head_width: int = 128, **sizes: Any) -> ArrangerConfig:
    """Return the configuration of event layers for today's vocabulary; ``sizes`` are those of ``ArrangerConfig``."""
    width = sizes.get("width", ArrangerConfig.__dataclass_fields__["width"].default)
    fields = EventFieldsConfig(
        body_width=width,
        width=head_width,
        num_back=NUM_SOURCES,
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
        num_tonal_levels=NUM_TONAL_LEVELS,
    )
    return ArrangerConfig(num_read_ids=NUM_IDS, num_write_ids=NUM_WRITE_IDS, fields=fields, **sizes)


def name_features(features: Tensor) -> dict[str, Tensor]:
    """Split rows of the tracker's features (N, columns) into the named tensors that the heads take, (N,) or (N, K)."""
    return {
        name: features[:, where.start] if where.stop - where.start == 1 else features[:, where]
        for name, where in COLUMNS.items()
    }
