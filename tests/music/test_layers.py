"""New tracks put into place, measured and thinned out."""

import pytest

from music.constraints import BarRange
from music.layers import Window, notes_per_whole, place_layer, thin_layer, usual_notes, usual_register
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.ranges import playable_range
from music.transform import scale_ticks
from tests.factories.pieces import make_band, make_melody


def test_a_layer_lands_in_its_bars_and_counts_in_the_pieces_ticks():
    """Written from bar 2 on in other ticks, wanted in bar 4: it begins and ends there."""
    piece = make_melody()
    written = scale_ticks(
        Piece(tracks=(Track(), Track(program=33, notes=tuple(Note(960 * n, 40, 5000, 80) for n in range(6))))),
        ticks_per_quarter=960,
    )
    layer = place_layer(piece, written, Window(written=BarRange(1, 4), wanted=BarRange(3, 4)))
    assert [(note.onset_ticks, note.stop_ticks) for note in layer.notes] == [(5760, 7680), (6720, 7680)]


def test_notes_are_counted_in_four_quarters():
    assert notes_per_whole(make_melody(), make_melody().tracks[0], BarRange(0, 2)) == 4.0
    assert notes_per_whole(make_melody(), make_melody().tracks[0], BarRange(3, 4)) == pytest.approx(3.0)


def test_weak_places_go_first():
    notes = tuple(Note(120 * n, 60, 100, 80) for n in range(16))
    thin = thin_layer(make_band(), Track(notes=notes), most=4)
    assert [note.onset_ticks for note in thin.notes] == [0, 480, 960, 1440]
    assert thin_layer(make_band(), thin, most=9) == thin


def test_drums_usually_play_more_than_a_bass():
    assert usual_notes(DRUM_PROGRAM, is_drum=True) > usual_notes(0, is_drum=False) > usual_notes(33, is_drum=False)


@pytest.mark.parametrize("program", range(128))
def test_a_usual_register_can_be_played(program):
    """Enough of it for every scale to have tones there."""
    low, high = usual_register(program) or playable_range(program)
    playable = playable_range(program)
    assert min(high, playable[1]) - max(low, playable[0]) >= 17
