"""What an edit changed: nothing is lost or counted twice, and what sounds alike is called alike."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.difference import compare
from music.piece import Note, Piece, Tempo, Track
from music.transform import scale_ticks, transpose
from tests.factories.pieces import TICKS, make_band, make_melody
from tests.factories.random_pieces import pieces


def counted(notes):
    return Counter((note.onset_ticks, note.pitch, note.duration_ticks) for _, note in notes)


def counted_in(piece):
    return Counter(
        (note.onset_ticks, note.pitch, note.duration_ticks) for track in piece.tracks for note in track.notes
    )


@st.composite
def edits(draw):
    """A piece and what became of it: some notes dropped, some moved, some added, tracks reordered."""
    before = draw(pieces())
    choose = draw(st.randoms(use_true_random=False))
    tracks = []
    for track in before.tracks:
        notes = [note for note in track.notes if choose.random() < 0.8]
        notes = [note._replace(pitch=choose.randrange(128)) if choose.random() < 0.3 else note for note in notes]
        notes += [Note(choose.randrange(20_000), choose.randrange(128), 100, 90) for _ in range(choose.randrange(3))]
        tracks.append(replace(track, notes=tuple(notes)))
    choose.shuffle(tracks)
    return before, before.with_tracks(tuple(tracks[: choose.randrange(len(tracks) + 1)]))


@settings(max_examples=60, deadline=None)
@given(edits())
def test_kept_and_removed_are_all_that_was_and_kept_and_new_all_that_is(edit):
    before, after = edit
    difference = compare(before, after)
    assert counted(difference.kept_before) + counted(difference.removed) == counted_in(before)
    assert counted(difference.kept) + counted(difference.new) == counted_in(after)


@settings(max_examples=30, deadline=None)
@given(edits())
def test_tracks_named_in_a_difference_hold_its_notes(edit):
    before, after = edit
    difference = compare(before, after)
    for piece, notes in ((after, (*difference.kept, *difference.new)), (before, difference.removed)):
        assert all(note in piece.tracks[track].notes for track, note in notes)


@settings(max_examples=30, deadline=None)
@given(pieces())
def test_a_piece_does_not_differ_from_itself(piece):
    assert compare(piece, piece).is_nothing


def test_changed_bars_hold_the_new_and_the_removed_notes():
    band = make_band(8)
    bass = band.tracks[1]
    moved = tuple(
        note._replace(pitch=note.pitch + 1) if 4 * TICKS * 2 <= note.onset_ticks < 4 * TICKS * 4 else note
        for note in bass.notes
    )
    after = band.with_tracks((band.tracks[0], replace(bass, notes=moved), *band.tracks[2:]))
    difference = compare(band, after)
    assert (difference.changed_bars, difference.num_bars, difference.changed_tracks) == ((2, 3), 8, (1,))
    assert (len(difference.new), len(difference.removed)) == (8, 8)
    assert len(difference.kept) == band.num_notes - 8


def test_an_added_track_only_brings_notes():
    band = make_band(4)
    difference = compare(band.with_tracks(band.tracks[:2]), band)
    assert difference.removed == ()
    assert {track for track, _ in difference.new} == {2, 3} == set(difference.changed_tracks)


@pytest.mark.parametrize("semitones", [2, -12, 7])
def test_a_transposed_piece_has_the_same_notes(semitones):
    """Drums are not transposed; the kept notes before are as they were."""
    band = make_band(4)
    difference = compare(band, transpose(band, semitones=semitones))
    assert difference.has_same_notes
    assert difference.moved_semitones == semitones
    assert counted(difference.kept_before) == counted_in(band)


def test_twice_as_long_is_the_same_music():
    melody = make_melody()
    slow = melody.with_tracks(
        tuple(
            replace(
                track,
                notes=tuple(
                    note._replace(onset_ticks=2 * note.onset_ticks, duration_ticks=2 * note.duration_ticks)
                    for note in track.notes
                ),
            )
            for track in melody.tracks
        )
    )
    difference = compare(melody, slow)
    assert (difference.has_same_notes, difference.stretched) == (True, 2.0)


def test_other_instruments_and_tempo_change_no_note():
    band = make_band(4)
    after = replace(band.with_tracks((replace(band.tracks[0], program=48), *band.tracks[1:])), tempos=(Tempo(0, 60.0),))
    difference = compare(band, after)
    assert difference.has_same_notes
    assert not difference.is_nothing
    assert difference.instrument_changes == ((0, 0, 48),)
    assert difference.tempo_change == (118.0, 60.0)
    assert difference.changed_bars == ()


def test_loudness_alone_keeps_every_note():
    melody = make_melody()
    louder = melody.with_tracks(
        tuple(replace(track, notes=tuple(note._replace(velocity=1) for note in track.notes)) for track in melody.tracks)
    )
    difference = compare(melody, louder)
    assert difference.has_same_notes
    assert difference.num_velocity_changes == melody.num_notes


def test_ticks_are_brought_to_those_after():
    melody = make_melody()
    assert compare(scale_ticks(melody, ticks_per_quarter=960), melody).has_same_notes


def test_nothing_to_something_is_all_new():
    difference = compare(Piece(), make_melody())
    assert len(difference.new) == make_melody().num_notes
    assert compare(make_melody(), Piece(tracks=(Track(),))).kept == ()
