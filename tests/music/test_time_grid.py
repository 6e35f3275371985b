"""``music/time_grid.py``: every look-up has its way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.piece import Note, Piece, Tempo, TimeSignature, Track
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band, make_chorale
from tests.factories.random_pieces import pieces

CHANGING = Piece(
    tempos=(Tempo(0, 60.0), Tempo(1920, 120.0)),
    time_signatures=(TimeSignature(0, 4, 4), TimeSignature(3840, 3, 4), TimeSignature(6000, 6, 8)),
    length_ticks=8000,
)


def test_bars_follow_the_metre_and_a_change_cuts_the_bar_before_it():
    """4/4, 4/4, 3/4, then a 3/4 bar cut after 720 ticks, then 6/8."""
    assert TimeGrid(CHANGING).bar_starts_ticks == (0, 1920, 3840, 5280, 6000, 7440, 8880)
    assert [bar.time_signature.name for bar in TimeGrid(CHANGING).bars] == ["4/4", "4/4", "3/4", "3/4", "6/8", "6/8"]


def test_seconds_follow_the_tempo():
    """Four quarters at 60, then twice as fast."""
    grid = TimeGrid(CHANGING)
    assert grid.seconds_of_tick(1920) == pytest.approx(4.0)
    assert grid.seconds_of_tick(2880) == pytest.approx(5.0)
    assert (grid.tempo_at(0), grid.tempo_at(1920)) == (pytest.approx(60), pytest.approx(120))


def test_beats_are_counted_in_the_metres_own_unit():
    """The fourth eighth of the first 6/8 bar is beat 3."""
    grid = TimeGrid(CHANGING)
    assert grid.beat_of_tick(6000 + 3 * 240) == (4, 3.0)
    assert grid.tick_of_beat(4, 3.0) == 6720


@settings(max_examples=100, deadline=None)
@given(pieces(max_tracks=1), st.integers(0, 60_000))
def test_every_tick_lies_in_its_bar_and_comes_back_from_seconds(piece, ticks):
    """bar_of_tick and bar_start_ticks agree; tick -> seconds -> tick is the same tick."""
    grid = TimeGrid(piece)
    bar = grid.bar(grid.bar_of_tick(ticks))
    assert bar.start_ticks <= ticks < bar.stop_ticks
    assert grid.tick_of_seconds(grid.seconds_of_tick(ticks)) == ticks


def test_a_started_bar_counts_and_an_empty_piece_has_none():
    """One tick into bar 2 makes two bars."""
    assert TimeGrid(Piece(tracks=(Track(notes=(Note(1919, 60, 2, 80),)),))).num_bars == 2
    assert TimeGrid(Piece()).num_bars == 0


def test_bars_of_real_pieces():
    """The chorale's pick-up is bar 0; the band plays eight bars."""
    assert TimeGrid(make_chorale()).num_bars == 10
    assert TimeGrid(make_band(8)).num_bars == 8
