"""Layers of three states become layers of one: which stay, in which order, and what belongs to them beside notes.

It knows nothing of bars. Clashes are handed to whoever asks, who decides them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from music.piece import Track
from music.versions.cells import Cell
from music.versions.conflicts import Conflict, ConflictKind
from music.versions.layer_fields import FIELDS, fields_of, value_in_words, with_fields
from music.versions.layered import Layer
from music.versions.three_way import CLASH, Three, merge_value

Decide = Callable[[Conflict, Any, Any], Any]
"""Takes a conflict with the values of ours and theirs, and returns one of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutLayer:
    """One layer of one state in cells; of the track only instrument and name count."""

    layer: Layer
    track: Track
    cells: tuple[Cell, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The properties that are merged one by one."""
        return fields_of(self.layer, self.track)

    def has_same(self, other: CutLayer | None) -> bool:
        """Whether nothing at all was changed from one to the other; who wrote equal notes does not matter."""
        return (
            other is not None
            and self.fields == other.fields
            and all(mine.content == its.content for mine, its in zip(self.cells, other.cells, strict=True))
        )


def merge_order(three: Three[Sequence[str]]) -> list[str]:
    """Return all layers that at least one side has or removed: as the side has them that changed their order or number.

    When both did: those of the base first, then the added ones by their ids, so that the order of merges does not matter.
    """
    base, ours, theirs = three
    merged = merge_value(three.map(tuple))
    if merged is not CLASH:
        return [*merged, *(layer_id for layer_id in base if layer_id not in merged)]
    return [*_moved(base, ours, theirs), *sorted({*ours, *theirs} - {*base})]


def merge_properties(three: Three[CutLayer | None], decide: Decide) -> tuple[Layer, Track]:
    """Return what a layer that both sides have is called, whose it is, how loud, and so on, field by field.

    The two sides must be there; without a base each field must be alike.
    """
    base, ours, theirs = three
    assert ours is not None
    assert theirs is not None
    before = base.fields if base else dict.fromkeys(FIELDS)  # without a base both sides changed everything from nothing
    fields = Three(before, ours.fields, theirs.fields)
    return with_fields(ours.layer, {name: _merge_field(name, fields, ours.layer, decide) for name in FIELDS})


def _merge_field(name: str, fields: Three[dict[str, Any]], layer: Layer, decide: Decide) -> Any:
    values = fields.map(lambda side: side[name])
    merged = merge_value(values)
    if merged is not CLASH:
        return merged
    conflict = Conflict(
        kind=ConflictKind.FIELD,
        layer_id=layer.layer_id,
        layer_name=layer.name,
        field=name,
        ours=value_in_words(name, values.ours),
        theirs=value_in_words(name, values.theirs),
    )
    return decide(conflict, values.ours, values.theirs)


def _moved(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return the base's layers as the side has them that moved them; removed ones last, as they were."""
    staying = {*ours} & {*theirs}
    places = {layer_id: place for place, layer_id in enumerate(base)}
    orders = [
        [places[layer_id] for layer_id in side if layer_id in places and layer_id in staying] for side in (ours, theirs)
    ]
    moved = min((order for order in orders if order != sorted(order)), default=orders[0])
    kept = [base[place] for place in moved]
    return kept + [layer_id for layer_id in base if layer_id not in kept]
