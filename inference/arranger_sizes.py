"""From the vocabulary to the sizes of the harmonizer's event layers. It knows both sides and nothing else."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from inference import event_sizes
from inference.event_sizes import fields_config
from inference.models.arranger import ArrangerConfig
from music.tokenizers.arrangement_sources import NUM_SOURCES
from music.tokenizers.arrangement_tracker import COLUMNS, NUM_TONAL_LEVELS, NUM_WRITE_IDS
from music.vocabulary import NUM_IDS


def arranger_config(*, head_width: int = 128, **sizes: Any) -> ArrangerConfig:
    """Return the configuration of event layers for today's vocabulary; ``sizes`` are those of ``ArrangerConfig``."""
    width = sizes.get("width", ArrangerConfig.__dataclass_fields__["width"].default)
    fields = fields_config(body_width=width, width=head_width, num_back=NUM_SOURCES, num_tonal_levels=NUM_TONAL_LEVELS)
    return ArrangerConfig(num_read_ids=NUM_IDS, num_write_ids=NUM_WRITE_IDS, fields=fields, **sizes)


def name_features(features: Tensor) -> dict[str, Tensor]:
    """Split rows of the tracker's features (N, columns) into the named tensors that the heads take, (N,) or (N, K)."""
    return event_sizes.name_features(features, COLUMNS)
