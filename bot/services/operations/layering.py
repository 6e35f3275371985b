"""Changes of one layer of a shared song: mixing, locking, naming, handing over, taking out. No network has a part in them.

A layer is named as people name it: by number from 1, by name, or by instrument if only one plays it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.errors import InputError, PermissionDeniedError
from core.settings import LimitSettings
from music.names import parse_instrument
from music.piece import DRUM_PROGRAM
from music.versions.carrying import free_name
from music.versions.layer_names import find_layer
from music.versions.layered import (
    MAX_LAYER_NAME_LENGTH,
    MAX_LEVEL_DB,
    MAX_PAN,
    MIN_LEVEL_DB,
    Layer,
    LayeredPiece,
    assemble,
    part_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOptions(Options):
    """What all of them know: which ``layer``."""

    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixOptions(LayerOptions):
    """How a layer is heard; None leaves it as it is. Level in dB, pan from -100 (left) to 100 (right)."""

    mute: bool | None = None
    solo: bool | None = None
    level_db: float | None = None
    pan: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions(LayerOptions):
    """Whether only its owner may change a layer."""

    is_locked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameOptions(LayerOptions):
    """Another name for a layer."""

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveOptions(LayerOptions):
    """Another owner for a layer, by our own number. ``is_by_host``: the host does it because the owner is gone."""

    owner_id: int = 0
    is_by_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOptions(LayerOptions):
    """Another instrument for a layer; the notes stay."""

    instrument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOptions(LayerOptions):
    """Take a layer out of the song; earlier revisions keep it."""


OptionsT = TypeVar("OptionsT", bound=LayerOptions)
_NO_LAYER = "Say which layer, by its number or name; the card shows them."


def _mix(options: MixOptions, layer: Layer) -> Layer:
    return replace(
        layer,
        is_muted=layer.is_muted if options.mute is None else options.mute,
        is_solo=layer.is_solo if options.solo is None else options.solo,
        level_db=layer.level_db if options.level_db is None else round(options.level_db, 1),
        pan=layer.pan if options.pan is None else options.pan,
    )


def _check_mix(options: MixOptions, limits: LimitSettings) -> None:
    _check(options, limits)
    if (options.mute, options.solo, options.level_db, options.pan) == (None, None, None, None):
        raise InputError("Say what to change: mute, solo, level_db or pan.")
    if options.level_db is not None and not MIN_LEVEL_DB <= options.level_db <= MAX_LEVEL_DB:
        raise InputError(f"A level lies between {MIN_LEVEL_DB:.0f} and +{MAX_LEVEL_DB:.0f} dB. Choose one there.")
    if options.pan is not None and not -MAX_PAN <= options.pan <= MAX_PAN:
        raise InputError(f"Pan lies between -{MAX_PAN} (left) and {MAX_PAN} (right). Choose a number there.")


def _check_name(options: RenameOptions, limits: LimitSettings) -> None:
    _check(options, limits)
    if not 0 < len(options.name.strip()) <= MAX_LAYER_NAME_LENGTH:
        raise InputError(f"A layer's name has 1 to {MAX_LAYER_NAME_LENGTH} characters.")


def _check_voice(options: VoiceOptions, limits: LimitSettings) -> None:
    _check(options, limits)
    parse_instrument(options.instrument)


def _check(options: LayerOptions, _limits: LimitSettings) -> None:
    if not options.layer.strip():
        raise InputError(_NO_LAYER)


def _on_layer(change: Callable[[OptionsT, Layer], Layer]) -> Callable[[Wish[OptionsT]], Made]:
    """Return the operation that changes what belongs to a layer, and no note."""

    def apply(wish: Wish[OptionsT]) -> Made:
        song, options = wish.shared, wish.options
        song = song.with_layer(change(options, song.layers[find_layer(song, options.layer)]))
        return Made(piece=song.piece, song=song)

    return apply


def _lock(wish: Wish[LockOptions]) -> Made:
    song = wish.shared
    layer = song.layers[find_layer(song, wish.options.layer)]
    if layer.owner_id != wish.author_id:
        raise PermissionDeniedError(f"Only its owner locks or unlocks {layer.name}. Ask them, or have it given to you.")
    song = song.with_layer(replace(layer, is_locked=wish.options.is_locked))
    return Made(piece=song.piece, song=song)


def _rename(wish: Wish[RenameOptions]) -> Made:
    song = wish.shared
    index = find_layer(song, wish.options.layer)
    others = [layer for place, layer in enumerate(song.layers) if place != index]
    name = free_name(wish.options.name.strip(), others)
    renamed = song.with_layer(replace(song.layers[index], name=name))
    return _with_track(renamed, index, name=name)


def _give(wish: Wish[GiveOptions]) -> Made:
    song, options = wish.shared, wish.options
    layer = song.layers[find_layer(song, options.layer)]
    if layer.owner_id != wish.author_id and not options.is_by_host:
        raise PermissionDeniedError(f"Only its owner gives {layer.name} away; if they are gone, the host can.")
    song = song.with_layer(
        replace(layer, owner_id=options.owner_id, is_locked=layer.is_locked and not options.is_by_host)
    )
    return Made(piece=song.piece, song=song)


def _voice(wish: Wish[VoiceOptions]) -> Made:
    song = wish.shared
    index, program = find_layer(song, wish.options.layer), parse_instrument(wish.options.instrument)
    track = song.piece.tracks[index]
    if (program == DRUM_PROGRAM) != track.is_drum:
        raise InputError(
            "Drums cannot become another instrument, nor the other way round: their notes mean other things."
        )
    return _with_track(song, index, program=track.program if track.is_drum else program)


def _drop(wish: Wish[DropOptions]) -> Made:
    song = wish.shared
    index = find_layer(song, wish.options.layer)
    layer = song.layers[index]
    if layer.is_locked and layer.owner_id != wish.author_id:
        raise PermissionDeniedError(f"{layer.name} is locked. Ask its owner to unlock it.")
    parts = tuple(part_of(song, place) for place in range(len(song.layers)) if place != index)
    after = assemble(song.piece, parts)
    return Made(piece=after.piece, song=after)


def _with_track(song: LayeredPiece, index: int, **changes: object) -> Made:
    """Return a song with another name or program on one track."""
    tracks = list(song.piece.tracks)
    tracks[index] = replace(tracks[index], **changes)  # pyright: ignore[reportArgumentType] - names and programs only
    song = replace(song, piece=song.piece.with_tracks(tuple(tracks)))
    return Made(piece=song.piece, song=song)


MIX = RuleOperation(kind="mix", options_type=MixOptions, check_options=_check_mix, apply=_on_layer(_mix))
LOCK = RuleOperation(kind="lock", options_type=LockOptions, check_options=_check, apply=_lock)
RENAME = RuleOperation(kind="rename", options_type=RenameOptions, check_options=_check_name, apply=_rename)
GIVE = RuleOperation(kind="give", options_type=GiveOptions, check_options=_check, apply=_give)
VOICE = RuleOperation(kind="voice", options_type=VoiceOptions, check_options=_check_voice, apply=_voice)
DROP = RuleOperation(kind="drop", options_type=DropOptions, check_options=_check, apply=_drop)
LAYER_OPERATIONS = (MIX, LOCK, RENAME, GIVE, VOICE, DROP)
