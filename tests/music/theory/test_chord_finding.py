"""Chord symbols and notes that agree: kept where they do, read anew where they do not."""

from dataclasses import replace

from music.piece import ChordSymbol, Piece
from music.theory.chord_finding import find_beat_chords, measure_fit, with_sounding_chords
from tests.music.theory.scores import load_score


def test_chords_that_fit_stay_as_they_are():
    """A plainer naming than ours is not corrected, as long as the notes bear it out."""
    chorale = load_score("bach/bwv269")
    named = replace(chorale, chords=find_beat_chords(chorale))
    assert with_sounding_chords(named) is named


def test_chords_that_the_notes_contradict_are_read_anew():
    chorale = load_score("bach/bwv269")
    wrong = replace(chorale, chords=(ChordSymbol(0, 8, "maj7", 8),))
    mended = with_sounding_chords(wrong)
    assert [(chord.root, chord.quality) for chord in mended.chords[:3]] == [(7, "maj"), (4, "min"), (2, "maj")]
    assert measure_fit(mended, mended.chords) > 0.8 > measure_fit(wrong, wrong.chords)


def test_a_piece_without_symbols_gets_none():
    chorale = load_score("bach/bwv269")
    assert with_sounding_chords(replace(chorale, chords=())).chords == ()
    assert with_sounding_chords(Piece()) == Piece()
