"""New layers of a shared song out of music that is there: added from another result or a file, copied and moved, or two joined to one.

No network has a part in them. Notes from elsewhere keep their origin; those of a file that was just sent are the new revision's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.errors import InputError, NoMusicError, PermissionDeniedError
from core.settings import LimitSettings
from music.piece import Note, Piece
from music.time_grid import TimeGrid
from music.transform import scale_ticks
from music.versions.carrying import begin, new_layer, new_layer_id
from music.versions.layer_names import find_layer, find_layers
from music.versions.layered import Layer, LayeredPiece, Part, assemble, part_of

_MAX_SEMITONES = 36
_MAX_PITCH = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAddOptions(Options):
    """Take layers from another revision (``from_revision_id``) or from the file that comes with the order.

    ``tracks`` names which (empty: all of them); they begin in bar ``at_bar`` (from 1).
    """

    from_revision_id: int = 0
    tracks: tuple[str, ...] = ()
    at_bar: int = 1

    @property
    def other_revision_ids(self) -> tuple[int, ...]:
        """The revision that the layers come from."""
        return (self.from_revision_id,) if self.from_revision_id else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions(Options):
    """Double a layer, moved by so many semitones, as a layer of the author."""

    layer: str = ""
    transpose_semitones: int = 12
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOptions(Options):
    """Make one layer of two: the notes of ``second`` go into ``first``, which keeps its name, owner and sound."""

    first: str = ""
    second: str = ""


def _check_add(options: LayerAddOptions, _limits: LimitSettings) -> None:
    if options.at_bar < 1:
        raise InputError("Bars are counted from 1. Say in which bar the new layers begin.")


def _check_copy(options: CopyOptions, _limits: LimitSettings) -> None:
    if abs(options.transpose_semitones) > _MAX_SEMITONES:
        raise InputError(f"I move a layer by at most {_MAX_SEMITONES} semitones. Choose a smaller interval.")


def _check_join(options: JoinOptions, _limits: LimitSettings) -> None:
    if not options.first.strip() or not options.second.strip():
        raise InputError("Say which two layers to join, by their numbers or names.")


def _add(wish: Wish[LayerAddOptions]) -> Made:
    song, options = wish.shared, wish.options
    if wish.others:
        given = wish.others[0]
    elif wish.source is not None and wish.source != song.piece:
        given = begin(wish.source, author_id=wish.author_id, key=wish.key)
    else:
        raise NoMusicError("There is nothing to add. Attach a file, or name one of my messages.")
    chosen = find_layers(given, *options.tracks) if options.tracks else tuple(range(len(given.layers)))
    chosen = tuple(index for index in chosen if given.piece.tracks[index].notes)
    if not chosen:
        raise NoMusicError("There are no notes in what you want to add. Choose music with notes in it.")
    given = _in_time_of(song.piece, given, at_bar=options.at_bar)
    parts = [part_of(song, index) for index in range(len(song.layers))]
    for number, index in enumerate(chosen):
        source = part_of(given, index)
        layer = new_layer(
            source.track,
            owner_id=wish.author_id,
            layer_id=new_layer_id(wish.key, number),
            others=[part.layer for part in parts],
            name=given.layers[index].name,
        )
        parts.append(replace(source, layer=layer, track=replace(source.track, name=layer.name)))
    return _made(song.piece, parts)


def _in_time_of(piece: Piece, given: LayeredPiece, *, at_bar: int) -> LayeredPiece:
    """Return music on the ticks of a piece, beginning with one of its bars; notes keep their beats, the tempo is the piece's."""
    grid = TimeGrid(piece)
    if at_bar > grid.num_bars + 1:
        raise InputError(f"The song has {grid.num_bars} bars, so nothing can begin in bar {at_bar}.")
    shift = grid.bar_start_ticks(at_bar - 1)
    scaled = given.piece
    if scaled.ticks_per_quarter != piece.ticks_per_quarter:
        scaled = scale_ticks(scaled, ticks_per_quarter=piece.ticks_per_quarter)
    tracks = tuple(
        replace(
            track,
            notes=tuple(note._replace(onset_ticks=note.onset_ticks + shift) for note in track.notes),
            control_changes=tuple(
                each._replace(onset_ticks=each.onset_ticks + shift) for each in track.control_changes
            ),
            pitch_bends=tuple(each._replace(onset_ticks=each.onset_ticks + shift) for each in track.pitch_bends),
        )
        for track in scaled.tracks
    )
    moved = replace(scaled, tracks=tracks, length_ticks=scaled.length_ticks + shift)
    return replace(given, piece=moved)


def _copy(wish: Wish[CopyOptions]) -> Made:
    song, options = wish.shared, wish.options
    index = find_layer(song, options.layer)
    source = part_of(song, index)
    if not source.notes:
        raise NoMusicError(f"{source.layer.name} has no notes yet. Choose a layer with music in it.")
    semitones = 0 if source.track.is_drum else options.transpose_semitones
    notes = tuple((_moved(note, semitones), origin) for note, origin in source.notes)
    layer = new_layer(
        source.track,
        owner_id=wish.author_id,
        layer_id=new_layer_id(wish.key, 0),
        others=song.layers,
        name=options.name.strip() or source.layer.name,
    )
    track = replace(source.track, name=layer.name)
    parts = [part_of(song, place) for place in range(len(song.layers))]
    return _made(song.piece, [*parts, Part(layer=layer, track=track, notes=notes)])


def _moved(note: Note, semitones: int) -> Note:
    """Return a note moved, by octaves back into the range of MIDI where it would leave it."""
    pitch = note.pitch + semitones
    while pitch > _MAX_PITCH:
        pitch -= 12
    while pitch < 0:
        pitch += 12
    return note._replace(pitch=pitch)


def _join(wish: Wish[JoinOptions]) -> Made:
    song, options = wish.shared, wish.options
    first, second = find_layer(song, options.first), find_layer(song, options.second)
    if first == second:
        raise InputError("That is one layer already. Name two different ones.")
    kept, gone = part_of(song, first), part_of(song, second)
    for layer in (kept.layer, gone.layer):
        _check_unlocked(layer, wish.author_id)
    if kept.track.is_drum != gone.track.is_drum:
        raise InputError("Drums and pitched layers cannot be joined: the same note means different things in them.")
    joined = replace(
        kept,
        notes=(*kept.notes, *gone.notes),
        track=replace(
            kept.track,
            control_changes=(*kept.track.control_changes, *gone.track.control_changes),
            pitch_bends=(*kept.track.pitch_bends, *gone.track.pitch_bends),
        ),
    )
    parts = [joined if place == first else part_of(song, place) for place in range(len(song.layers)) if place != second]
    return _made(song.piece, parts)


def _check_unlocked(layer: Layer, author_id: int) -> None:
    if layer.is_locked and layer.owner_id != author_id:
        raise PermissionDeniedError(f"{layer.name} is locked. Ask its owner to unlock it.")


def _made(piece: Piece, parts: list[Part]) -> Made:
    song = assemble(piece, tuple(parts))
    return Made(piece=song.piece, song=song)


LAYER_ADD = RuleOperation(kind="layer-add", options_type=LayerAddOptions, check_options=_check_add, apply=_add)
LAYER_COPY = RuleOperation(kind="layer-copy", options_type=CopyOptions, check_options=_check_copy, apply=_copy)
LAYER_JOIN = RuleOperation(kind="layer-join", options_type=JoinOptions, check_options=_check_join, apply=_join)
LAYER_BUILDING = (LAYER_ADD, LAYER_COPY, LAYER_JOIN)
