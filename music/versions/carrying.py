"""Layers and origins through a change that knows nothing of them: kept notes keep their origin, new ones get a new one.

It knows notes only; who changed them and why is told by the caller.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from music.difference import compare, match_tracks
from music.names import instrument_family, instrument_name
from music.piece import Note, Piece, Track
from music.transform import scale_ticks
from music.versions.layered import MAX_LAYER_NAME_LENGTH, THIS_REVISION, Layer, LayeredPiece

_SPOKEN_FAMILIES = frozenset({"Piano", "Organ", "Guitar", "Bass"})
"""Families that people call their instruments by, whichever it is."""


def carry(before: LayeredPiece, after: Piece, *, author_id: int, key: str, is_by_rule: bool = False) -> LayeredPiece:
    """Return ``after`` as layers: those of ``before`` that are still there, and new ones that belong to the author.

    ``before`` must be settled. ``key`` is unique to the change and the same whenever it is made again: new layers get their
    ids from it. Notes are kept as ``music.difference`` finds them kept, a whole transposition or stretch included. ``is_by_rule``: no
    network wrote; as many notes of a layer that came as went are then the same ones, moved, in their order.
    """
    old = before.piece
    if old.ticks_per_quarter != after.ticks_per_quarter:
        old = scale_ticks(old, ticks_per_quarter=after.ticks_per_quarter)
    counterpart = _counterparts(old.tracks, after.tracks)
    layers: list[Layer] = []
    for index, track in enumerate(after.tracks):
        then = counterpart.get(index)
        layers.append(
            before.layers[then]
            if then is not None
            else new_layer(track, owner_id=author_id, layer_id=new_layer_id(key, index), others=layers)
        )
    origins = _origins(before, old, after, counterpart if is_by_rule else {})
    return LayeredPiece(piece=after, layers=tuple(layers), origins=origins)


def begin(piece: Piece, *, author_id: int, key: str, origin: int = THIS_REVISION) -> LayeredPiece:
    """Return a piece of which nothing older is known as layers of one person, all notes of one origin."""
    layers: list[Layer] = []
    for index, track in enumerate(piece.tracks):
        layers.append(new_layer(track, owner_id=author_id, layer_id=new_layer_id(key, index), others=layers))
    origins = tuple((origin,) * len(track.notes) for track in piece.tracks)
    return LayeredPiece(piece=piece, layers=tuple(layers), origins=origins)


def new_layer(track: Track, *, owner_id: int, layer_id: str, others: Sequence[Layer] = (), name: str = "") -> Layer:
    """Return the layer of a track, with a name that none of the others has."""
    name = (name or _short_name(track))[:MAX_LAYER_NAME_LENGTH]
    return Layer(layer_id=layer_id, name=free_name(name, others), owner_id=owner_id)


def _short_name(track: Track) -> str:
    """Return a name that is quickly typed: a name of the track's own, else "Bass" for “Electric Bass (finger)”."""
    full = instrument_name(track.instrument)
    own = track.name.strip()
    if own and not own.startswith(full):  # “Electric Bass (finger) (bass)” is what the networks call theirs
        return own
    family = instrument_family(track.instrument)
    return family if family in _SPOKEN_FAMILIES and family in full else full.partition(" (")[0]


def free_name(name: str, others: Sequence[Layer]) -> str:
    """Return a name, with a number where others have it already: what people type must find one layer."""
    taken = {layer.name.casefold() for layer in others}
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{name[: MAX_LAYER_NAME_LENGTH - 4]} {number}"
    return found


def new_layer_id(key: str, index: int) -> str:
    """Return the id of a layer that a change makes, its ``index``-th (from 0)."""
    return hashlib.sha256(f"{key}:{index}".encode()).hexdigest()[:12]


def _counterparts(before: Sequence[Track], after: Sequence[Track]) -> dict[int, int]:
    """Return for each track after which one before it was.

    A layer's owner must not change because its notes came to look like another's: tracks of the same name and instrument are the
    same, in their order, if there are as many after as before. Only the others are matched by their notes.
    """
    places: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
    for side, tracks in enumerate((before, after)):
        for index, track in enumerate(tracks):
            places.setdefault((track.name, track.instrument), ([], []))[side].append(index)
    found = {
        now: then for old, new in places.values() if len(old) == len(new) for then, now in zip(old, new, strict=True)
    }
    free = [
        [index for index in range(len(tracks)) if index not in taken]
        for tracks, taken in ((before, set(found.values())), (after, set(found)))
    ]
    pairs = match_tracks(tuple(before[index] for index in free[0]), tuple(after[index] for index in free[1]))
    found |= {free[1][now]: free[0][then] for then, now in pairs if then is not None and now is not None}
    return found


def _origins(before: LayeredPiece, old: Piece, after: Piece, moved: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    """Return the origin of every note; ``moved`` maps tracks to what they were before if their notes may only have moved."""
    known: dict[tuple[int, Note], list[int]] = defaultdict(list)
    for index, (track, origins) in enumerate(zip(old.tracks, before.origins, strict=True)):
        for note, origin in zip(track.notes, origins, strict=True):
            known[index, note].append(origin)
    difference = compare(old, after)
    kept: dict[tuple[int, Note], list[int]] = defaultdict(list)
    for then, now in zip(difference.kept_before, difference.kept, strict=True):
        kept[now.track, now.note].append(known[then.track, then.note].pop(0))
    for now_index, then_index in moved.items():
        gone = sorted(each.note for each in difference.removed if each.track == then_index)
        come = sorted(each.note for each in difference.new if each.track == now_index)
        if len(gone) == len(come):
            for then, now in zip(gone, come, strict=True):
                kept[now_index, now].append(known[then_index, then].pop(0))
    return tuple(
        tuple(kept[index, note].pop(0) if kept.get((index, note)) else THIS_REVISION for note in track.notes)
        for index, track in enumerate(after.tracks)
    )
