"""``music/transform.py``: pieces into pieces, nothing lost that was not meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BarRangeError, NoMusicError
from music.constraints import BarRange
from music.piece import ControlChange, Piece, Tempo
from music.time_grid import TimeGrid
from music.transform import (
    concatenate,
    merge,
    quantize,
    replace_bars,
    scale_ticks,
    slice_bars,
    split,
    transpose,
)
from tests.factories.pieces import make_band, make_chorale, make_melody
from tests.factories.random_pieces import pieces


def test_transposing_there_and_back_is_the_same_piece():
    assert transpose(transpose(make_chorale(), semitones=5), semitones=-5) == make_chorale()


def test_drums_and_rhythm_stay_when_a_piece_is_transposed():
    moved = transpose(make_band(), semitones=3)
    assert moved.tracks[3] == make_band().tracks[3]
    assert moved.key_signatures[0].tonic == 3
    assert [note.onset_ticks for note in moved.tracks[1].notes] == [
        note.onset_ticks for note in make_band().tracks[1].notes
    ]


def test_notes_at_the_edge_stay_in_midi_range():
    pitches = [note.pitch for track in transpose(make_band(), semitones=90).tracks for note in track.notes]
    assert min(pitches) >= 0
    assert max(pitches) <= 127


def test_quantized_onsets_lie_on_the_grid():
    snapped = quantize(make_band(), steps_per_quarter=4)
    assert all(
        note.onset_ticks % 120 == 0 and note.stop_ticks % 120 == 0 for track in snapped.tracks for note in track.notes
    )
    assert quantize(snapped, steps_per_quarter=4) == snapped


@settings(max_examples=50, deadline=None)
@given(pieces(max_tracks=2), st.sampled_from((2, 3, 10)))
def test_finer_ticks_and_back_is_the_same_piece(piece, factor):
    finer = scale_ticks(piece, ticks_per_quarter=piece.ticks_per_quarter * factor)
    assert scale_ticks(finer, ticks_per_quarter=piece.ticks_per_quarter) == piece


def test_a_slice_of_all_bars_is_the_piece():
    piece = make_band(4)
    assert slice_bars(piece, BarRange(0, 4)) == piece


def test_a_slice_keeps_what_was_in_force():
    """Tempo and pedal set before the slice hold at its beginning."""
    piece = make_band(4)
    later = slice_bars(piece, BarRange(2, 4))
    assert TimeGrid(later).num_bars == 2
    assert later.tempos == (Tempo(0, 118.0),)
    assert later.tracks[0].control_changes[0] == ControlChange(0, 64, 127)
    assert later.num_notes * 2 == piece.num_notes


def test_both_halves_joined_are_the_piece():
    piece = make_band(4)
    joined = concatenate(slice_bars(piece, BarRange(0, 2)), slice_bars(piece, BarRange(2, 4)))
    assert [track.notes for track in joined.tracks] == [track.notes for track in piece.tracks]
    assert joined.length_ticks == piece.length_ticks


@pytest.mark.parametrize("bars", [BarRange(0, 5), BarRange(3, 3), BarRange(-1, 2)])
def test_bars_outside_the_piece_are_refused(bars):
    with pytest.raises(BarRangeError):
        slice_bars(make_band(4), bars)


def test_bars_of_an_empty_piece_are_refused():
    with pytest.raises(NoMusicError):
        slice_bars(Piece(), BarRange(0, 1))


def test_replaced_bars_are_new_and_the_others_untouched():
    piece = make_band(4)
    new = slice_bars(make_band(4, seed=9), BarRange(0, 1))
    changed = replace_bars(piece, BarRange(1, 2), new)
    assert slice_bars(changed, BarRange(1, 2)).tracks[2].notes == new.tracks[2].notes
    for bars in (BarRange(0, 1), BarRange(2, 4)):
        assert slice_bars(changed, bars) == slice_bars(piece, bars)


def test_split_and_merge_keep_every_track():
    parts = split(make_band(2))
    together = parts[0]
    for part in parts[1:]:
        together = merge(together, part)
    assert together == make_band(2)


def test_pieces_of_other_ticks_are_joined_in_the_first_ones_ticks():
    other = scale_ticks(make_melody(), ticks_per_quarter=960)
    assert concatenate(make_melody(), other) == concatenate(make_melody(), make_melody())
