"""Layers and origins through changes that know nothing of them."""

from __future__ import annotations

from dataclasses import replace

from music.transform import transpose
from music.versions.carrying import carry
from tests.factories.layered_songs import make_song


def names(song):
    return [layer.name for layer in song.layers]


def test_layers_stay_with_their_tracks_when_the_whole_song_is_transposed():
    """A bass that comes to have more notes of the old guitar than of the old bass is still the bass."""
    for seed in range(20):
        song = make_song(num_layers=3, seed=seed)
        after = carry(song, transpose(song.piece, semitones=1), author_id=9, key="k")
        assert names(after) == ["Piano", "Bass", "Guitar"]
        assert after.layers == song.layers


def test_a_dropped_track_takes_its_layer_with_it():
    song = make_song(num_layers=3)
    tracks = song.piece.tracks
    after = carry(song, song.piece.with_tracks((tracks[0], tracks[2])), author_id=9, key="k")
    assert names(after) == ["Piano", "Guitar"]


def test_a_track_that_was_renamed_is_known_by_its_notes():
    song = make_song(num_layers=3)
    tracks = song.piece.tracks
    renamed = replace(tracks[1], name="Something else", program=40)
    after = carry(song, song.piece.with_tracks((tracks[2], renamed, tracks[0])), author_id=9, key="k")
    assert [layer.layer_id for layer in after.layers] == ["c", "b", "a"]


def test_a_new_track_is_a_layer_of_whoever_wrote_it():
    song = make_song(num_layers=2)
    extra = make_song(num_layers=3).piece.tracks[2]
    after = carry(song, song.piece.with_tracks((*song.piece.tracks, extra)), author_id=9, key="k")
    assert [layer.owner_id for layer in after.layers] == [1, 2, 9]
    assert set(after.origins[2]) == {0}
