"""The mixer of a shared song as controllers in its piece."""

from __future__ import annotations

from dataclasses import replace

import pytest

from music.piece import ControlChange, Piece, Track
from music.versions.layered import MIN_LEVEL_DB, Layer, LayeredPiece
from music.versions.mixing import heard_layers, mix
from tests.factories.pieces import make_band


def make_song(piece: Piece | None = None, **settings: dict[str, object]) -> LayeredPiece:
    """A band whose layers are a, b, c, d; ``settings`` are fields of them by id."""
    piece = piece or make_band(2)
    return LayeredPiece(
        piece=piece,
        layers=tuple(
            replace(Layer(layer_id=name, name=name, owner_id=1), **settings.get(name, {}))
            for name, _ in zip("abcdefgh", piece.tracks, strict=False)
        ),
        origins=tuple((0,) * len(track.notes) for track in piece.tracks),
    )


def values(track: Track, number: int) -> list[tuple[int, int]]:
    return [(change.onset_ticks, change.value) for change in track.control_changes if change.number == number]


def test_a_mixer_that_nobody_touched_changes_nothing():
    """Not a byte: what was rendered before is found again."""
    song = make_song()
    assert mix(song) is song.piece


def test_muted_layers_are_silent_and_keep_their_place():
    """Tracks still stand where their layers do, so that a stem is found by its layer."""
    mixed = mix(make_song(b={"is_muted": True}))
    assert [bool(track.notes) for track in mixed.tracks] == [True, False, True, True]
    assert mixed.length_ticks == make_band(2).length_ticks
    assert not mixed.tracks[1].control_changes


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({"a": {"is_solo": True}}, "a"),
        ({"a": {"is_solo": True}, "d": {"is_solo": True}}, "ad"),
        ({"a": {"is_solo": True, "is_muted": True}}, ""),
        ({"a": {"is_solo": True}, "b": {"is_muted": True}}, "a"),
        ({"a": {"is_muted": True}}, "bcd"),
    ],
)
def test_solo_silences_all_others_and_mute_counts_for_more(settings, heard):
    """A muted layer is silent whatever else it is."""
    song = make_song(**settings)
    assert "".join(name for name, is_heard in zip("abcd", heard_layers(song), strict=True) if is_heard) == heard


def test_level_becomes_volume_by_general_midis_law():
    """6 dB less than the 100 that a channel has is 71, because 40 log10(71 / 100) is -5.95."""
    mixed = mix(make_song(b={"level_db": -6.0}))
    assert values(mixed.tracks[1], 7) == [(0, 71)]
    assert not values(mixed.tracks[0], 7)


def test_what_the_track_itself_says_of_volume_and_place_is_kept_relative():
    """A fade stays a fade; silence stays silence; expression is left alone; before the first change there is the usual value."""
    band = make_band(2)
    fade = (
        ControlChange(480, 7, 80),
        ControlChange(960, 7, 40),
        ControlChange(1440, 7, 0),
        ControlChange(480, 10, 30),
        ControlChange(480, 11, 90),
    )
    tracks = (replace(band.tracks[0], control_changes=fade), *band.tracks[1:])
    mixed = mix(make_song(band.with_tracks(tracks), a={"level_db": -12.0, "pan": 50}))
    assert values(mixed.tracks[0], 7) == [(0, 50), (480, 40), (960, 20), (1440, 0)]
    assert values(mixed.tracks[0], 10) == [(0, 96), (480, 62)]
    assert values(mixed.tracks[0], 11) == [(480, 90)]


def test_whoever_wants_more_than_midi_has_turns_all_others_down_alike():
    """6 dB over the usual volume would be 141: the layer gets 127, the others as much less."""
    mixed = mix(make_song(a={"level_db": 6.0}))
    assert values(mixed.tracks[0], 7) == [(0, 127)]
    assert [values(track, 7) for track in mixed.tracks[1:]] == [[(0, 90)]] * 3
    silent = mix(make_song(a={"level_db": 6.0, "is_muted": True}))
    assert not values(silent.tracks[1], 7)


def test_pan_reaches_both_sides():
    """-100 is left (0), 100 is right (127)."""
    mixed = mix(make_song(a={"pan": -100}, b={"pan": 100}))
    assert values(mixed.tracks[0], 10) == [(0, 0)]
    assert values(mixed.tracks[1], 10) == [(0, 127)]


def test_the_lowest_level_is_still_heard():
    """A track that is itself soft does not fall silent by rounding."""
    band = make_band(2)
    tracks = (replace(band.tracks[0], control_changes=(ControlChange(0, 7, 1),)), *band.tracks[1:])
    mixed = mix(make_song(band.with_tracks(tracks), a={"level_db": MIN_LEVEL_DB}))
    assert values(mixed.tracks[0], 7) == [(0, 1)]
