"""What pieces are like in numbers: finite, of one length, the same each time, and each moved by what its name says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from music.piece import Piece
from music.ranking_features import NAMES, measure_features
from music.transform import transpose
from tests.factories.pieces import make_band, make_melody
from tests.factories.random_pieces import pieces


@given(pieces())
def test_every_piece_has_finite_features(piece):
    row = measure_features(piece)
    assert row.shape == (len(NAMES),)
    assert np.isfinite(row).all()
    assert (row == measure_features(piece)).all()


def test_nothing_is_zeros():
    assert not measure_features(Piece()).any()


def changed(before, after):
    """Return the names of features that went up, and of those that went down."""
    moves = dict(zip(NAMES, measure_features(after) - measure_features(before), strict=True))
    return {name for name, move in moves.items() if move > 1e-9}, {name for name, move in moves.items() if move < -1e-9}


def test_an_octave_up_is_only_higher():
    piece = make_melody()
    assert changed(piece, transpose(piece, semitones=12)) == ({"height"}, set())


def test_softer_is_only_softer():
    piece = make_melody()
    track = piece.tracks[0]
    softer = piece.with_tracks((replace(track, notes=tuple(note._replace(velocity=40) for note in track.notes)),))
    assert "loudness" in changed(piece, softer)[1]
    assert not {"height", "repetition", "notes per bar"} & (changed(piece, softer)[0] | changed(piece, softer)[1])


@pytest.mark.parametrize("name", ["parts", "drums", "notes per bar"])
def test_a_band_without_its_drums_has_less(name):
    band = make_band()
    alone = band.with_tracks(tuple(track for track in band.tracks if not track.is_drum))
    assert len(alone.tracks) < len(band.tracks)
    assert name in changed(band, alone)[1]
