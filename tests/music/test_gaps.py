"""Gaps: found, emptied, shown with both sides, filled, compared."""

import pytest

from core.errors import NoMusicError
from music.constraints import BarRange
from music.gaps import (
    Gap,
    check_something_left,
    chords_in_gap,
    compare_with_sides,
    empty_gap,
    fill_in,
    find_missing_tracks,
    find_silent_bars,
    notes_in_gap,
    show_gap,
)
from music.piece import ChordSymbol, Piece
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band

EVERYBODY = (0, 1, 2, 3)


def gap(first, last, tracks=EVERYBODY):
    return Gap(bars=BarRange(first - 1, last), tracks=tracks)


def test_a_gap_and_the_rest_are_the_piece():
    piece = make_band()
    inside, outside = notes_in_gap(piece, gap(3, 4)), empty_gap(piece, gap(3, 4))
    assert inside.num_notes + outside.num_notes == piece.num_notes
    assert find_silent_bars(outside) == BarRange(2, 4)
    assert find_silent_bars(piece) is None
    assert find_silent_bars(empty_gap(piece, gap(7, 8))) == BarRange(6, 8)


@pytest.mark.parametrize(
    ("first", "last", "pieces"),
    [(3, 6, [(3, 6)]), (1, 5, [(1, 2), (3, 5)]), (1, 12, [(1, 4), (5, 8), (9, 12)]), (7, 7, [(7, 7)])],
)
def test_long_gaps_are_filled_in_even_pieces(first, last, pieces):
    assert [(bars.start_bar + 1, bars.stop_bar) for bars in gap(first, last).pieces] == pieces


def test_who_is_missing_in_some_bars():
    piece = empty_gap(make_band(), gap(3, 4, (1, 3)))
    assert find_missing_tracks(piece, BarRange(2, 4)) == (1, 3)
    assert find_missing_tracks(piece, BarRange(4, 6)) == EVERYBODY


@pytest.mark.parametrize(("first", "last", "num_before"), [(1, 2, 4), (1, 6, 2), (3, 4, 0), (7, 8, 0)])
def test_a_shown_gap_that_is_filled_lands_where_it_belongs(first, last, num_before):
    """Filled with what was there before, the piece is as it was."""
    piece = make_band()
    emptied = empty_gap(piece, gap(first, last, (1,)))
    shown = show_gap(emptied, BarRange(first - 1, last), next_bar=last)
    assert shown.num_bars_before == num_before
    whole = show_gap(piece, BarRange(first - 1, last), next_bar=last).piece
    assert TimeGrid(whole).num_bars == 8 + num_before
    assert fill_in(emptied, shown, whole, track=1).tracks == piece.tracks


def test_chords_of_a_gap_are_those_that_begin_in_it():
    chords = tuple(ChordSymbol(1920 * bar, bar, "maj", bar) for bar in range(4))
    piece = Piece(tracks=make_band().tracks, chords=chords, length_ticks=1920 * 8)
    found = chords_in_gap(show_gap(piece, BarRange(1, 3), next_bar=3), piece)
    assert [(chord.start_ticks, chord.stop_ticks, chord.root) for chord in found] == [(1920, 3840, 1), (3840, 5760, 2)]
    assert chords_in_gap(show_gap(piece, BarRange(5, 6), next_bar=6), piece) == ()


def test_a_gap_is_compared_with_its_sides():
    """Nothing there counts as one note; who does not play beside it has no measure."""
    piece = make_band()
    assert compare_with_sides(piece, BarRange(2, 4), gap=BarRange(2, 4), track=1) == pytest.approx(0)
    assert compare_with_sides(
        empty_gap(piece, gap(3, 4)), BarRange(2, 4), gap=BarRange(2, 4), track=1
    ) == pytest.approx(-3)
    assert compare_with_sides(empty_gap(piece, gap(1, 8)), BarRange(2, 4), gap=BarRange(2, 4), track=1) == 0.0


def test_something_must_be_left():
    check_something_left(make_band(), gap(1, 8, (0, 1, 2)))
    with pytest.raises(NoMusicError, match="nothing would be left"):
        check_something_left(make_band(), gap(1, 8))
