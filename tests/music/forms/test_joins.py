"""Jumps at joins: tempo, range, loudness."""

from dataclasses import replace

import pytest

from music.forms.joins import check_joins, measure_joins
from music.piece import Tempo
from tests.factories.pieces import make_band


def changed_from_bar_4(*, semitones=0, velocity=None):
    """A band whose bars from the fifth on are elsewhere."""
    band = make_band(8)

    def change(note, track):
        if note.onset_ticks < 4 * 1920 - 20:
            return note
        pitch = note.pitch if track.is_drum else note.pitch + semitones
        return note._replace(pitch=pitch, velocity=velocity or note.velocity)

    return band.with_tracks(
        tuple(replace(track, notes=tuple(change(note, track) for note in track.notes)) for track in band.tracks)
    )


def test_an_even_piece_joins_smoothly():
    """Nothing jumps."""
    (join,) = measure_joins(make_band(8), [4])
    assert join.is_smooth
    assert check_joins([join]).is_kept


@pytest.mark.parametrize(
    ("piece", "field"),
    [
        (changed_from_bar_4(semitones=24), "range_semitones"),
        (changed_from_bar_4(velocity=20), "loudness_db"),
        (replace(make_band(8), tempos=(Tempo(0, 118.0), Tempo(4 * 1920, 160.0))), "tempo_ratio"),
    ],
)
def test_a_jump_is_found_and_named_with_its_bar(piece, field):
    """Each kind, and the check says where."""
    (join,) = measure_joins(piece, [4])
    (even,) = measure_joins(make_band(8), [4])
    assert getattr(join, field) > getattr(even, field)
    assert not join.is_smooth
    check = check_joins([join])
    assert not check.is_kept
    assert "before bar 5" in check.found


def test_the_first_bar_and_bars_past_the_end_are_no_joins():
    """And a song without joins keeps the promise."""
    assert measure_joins(make_band(8), [0, 8, 20]) == ()
    assert check_joins([]).is_kept
