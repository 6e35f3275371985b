"""Bars, the grid and snapping of pieces as columns."""

import numpy as np
import pytest

from core.errors import NoMusicError, UnsupportedMetreError
from music.columns import columns_of_piece, find_bars, on_grid_share, snap
from music.piece import Note, Piece, TimeSignature, Track
from tests.factories.pieces import make_band, make_chorale


def test_bars_follow_changes_of_metre():
    piece = Piece(
        tracks=(Track(notes=(Note(0, 60, 480, 80), Note(5000, 60, 480, 80))),),
        time_signatures=(TimeSignature(0, 3, 4), TimeSignature(2880, 2, 2)),
    )
    bars = find_bars(columns_of_piece(piece))
    assert bars.start_ticks.tolist() == [0, 1440, 2880, 4800, 6720]
    assert bars.metre.tolist() == [1, 1, 2, 2]


def test_a_metre_of_another_length_is_refused():
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), time_signatures=(TimeSignature(0, 7, 4),))
    with pytest.raises(UnsupportedMetreError):
        find_bars(columns_of_piece(piece))


def test_a_piece_as_long_as_a_year_is_refused():
    piece = Piece(tracks=(Track(notes=(Note(10**9, 60, 480, 80),)),))
    with pytest.raises(NoMusicError, match="more than 4000 bars"):
        find_bars(columns_of_piece(piece))


def test_notes_a_little_off_the_grid_are_snapped_onto_it():
    """The band plays up to ten ticks late; all of it is meant on quarters and eighths."""
    columns = columns_of_piece(make_band())
    bars = find_bars(columns)
    assert on_grid_share(columns, bars) > 0.9
    assert set((snap(columns, bars).onset_ticks % 240).tolist()) == {0}


def test_exact_triplets_and_32nds_stay_where_they_are():
    onsets = [0, 60, 160, 320, 480 + 180, 480 + 240]
    piece = Piece(tracks=(Track(notes=tuple(Note(each, 60, 60, 80) for each in onsets)),))
    columns = columns_of_piece(piece)
    assert snap(columns, find_bars(columns)).onset_ticks.tolist() == onsets


def test_a_score_lies_on_the_grid():
    columns = columns_of_piece(make_chorale())
    assert on_grid_share(columns, find_bars(columns)) == pytest.approx(1.0)
    assert np.all(np.diff(find_bars(columns).start_ticks) > 0)
