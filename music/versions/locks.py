"""Layers that only their owner may change: which they are for somebody, and whether a change left them alone."""

from __future__ import annotations

from music.constraints import Check
from music.piece import Track
from music.transform import scale_ticks
from music.versions.layered import LayeredPiece


def locked_for(song: LayeredPiece, author_id: int) -> tuple[int, ...]:
    """Return the places of the layers that somebody must not change."""
    return tuple(index for index, layer in enumerate(song.layers) if layer.is_locked and layer.owner_id != author_id)


def check_locks(before: LayeredPiece, after: LayeredPiece, *, author_id: int) -> Check | None:
    """Return whether every layer that was locked for the author is as it was; None when none was."""
    locked = locked_for(before, author_id)
    if not locked:
        return None
    old = before.piece
    if old.ticks_per_quarter != after.piece.ticks_per_quarter:
        old = scale_ticks(old, ticks_per_quarter=after.piece.ticks_per_quarter)
    changed: list[str] = []
    for index in locked:
        layer, track = before.layers[index], old.tracks[index]
        place = after.index_of(layer.layer_id)
        now = None if place is None else after.piece.tracks[place]
        if place is None or now is None or after.layers[place] != layer or _sound(now) != _sound(track):
            changed.append(layer.name)
    asked = ", ".join(before.layers[index].name for index in locked)
    found = "untouched" if not changed else f"{', '.join(changed)} changed"
    return Check(name="locked_layers", asked=asked, found=found, is_kept=not changed)


def _sound(track: Track) -> tuple[object, ...]:
    """Return what of a track must not change: all but its name."""
    return track.notes, track.instrument, track.control_changes, track.pitch_bends
