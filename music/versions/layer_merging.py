"""Layers of three states become layers of one: which stay, in which order, and what belongs to them beside notes.

It knows nothing of bars. Clashes are handed to whoever asks, who decides them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from music.names import instrument_name
from music.piece import Track
from music.versions.cells import Cell
from music.versions.conflicts import Conflict, ConflictKind
from music.versions.layered import Layer
from music.versions.three_way import CLASH, Three, merge_value

_FIELDS = ("name", "owner_id", "is_locked", "is_muted", "is_solo", "level_db", "pan", "instrument")
Decide = Callable[[Conflict, Any, Any], Any]
"""Takes a conflict with the values of ours and theirs, and returns one of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutLayer:
    """One layer of one state in cells; of the track only instrument and name count."""

    layer: Layer
    track: Track
    cells: tuple[Cell, ...]

    def has_same(self, other: CutLayer | None) -> bool:
        """Whether nothing at all was changed from one to the other; who wrote equal notes does not matter."""
        return (
            other is not None
            and self.layer == other.layer
            and _fields(self) == _fields(other)
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
    values = {
        name: _merge_field(name, Three(base and _fields(base), _fields(ours), _fields(theirs)), decide)
        for name in _FIELDS
    }
    (name, track_name), (program, is_drum) = values.pop("name"), values.pop("instrument")
    layer = replace(ours.layer, name=name, **values)
    return layer, Track(program=program, is_drum=is_drum, name=track_name)


def _merge_field(name: str, three: Three[Any], decide: Decide) -> Any:
    base, ours, theirs = three
    # Without a base both sides changed everything from nothing.
    merged = merge_value(Three(base and base[name], ours[name], theirs[name]))
    if merged is not CLASH:
        return merged
    conflict = Conflict(
        kind=ConflictKind.FIELD,
        layer_id=ours["layer_id"],
        layer_name=ours["name"][0],
        field=name,
        ours=_in_words(name, ours[name]),
        theirs=_in_words(name, theirs[name]),
    )
    return decide(conflict, ours[name], theirs[name])


def _fields(cut: CutLayer) -> dict[str, Any]:
    """Return the values that are merged; what changes together is one value."""
    layer, track = cut.layer, cut.track
    return {
        "layer_id": layer.layer_id,
        "name": (layer.name, track.name),
        "owner_id": layer.owner_id,
        "is_locked": layer.is_locked,
        "is_muted": layer.is_muted,
        "is_solo": layer.is_solo,
        "level_db": layer.level_db,
        "pan": layer.pan,
        "instrument": (track.program, track.is_drum),
    }


def _in_words(name: str, value: Any) -> str:
    match name:
        case "name":
            return f"“{value[0]}”" if value[0] else "no name"
        case "instrument":
            return instrument_name(Track(program=value[0], is_drum=value[1]).instrument)
        case "level_db":
            return f"{value:+g} dB"
        case "pan":
            return "the middle" if not value else f"{abs(value)} {'left' if value < 0 else 'right'}"
        case "is_locked" | "is_muted" | "is_solo":
            return "on" if value else "off"
        case _:
            return str(value)


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
