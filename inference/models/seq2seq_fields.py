"""Field decoder of the harmonizer: one decoder state becomes several fields, each given those before it.

A field is a small MLP over the state and the embeddings of the fields already written in the step. Its logits are
anchored (``AnchorSpec``): besides a table of absolute values, the MLP scores the *distance* of each candidate from
known values (the voice's own previous pitch, the melody, the voices already written), which makes one learned score
serve all transpositions. Voices also get a few features of each candidate against each known voice (would this be a
parallel fifth or octave, a hidden one, a crossing, a unison), weighted by the MLP: rules can be learned, not only
enforced.

It knows nothing of music beyond that: which values anchor a field is told by ``FieldSpec``.

Legend: B batch, T steps, D width of the body, W width of the field MLPs, N candidates of a field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

FieldKind = Literal["pitch", "class", "plain"]
NUM_RULE_FEATURES = 4
_MASK_POOL = 1 << 20


class SlicedDropout(nn.Module):
    """Dropout whose random masks are slices of a pool drawn now and then.

    Drawing random numbers took 30 % of a training step on one thread; slicing a pool at a random offset does not.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self._pool: Tensor | None = None
        self._uses_left = 0

    def forward(self, states: Tensor) -> Tensor:
        if not self.training or self.share == 0.0:
            return states
        size = states.numel()
        if self._pool is None or self._uses_left == 0 or self._pool.numel() < size or self._pool.dtype != states.dtype:
            kept = torch.rand(max(_MASK_POOL, 2 * size), device=states.device) >= self.share
            self._pool = kept.to(states.dtype) / (1.0 - self.share)
            self._uses_left = 64
        self._uses_left -= 1
        start = int(torch.randint(self._pool.numel() - size + 1, ()).item())
        return states * self._pool[start : start + size].view(states.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a step.

    Kind ``pitch``: value 0 is a rest, value v > 0 the pitch v - 1 above the lowest. Kind ``class``: the first
    ``num_classes`` values are pitch classes, later ones are special. Kind ``plain``: no arithmetic on values.
    """

    name: str
    kind: FieldKind
    num_values: int
    group: str  # fields of one group are written together; a field sees the earlier ones of its group
    known_anchors: tuple[str, ...] = ()  # names in the ``anchors`` mapping given to the decoder
    rule_voices: tuple[str, ...] = ()  # voices against which the candidates' rule features are taken
    max_distance: int = 24  # distances beyond it count as it
    num_classes: int = 12

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FieldSpec:
        plain = dict(values)
        plain["known_anchors"] = tuple(plain["known_anchors"])
        plain["rule_voices"] = tuple(plain["rule_voices"])
        return cls(**plain)


Values = dict[str, Tensor]
"""Known values (B, T) by name: ``now.<voice>`` and ``previous.<voice>`` in the coding of the fields."""


class FieldHead(nn.Module):
    """Logits of one field."""

    candidates: Tensor

    def __init__(self, spec: FieldSpec, width: int, field_width: int, dropout: float) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("candidates", torch.arange(spec.num_values), persistent=False)
        self.hidden = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, field_width), nn.GELU(), SlicedDropout(dropout)
        )
        self.absolute = nn.Linear(field_width, spec.num_values)
        distances = 2 * spec.max_distance + 1 if spec.kind == "pitch" else 12
        self.distances = nn.ModuleDict(
            {name.replace(".", "_"): nn.Linear(field_width, distances) for name in spec.known_anchors}
        )
        self.rules = nn.Linear(field_width, NUM_RULE_FEATURES * len(spec.rule_voices)) if spec.rule_voices else None
        for layer in (*self.distances.values(), self.rules):
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, states: Tensor, values: Values) -> Tensor:  # (B, T, D) -> (B, T, N)
        hidden = self.hidden(states)
        logits = self.absolute(hidden)
        for name in self.spec.known_anchors:
            scores = self.distances[name.replace(".", "_")](hidden).to(logits.dtype)
            logits = logits + self._anchored(scores, values[name])
        if self.rules is not None:
            weights = self.rules(hidden).to(logits.dtype)
            features = self._rule_features(values).to(logits.dtype)  # (B, T, N, R)
            logits = logits + torch.einsum("btnr,btr->btn", features, weights)
        return logits

    def _anchored(self, scores: Tensor, anchor: Tensor) -> Tensor:
        """Spread scores of distances (B, T, K) over the candidates (B, T, N); nothing where there is no anchor."""
        limit = self.spec.max_distance
        difference = self.candidates - anchor[..., None]
        if self.spec.kind == "pitch":
            index = difference.clamp(-limit, limit) + limit
            is_anchored = (anchor[..., None] > 0) & (self.candidates > 0)
        else:
            index = difference % 12
            is_anchored = (anchor[..., None] < self.spec.num_classes) & (self.candidates < self.spec.num_classes)
        return torch.where(is_anchored, scores.gather(-1, index), 0.0)

    def _rule_features(self, values: Values) -> Tensor:
        """Return (B, T, N, R): parallel, hidden perfect interval, crossing, unison of each candidate and known voice."""
        own_before = values[f"previous.{self.spec.name}"][..., None]
        candidates = self.candidates
        columns: list[Tensor] = []
        for voice in self.spec.rule_voices:
            before, now = values[f"previous.{voice}"][..., None], values[f"now.{voice}"][..., None]
            is_sounding = (before > 0) & (now > 0) & (own_before > 0) & (candidates > 0)
            is_together = ((candidates - own_before) * (now - before) > 0) & is_sounding
            interval_before, interval_now = (before - own_before).abs() % 12, (now - candidates).abs() % 12
            is_perfect = (interval_now == 0) | (interval_now == 7)
            is_above = is_voice_above(voice, self.spec.name)
            is_crossing = (candidates > now) if is_above else (candidates < now)
            columns.append(is_together & is_perfect & (interval_before == interval_now))
            columns.append(is_together & is_perfect)
            columns.append(is_crossing & (now > 0) & (candidates > 0))
            columns.append((candidates == now) & (now > 0))
        return torch.stack(columns, dim=-1)


VOICES = ("soprano", "alto", "tenor", "bass")
"""Voices from the highest to the lowest."""


def is_voice_above(first: str, second: str) -> bool:
    """Tell whether the first voice is the higher one."""
    return VOICES.index(first) < VOICES.index(second)


class FieldDecoder(nn.Module):
    """All fields, chained within their group."""

    def __init__(self, specs: tuple[FieldSpec, ...], width: int, field_width: int, dropout: float) -> None:
        super().__init__()
        self.specs = {spec.name: spec for spec in specs}
        self.heads = nn.ModuleDict({spec.name: FieldHead(spec, width, field_width, dropout) for spec in specs})
        self.written = nn.ModuleDict({spec.name: nn.Embedding(spec.num_values, width) for spec in specs})
        for table in self.written.values():
            nn.init.normal_(cast("nn.Embedding", table).weight, std=0.5)

    def fields_of(self, group: str) -> tuple[FieldSpec, ...]:
        """Return the fields of a group in the order of writing."""
        return tuple(spec for spec in self.specs.values() if spec.group == group)

    def field_logits(self, name: str, states: Tensor, values: Values) -> Tensor:
        """Return the logits (B, T, N) of one field; ``states`` already hold the fields written before it."""
        return self.heads[name](states, values)

    def add_written(self, name: str, states: Tensor, chosen: Tensor) -> Tensor:
        """Return the states with a written field (B, T) added, for the fields after it."""
        return states + self.written[name](chosen).to(states.dtype)

    def losses(self, group: str, states: Tensor, targets: Values, values: Values) -> Values:
        """Return the loss (B, T) in nats of each field of a group, teacher-forced.

        ``targets`` holds the values to write by field name, ``values`` what is known before the step; a field's target
        becomes known (``now.<field>``) to those after it.
        """
        known = dict(values)
        losses: Values = {}
        for spec in self.fields_of(group):
            logits = self.field_logits(spec.name, states, known).float()
            target = targets[spec.name]
            losses[spec.name] = functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
            known[f"now.{spec.name}"] = target
            states = self.add_written(spec.name, states, target)
        return losses
