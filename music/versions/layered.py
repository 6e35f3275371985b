"""A piece as people share it: each track is a layer that somebody owns, each note knows the revision that wrote it.

It knows nothing of the graph, of the database or of people's names: owners and revisions are plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from music.piece import Note, Piece, Track

THIS_REVISION = 0
"""The origin of a note that the very revision wrote in which it stands: its own number is not known before it is stored."""
MIN_LEVEL_DB, MAX_LEVEL_DB = -24.0, 6.0
MAX_PAN = 100
MAX_LAYER_NAME_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What belongs to one track beside its notes.

    ``layer_id`` is the same through all revisions and branches, and no two layers of a song ever have the same one.
    ``level_db`` is ``MIN_LEVEL_DB`` to ``MAX_LEVEL_DB``; ``pan`` -100 (left) to 100 (right).
    """

    layer_id: str
    name: str
    owner_id: int
    is_locked: bool = False
    is_muted: bool = False
    is_solo: bool = False
    level_db: float = 0.0
    pan: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredPiece:
    """A piece with a layer for each of its tracks and an origin for each of its notes, in their order.

    ``origins[i][j]`` is the number of the revision that wrote ``piece.tracks[i].notes[j]``.
    """

    piece: Piece
    layers: tuple[Layer, ...] = ()
    origins: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        assert len(self.layers) == len(self.origins) == len(self.piece.tracks)
        assert all(
            len(origins) == len(track.notes) for origins, track in zip(self.origins, self.piece.tracks, strict=True)
        )
        assert len({layer.layer_id for layer in self.layers}) == len(self.layers)

    def parts(self) -> Iterator[tuple[Layer, Track, tuple[int, ...]]]:
        """Yield each layer with its track and its notes' origins."""
        return zip(self.layers, self.piece.tracks, self.origins, strict=True)

    def index_of(self, layer_id: str) -> int | None:
        """Return the place of a layer, None when it is not there."""
        return next((index for index, layer in enumerate(self.layers) if layer.layer_id == layer_id), None)

    def with_layer(self, layer: Layer) -> LayeredPiece:
        """Return the same with another state of one layer, found by its id."""
        return replace(self, layers=tuple(layer if old.layer_id == layer.layer_id else old for old in self.layers))

    def settled(self, revision_id: int) -> LayeredPiece:
        """Return the same with notes of ``THIS_REVISION`` ascribed to its number: what a child starts from."""
        return self.with_origins(lambda origin: origin or revision_id)

    def with_origins(self, change: Callable[[int], int]) -> LayeredPiece:
        """Return the same with every origin changed."""
        return replace(self, origins=tuple(tuple(map(change, origins)) for origins in self.origins))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One layer on its way into a layered piece: notes in any order, each with its origin."""

    layer: Layer
    track: Track
    notes: tuple[tuple[Note, int], ...]


def assemble(piece: Piece, parts: tuple[Part, ...]) -> LayeredPiece:
    """Return a layered piece of these parts, with all else as in ``piece``; equal notes keep the order of their origins."""
    ordered = [sorted(part.notes) for part in parts]
    tracks = tuple(
        replace(part.track, notes=tuple(note for note, _ in notes)) for part, notes in zip(parts, ordered, strict=True)
    )
    return LayeredPiece(
        piece=piece.with_tracks(tracks),
        layers=tuple(part.layer for part in parts),
        origins=tuple(tuple(origin for _, origin in notes) for notes in ordered),
    )


def part_of(song: LayeredPiece, index: int) -> Part:
    """Return one layer of a layered piece as a part."""
    track = song.piece.tracks[index]
    return Part(layer=song.layers[index], track=track, notes=tuple(zip(track.notes, song.origins[index], strict=True)))
