"""What a reply says and plays of an edit."""

from dataclasses import replace

import pytest

from bot.services.replies.comparison import WHOLE_SECONDS, compare_edit, describe_difference, name_bars
from music.difference import compare
from music.piece import Note, Piece, Tempo, Track
from music.time_grid import TimeGrid
from music.transform import transpose
from tests.factories.pieces import TICKS, make_band, make_melody

BAR = 4 * TICKS


def remixed(piece, *, track=1, start_bar, stop_bar):
    notes = tuple(
        note._replace(pitch=note.pitch + 1) if start_bar * BAR <= note.onset_ticks < stop_bar * BAR else note
        for note in piece.tracks[track].notes
    )
    tracks = list(piece.tracks)
    tracks[track] = replace(tracks[track], notes=notes)
    return piece.with_tracks(tuple(tracks))


def lines_of(before, after):
    return describe_difference(compare(before, after), after)


def test_bars_and_notes_are_counted():
    band = make_band(16)
    lines = lines_of(band, remixed(band, start_bar=4, stop_bar=8))
    kept = band.num_notes - 16
    assert lines == (f"Bars changed: 5-8 (4 of 16) · notes: {kept} kept, 16 new, 16 removed", "only track 2")


def test_a_transposed_piece_is_called_the_same_notes():
    band = make_band(4)
    assert lines_of(band, transpose(band, semitones=-2)) == (
        f"Same notes: all {band.num_notes} kept",
        "moved down by 2 semitones",
    )


def test_another_instrument_or_tempo_is_named_without_a_change_of_notes():
    band = make_band(4)
    after = replace(
        band.with_tracks((*band.tracks[:1], replace(band.tracks[1], program=40), *band.tracks[2:])),
        tempos=(Tempo(0, 90.0),),
    )
    assert lines_of(band, after)[1:] == (
        "instrument of track 2 changed from Electric Bass (finger) to Violin",
        "tempo 118 bpm before, 90 bpm after",
    )


def test_no_change_is_said():
    assert lines_of(make_melody(), make_melody()) == ("Nothing changed.",)


@pytest.mark.parametrize(
    ("bars", "text"),
    [((), ""), ((0,), "1"), ((4, 5, 6, 7), "5-8"), ((0, 2, 3, 9), "1, 3-4, 10"), (tuple(range(0, 20, 2)), "1, 3, 5, 7, 9, 11, …")],
)  # fmt: skip
def test_bars_are_named_as_people_write_them(bars, text):
    assert name_bars(bars) == text


def test_short_pieces_are_heard_whole():
    band = make_band(8)
    comparison = compare_edit("remix", band, remixed(band, start_bar=2, stop_bar=4))
    assert comparison.window is None
    assert comparison.heard_before == band


def test_of_long_pieces_the_changed_bars_and_one_on_either_side_are_heard():
    band = make_band(90)
    after = remixed(band, start_bar=40, stop_bar=44)
    comparison = compare_edit("remix", band, after)
    assert (comparison.window.start_bar, comparison.window.stop_bar) == (39, 45)
    for heard in (comparison.heard_before, comparison.heard_after):
        assert TimeGrid(heard).num_bars == 6
    assert comparison.heard_before.tracks[2] == comparison.heard_after.tracks[2]
    assert comparison.heard_before.tracks[1] != comparison.heard_after.tracks[1]


def test_even_when_everything_changed_a_minute_is_enough():
    band = make_band(90)
    comparison = compare_edit("remix", band, remixed(band, start_bar=0, stop_bar=90))
    assert TimeGrid(comparison.heard_after).duration_seconds <= WHOLE_SECONDS


def test_a_long_piece_with_another_instrument_is_heard_from_the_start():
    band = make_band(90)
    after = band.with_tracks((replace(band.tracks[0], program=40), *band.tracks[1:]))
    comparison = compare_edit("arrange", band, after)
    assert comparison.window.start_bar == 0


@pytest.mark.parametrize("operation", ["generate", "continue", "compose", "upload"])
def test_new_music_is_not_compared(operation):
    assert compare_edit(operation, make_band(4), make_band(4, seed=2)) is None


def test_what_has_nothing_before_is_not_compared():
    assert compare_edit("remix", None, make_band(4)) is None
    assert compare_edit("remix", Piece(), make_band(4)) is None


def test_a_change_of_every_note_is_still_an_edit():
    """A remix of all pitches leaves no note as it was."""
    before = Piece(tracks=(Track(notes=(Note(0, 60, 480, 90), Note(480, 62, 480, 90))),))
    after = Piece(tracks=(Track(notes=(Note(0, 61, 480, 90), Note(480, 66, 480, 90))),))
    assert compare_edit("remix", before, after) is not None


def test_a_shorter_piece_after_is_heard_within_what_both_have():
    band = make_band(90)
    shorter = make_band(60)
    comparison = compare_edit("undo", band, shorter)
    assert TimeGrid(comparison.heard_after).num_bars <= 60
    assert TimeGrid(comparison.heard_before).num_bars == TimeGrid(comparison.heard_after).num_bars
