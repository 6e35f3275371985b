"""Form measured on songs whose form is known."""

from dataclasses import replace

import msgspec
import pytest

from music.bar_features import self_similarity
from music.columns import columns_of_piece
from music.forms.assembling import assemble
from music.midi import write_midi
from tests.factories.pieces import make_band
from tests.music.forms.test_assembling import make_song
from training.evaluation.form import (
    find_spans,
    measure_form,
    measure_people,
    measure_recurrence,
    measure_songs,
    piece_of_columns,
    read_songs,
    spans_of_plan,
    summarize,
)


@pytest.fixture
def song():
    plan, material = make_song("intro 2, A 8, B 8, A 8, outro 2")
    other = tuple(
        replace(
            track,
            notes=tuple(
                note._replace(pitch=note.pitch + 3 * (note.onset_ticks >= 8 * 1920 and not track.is_drum))
                for note in track.notes
            ),
        )
        for track in material.tracks
    )
    return assemble(plan, material.with_tracks(other)), plan


def test_repeats_of_a_song_are_recognized(song):
    """Every pair of one letter is liker than every pair of two."""
    piece, plan = song
    form = measure_form(piece, spans_of_plan(plan), lead=0, is_lead_left_out=True)
    summary = summarize([form])
    assert summary["repeat_recognized"] == 1.0
    assert summary["separation"] > 0


def test_a_song_that_comes_again_recurs_more_than_one_that_does_not(song):
    """The band repeats every four bars."""

    assert measure_recurrence(self_similarity(make_band(32), tracks=[1])) > 0.9
    assert measure_recurrence(self_similarity(make_band(4))) == 0.0


def test_songs_are_measured_by_plan_and_blindly(song):
    """Length, joins and what a listener notices are in the summary."""
    result = measure_songs([song])
    assert result["by_plan"]["num_songs_with_repeats"] == 1
    assert result["blind"]["num_songs"] == 1
    assert result["length_error_max"] < 0.1
    assert result["clean_listening"] in {0.0, 1.0}


def test_people_without_phrases_are_left_out():
    """Nothing divides by zero."""
    assert measure_people([])["separation"] is None
    assert find_spans(replace(make_band(2), tracks=())) == ([], None)


def test_songs_are_read_with_the_plan_in_their_recipe(song, tmp_path):
    """Files without one are left out."""
    piece, plan = song
    recipe = msgspec.json.encode({"settings": {"plan": plan}}).decode()
    (tmp_path / "a.mid").write_bytes(write_midi(piece, recipe=recipe))
    (tmp_path / "b.mid").write_bytes(write_midi(piece))
    ((_, read),) = read_songs(tmp_path)
    assert read == plan


def test_columns_become_the_piece_that_they_were():
    """Notes, programs, metre and tempo."""
    band = make_band(2)
    again = piece_of_columns(columns_of_piece(band))
    assert [track.notes for track in again.tracks] == [track.notes for track in band.tracks]
    assert [track.instrument for track in again.tracks] == [track.instrument for track in band.tracks]
