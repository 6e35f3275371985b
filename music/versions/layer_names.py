"""Which layers people mean by a number, a name, an instrument or a family. It knows nothing of what is done with them."""

from __future__ import annotations

from dataclasses import replace

from core.errors import InputError
from music.track_names import find_tracks, list_tracks
from music.versions.layered import LayeredPiece


def find_layers(song: LayeredPiece, *names: str) -> tuple[int, ...]:
    """Return the places of the layers that the names mean.

    Raises:
        InputError: for a name that no layer fits, with the layers there are.
    """
    named = (replace(track, name=layer.name) for layer, track, _ in song.parts())
    return find_tracks(song.piece.with_tracks(tuple(named)), names)


def find_layer(song: LayeredPiece, name: str) -> int:
    """Return the place of the one layer that a name means.

    Raises:
        InputError: for a name that none or several fit.
    """
    found = find_layers(song, name)
    if len(found) != 1:
        fitting = ", ".join(f"{index + 1} {song.layers[index].name}" for index in found)
        raise InputError(f"“{name.strip()[:40]}” could be {fitting or 'nothing here'}. Name one layer, by its number.")
    return found[0]


def list_layers(song: LayeredPiece) -> str:
    """Return "1 Piano, 2 Bass" for people."""
    named = (replace(track, name=layer.name) for layer, track, _ in song.parts())
    return list_tracks(song.piece.with_tracks(tuple(named)))
