"""The music of the benchmarks is what their tables say."""

from __future__ import annotations

from benchmarks.songs import make_band, make_dense_song, make_melody
from music.time_grid import TimeGrid


def test_dense_song_has_3600_notes_in_a_minute():
    """The promise about sound is about just that song."""
    song = make_dense_song()
    grid = TimeGrid(song)

    assert song.num_notes == 3_600
    assert 59.9 <= grid.seconds_of_tick(song.stop_ticks) <= 60.5


def test_band_and_melody_are_as_long_as_asked():
    """In bars."""
    assert [TimeGrid(make(num_bars=5)).num_bars for make in (make_band, make_melody)] == [5, 5]
