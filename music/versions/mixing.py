"""A shared song as it is to be heard: muted layers silent, solo, level and pan. It knows nothing of synthesizers or of loudness.

Levels become channel volume (controller 7), places become pan (controller 10), in the piece itself, so that a MIDI file sounds the
same elsewhere. General MIDI's volume law is taken: 40 log10(value / 127) dB ("General MIDI 2 Recommended Practice", MMA RP-024, 1999),
which FluidSynth follows. What the layer's own track says of volume and pan is kept, relative to its level and place; expression
(controller 11) is left alone. Values are whole numbers, so a level is met within 0.1 dB near 0, 0.2 dB at -12 and 0.35 dB at -24.
"""

from __future__ import annotations

from dataclasses import replace

from music.midi_channels import PAN, VOLUME
from music.piece import ControlChange, Piece, Track
from music.versions.layered import MAX_PAN, Layer, LayeredPiece

DEFAULT_VOLUME, MAX_VALUE = 100, 127
"""What a channel has before anything is said, after General MIDI; and the most there is."""
CENTRE = 64


def mix(song: LayeredPiece) -> Piece:
    """Return the piece as it is to be heard, a track for each layer, in order; layers that are not heard have no events.

    A layer is heard unless it is muted, or another one is solo and it is not. Where a level needs more than MIDI has, all layers are
    turned down alike: songs are brought to one loudness anyway. A song whose mixer nobody touched is its piece.
    """
    are_heard = heard_layers(song)
    headroom = min(
        (_headroom(layer, track) for layer, track, is_heard in _rows(song, are_heard) if is_heard), default=1.0
    )
    tracks = tuple(
        _place(_scale(track, _volume_factor(layer.level_db) * headroom), layer.pan)
        if is_heard
        else replace(track, notes=(), control_changes=(), pitch_bends=())
        for layer, track, is_heard in _rows(song, are_heard)
    )
    return song.piece if tracks == song.piece.tracks else song.piece.with_tracks(tracks)


def heard_layers(song: LayeredPiece) -> tuple[bool, ...]:
    """Tell of each layer whether it is heard: being muted counts for more than being solo."""
    has_solo = any(layer.is_solo for layer in song.layers)
    return tuple(not layer.is_muted and (layer.is_solo or not has_solo) for layer in song.layers)


def silent_layers(song: LayeredPiece) -> tuple[str, ...]:
    """Return the names of the layers that have notes and are not heard."""
    heard = heard_layers(song)
    return tuple(layer.name for layer, track, is_heard in _rows(song, heard) if track.notes and not is_heard)


def _rows(song: LayeredPiece, are_heard: tuple[bool, ...]) -> list[tuple[Layer, Track, bool]]:
    return list(zip(song.layers, song.piece.tracks, are_heard, strict=True))


def _volume_factor(level_db: float) -> float:
    """Return by what controller 7 is multiplied for a change in decibels."""
    return 10 ** (level_db / 40)


def _headroom(layer: Layer, track: Track) -> float:
    """Return by what all volumes must be multiplied so that this layer's loudest is no more than MIDI has, at most 1."""
    loudest = max((change.value for change in _changes(track, VOLUME, DEFAULT_VOLUME)), default=DEFAULT_VOLUME)
    return min(1.0, MAX_VALUE / max(loudest * _volume_factor(layer.level_db), 1.0))


def _scale(track: Track, factor: float) -> Track:
    if factor == 1.0:
        return track
    return _with_changes(
        track,
        VOLUME,
        [
            # What was audible stays so.
            change._replace(value=max(round(change.value * factor), 1) if change.value else 0)
            for change in _changes(track, VOLUME, DEFAULT_VOLUME)
        ],
    )


def _place(track: Track, pan: int) -> Track:
    if pan == 0:
        return track
    shift = pan * (CENTRE if pan < 0 else MAX_VALUE - CENTRE) / MAX_PAN
    return _with_changes(
        track,
        PAN,
        [
            change._replace(value=min(max(round(change.value + shift), 0), MAX_VALUE))
            for change in _changes(track, PAN, CENTRE)
        ],
    )


def _changes(track: Track, number: int, default: int) -> list[ControlChange]:
    """Return a track's changes of one controller, with the value it has before the first of them."""
    found = [change for change in track.control_changes if change.number == number]
    if not found or found[0].onset_ticks > 0:
        found.insert(0, ControlChange(0, number, default))
    return found


def _with_changes(track: Track, number: int, changes: list[ControlChange]) -> Track:
    others = (change for change in track.control_changes if change.number != number)
    return replace(track, control_changes=(*others, *changes))
