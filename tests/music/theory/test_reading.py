"""Harmony read off real scores: chords, numerals, cadences, foreign tones, and the paragraph made of them."""

import re

from hypothesis import given

from music.piece import Note, Piece, Track
from music.theory.explanation import explain, find_applied_dominants
from music.theory.reading import read_harmony, top_line
from music.time_grid import TimeGrid
from tests.factories.random_pieces import pieces
from tests.music.theory.scores import load_score


def test_chords_of_a_chorale_are_named_beat_by_beat():
    """BWV 269: the first phrase as every analysis has it."""
    bars = read_harmony(load_score("bach/bwv269")).bars
    assert [bar.chords for bar in bars[1:4]] == ["G Em D/F#", "G D Em", "C Am7 G"]
    assert [bar.numerals for bar in bars[1:4]] == ["I vi V6", "I V vi", "IV ii7 I"]


def test_numerals_follow_the_key_of_their_bar():
    """In Mozart's K. 155 A major is V before the piece goes there, and I afterwards."""
    bars = read_harmony(load_score("mozart/k155/movement1")).bars
    assert "I" in bars[-1].numerals
    assert bars[-1].chords.startswith("D")


def test_phrases_close_where_they_do():
    """BWV 269 has its perfect authentic cadence in bar 8, and ends with one."""
    found = {(cadence.bar + 1, cadence.kind) for cadence in read_harmony(load_score("bach/bwv269")).cadences}
    assert (8, "perfect authentic") in found
    assert (29, "perfect authentic") in found
    assert (5, "half") in found


def test_foreign_tones_are_none_of_their_chord():
    reading = read_harmony(load_score("mozart/k545/movement1_exposition"))
    assert reading.foreign_tones
    for tone in reading.foreign_tones:
        assert tone.kind == "suspension" or tone.note.pitch % 12 != tone.chord.root


def test_dominants_of_other_degrees_are_found():
    """Schubert's “Der Lindenbaum”, in E major, comes to B by F# major seventh chords."""
    piece = load_score("schubert/lindenbaum")
    found = {(each.chord.root, each.target.root) for each in find_applied_dominants(piece, read_harmony(piece))}
    assert (6, 11) in found


def test_the_paragraph_says_nothing_that_the_analysis_did_not_find():
    """Every bar that it names exists, and every count is the analysis's own."""
    piece = load_score("bach/bwv269")
    reading = read_harmony(piece)
    text = explain(piece, reading)
    assert text.startswith("The piece is in G major throughout.")
    assert f"melody's {reading.num_melody_notes} tones {len(reading.foreign_tones)} are foreign" in text
    for numbers in re.findall(r"bars? ([\d, and-]+)", text):
        for number in re.findall(r"\d+", numbers):
            assert 1 <= int(number) <= TimeGrid(piece).num_bars


def test_a_line_holds_one_note_at_a_time():
    chord = (Note(0, 60, 960, 80), Note(0, 67, 960, 80), Note(480, 64, 480, 80))
    assert [(note.pitch, note.duration_ticks) for note in top_line(chord)] == [(67, 480), (64, 480)]


def test_drums_alone_have_nothing_to_explain():
    piece = Piece(tracks=(Track(notes=(Note(0, 36, 480, 90),), is_drum=True),))
    assert explain(piece, read_harmony(piece)) == "There is no harmony to explain: nothing pitched sounds."


@given(pieces())
def test_any_piece_can_be_read(piece):
    """Whatever it is, there is one bar of harmony for every bar, or none, and sections without gaps."""
    reading = read_harmony(piece)
    num_bars = TimeGrid(piece).num_bars
    assert len(reading.bars) in (0, num_bars)
    assert sum(section.stop_bar - section.start_bar for section in reading.sections) in (0, num_bars)
    assert explain(piece, reading)
