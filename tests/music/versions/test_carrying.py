"""Layers and origins through changes that know nothing of them."""

from __future__ import annotations

from dataclasses import replace

from music.arranging.pitch import transpose_in
from music.arranging.scope import make_scope
from music.constraints import BarRange
from music.piece import Note, Track
from music.transform import transpose
from music.versions.carrying import begin, carry
from music.versions.codec import decode_state, encode_state
from music.versions.layered import THIS_REVISION
from tests.factories.pieces import make_band

SONG = begin(make_band(4), author_id=1, key="song").settled(7)


def test_what_is_kept_keeps_its_origin_and_what_is_new_is_this_revisions():
    track = SONG.piece.tracks[1]
    added = replace(track, notes=(*track.notes, Note(5, 100, 10, 60)))
    tracks = (*SONG.piece.tracks[:1], added, *SONG.piece.tracks[2:])
    after = carry(SONG, SONG.piece.with_tracks(tracks), author_id=2, key="edit")
    assert after.layers == SONG.layers
    assert sorted(set(after.origins[1])) == [THIS_REVISION, 7]
    assert after.origins[1].count(THIS_REVISION) == 1
    assert after.origins[0] == SONG.origins[0]


def test_a_transposition_writes_no_note():
    """Neither of the whole song, nor of some bars of one layer by rule; the same by a network is new music."""
    whole = carry(SONG, transpose(SONG.piece, semitones=3), author_id=2, key="edit")
    assert whole.origins == SONG.origins
    scope = make_scope(SONG.piece, bars=BarRange(1, 3), tracks=(2,))
    moved = transpose_in(SONG.piece, scope, semitones=2).piece
    assert carry(SONG, moved, author_id=2, key="edit", is_by_rule=True).origins == SONG.origins
    written = carry(SONG, moved, author_id=2, key="edit")
    assert THIS_REVISION in written.origins[2]
    assert written.origins[1] == SONG.origins[1]


def test_new_tracks_become_layers_of_the_author_with_names_of_their_own():
    again = Track(notes=(Note(0, 40, 100, 80),), program=33, name="Bass")
    after = carry(SONG, SONG.piece.with_tracks((*SONG.piece.tracks, again)), author_id=2, key="edit")
    assert (after.layers[4].owner_id, after.layers[4].name) == (2, "Bass 2")
    assert len({layer.layer_id for layer in after.layers}) == 5
    twice = carry(SONG, SONG.piece.with_tracks((*SONG.piece.tracks, again)), author_id=2, key="edit")
    assert twice == after, "made again, it is the same"


def test_a_state_comes_back_from_its_bytes():
    assert decode_state(encode_state(SONG), SONG.piece) == SONG
