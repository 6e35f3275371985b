"""``music/analysis.py``: what is said of real music is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from music import harmony
from music.analysis import (
    describe,
    find_chords,
    find_key,
    find_main_metre,
    find_main_tempo,
    find_melody_track,
    sum_pitch_classes,
)
from music.chords import chord_name
from music.piece import Piece, Tempo, TimeSignature
from tests.factories.pieces import make_band, make_chorale, make_melody, read_corpus


@pytest.mark.parametrize(
    ("name", "key"),
    [("bach/bwv66.6.mxl", "F# minor"), ("bach/bwv269.mxl", "G major"), ("corelli/opus3no1/1grave.xml", "F major"),
     ("joplin/maple_leaf_rag.mxl", "Ab major")],
)  # fmt: skip
def test_keys_of_real_music(name, key):
    """music21 finds the key that the score has, and our own fast estimate agrees."""
    piece = read_corpus(name)
    found = find_key(piece)
    assert found is not None
    assert found.name == key
    assert harmony.estimate_key(sum_pitch_classes(piece)) == found.key.tonic + 12 * found.key.is_minor


def test_the_melody_of_a_chorale_is_its_soprano_in_any_order_and_without_names():
    piece = make_chorale()
    unnamed = tuple(replace(track, name="") for track in piece.tracks)
    assert find_melody_track(piece) == 0
    assert find_melody_track(piece.with_tracks(unnamed[::-1])) == 3


def test_the_melody_of_a_band_is_its_lead_and_drums_have_none():
    assert find_melody_track(make_band()) == 2
    assert find_melody_track(make_band().with_tracks(make_band().tracks[3:])) is None


def test_chords_of_a_band():
    assert [chord_name(chord) for chord in find_chords(make_band(4))] == ["C", "Am", "F", "G"]
    assert find_chords(Piece()) == ()


def test_the_main_tempo_and_metre_are_those_of_the_longest_stretch():
    piece = replace(
        make_band(4),
        tempos=(Tempo(0, 60.0), Tempo(480, 100.0)),
        time_signatures=(TimeSignature(0, 2, 4), TimeSignature(960, 4, 4)),
    )
    assert find_main_tempo(piece) == 100.0
    assert find_main_metre(piece).name == "4/4"


def test_a_description_counts_what_is_there():
    found = describe(make_band(4))
    assert (found.num_bars, found.num_notes, found.metre, found.tempo_bpm) == (4, make_band(4).num_notes, "4/4", 118.0)
    assert found.key == "C major"
    assert [track.instrument for track in found.tracks][-1] == "Drums"
    assert found.duration_seconds == pytest.approx(16 * 60 / 118)


def test_an_empty_piece_can_be_described():
    found = describe(Piece())
    assert (found.key, found.num_bars, found.tracks, found.chords) == ("", 0, (), ())
    assert describe(make_melody()).tracks[0].is_melody
