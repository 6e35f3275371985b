"""What belongs to a layer beside its notes, as named values that are compared one by one, and in words.

Values that change together are one: a layer and its track are renamed at once. It knows nothing of what is done with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from music.names import instrument_name
from music.piece import Track
from music.versions.layered import Layer

_NAMES = {
    "name": "name",
    "owner_id": "owner",
    "is_locked": "lock",
    "is_muted": "mute",
    "is_solo": "solo",
    "level_db": "level",
    "pan": "pan",
    "instrument": "instrument",
}
_SWITCHED = {
    ("is_locked", True): "locked",
    ("is_locked", False): "unlocked",
    ("is_muted", True): "muted",
    ("is_muted", False): "no longer muted",
    ("is_solo", True): "solo",
    ("is_solo", False): "no longer solo",
}
FIELDS = tuple(_NAMES)


def field_name(field: str) -> str:
    """Return what people call a field."""
    return _NAMES[field]


def fields_of(layer: Layer, track: Track) -> dict[str, Any]:
    """Return the values of ``FIELDS``."""
    return {
        "name": (layer.name, track.name),
        "owner_id": layer.owner_id,
        "is_locked": layer.is_locked,
        "is_muted": layer.is_muted,
        "is_solo": layer.is_solo,
        "level_db": layer.level_db,
        "pan": layer.pan,
        "instrument": (track.program, track.is_drum),
    }


def with_fields(layer: Layer, fields: dict[str, Any]) -> tuple[Layer, Track]:
    """Return the layer of an id with these values, and a track without notes; the inverse of ``fields_of``."""
    (name, track_name), (program, is_drum) = fields["name"], fields["instrument"]
    changed = Layer(
        layer_id=layer.layer_id,
        name=name,
        **{each: fields[each] for each in FIELDS if each not in ("name", "instrument")},
    )
    return changed, Track(program=program, is_drum=is_drum, name=track_name)


def value_in_words(field: str, value: Any) -> str:
    """Return a value for people; an owner's number as it is."""
    match field:
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


def change_in_words(field: str, before: Any, after: Any, *, person: Callable[[int], str] = str) -> str:
    """Return what happened to a value: "muted", "level -3 dB, was +0 dB"; ``person`` gives the name of an owner."""
    match field:
        case "is_locked" | "is_muted" | "is_solo":
            return _SWITCHED[field, after]
        case "owner_id":
            return f"now belongs to {person(after)}, before to {person(before)}"
        case "name":
            return f"was called {value_in_words(field, before)}"
        case "instrument":
            return f"now {value_in_words(field, after)}, was {value_in_words(field, before)}"
        case _:
            return f"{field_name(field)} {value_in_words(field, after)}, was {value_in_words(field, before)}"
