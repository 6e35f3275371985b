"""The generator: Transformer-XL body and field decoder as one module. It knows sizes, not what ids mean.

Legend: B batch, T length, W ids of an input, D body width.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from inference.models.event_fields import EventFields, EventFieldsConfig
from inference.models.transformer_xl import Memory, TransformerXL, TransformerXLConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """Sizes of both halves; travels in the checkpoint."""

    body: TransformerXLConfig
    fields: EventFieldsConfig

    def as_dict(self) -> dict[str, Any]:
        return {"body": asdict(self.body), "fields": asdict(self.fields)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GeneratorConfig:
        return cls(body=TransformerXLConfig(**values["body"]), fields=EventFieldsConfig(**values["fields"]))


class Generator(nn.Module):
    """Body and fields. ``forward`` runs the body; the heads of ``fields`` are called stage by stage."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.body = TransformerXL(config.body)
        self.fields = EventFields(config.fields)

    def forward(self, inputs: Tensor, *, sequence: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Return (B, T, D) and the next segment's memory; see ``TransformerXL.forward``."""
        return self.body(inputs, sequence=sequence, memory=memory)
