"""``music/chords.py``: symbols are read as they are written, and numerals follow the key."""

from __future__ import annotations

import pytest

from core.errors import UnknownNameError
from music.chords import NO_CHORD, QUALITIES, chord_name, chord_pitch_classes, parse_chord, parse_chords, roman_numeral
from music.names import parse_key
from music.piece import ChordSymbol
from music.vocabulary import CHORD_QUALITIES


def test_the_table_has_the_vocabularys_qualities():
    assert tuple(QUALITIES) == CHORD_QUALITIES


def test_every_chord_is_read_as_it_was_written():
    for root in range(12):
        for quality in QUALITIES:
            for bass in (root, (root + 5) % 12):
                chord = ChordSymbol(0, root, quality, bass)
                read = parse_chord(chord_name(chord))
                assert read == chord or quality == NO_CHORD == read.quality


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Cmaj9", "Cmaj7"),
        ("G13", "G7"),
        ("F#-7", "Gbm7"),
        ("Bø", "Bm7b5"),
        ("A+", "Aaug"),
        ("EM7", "Emaj7"),
        ("n.c.", "N.C."),
    ],
)
def test_other_spellings_become_the_nearest_quality(text, name):
    assert chord_name(parse_chord(text)) == name


def test_a_line_of_chords():
    assert [chord_name(chord) for chord in parse_chords("Dm7 | G7/B | Cmaj7 A7 |")] == ["Dm7", "G7/B", "Cmaj7", "A7"]


def test_words_are_no_chords():
    with pytest.raises(UnknownNameError):
        parse_chord("Hello")


@pytest.mark.parametrize(
    ("text", "key", "numeral"),
    [("Dm7", "C", "ii7"), ("G7/B", "C", "V65"), ("C/E", "C", "I6"), ("Bb", "C", "bVII"), ("Bm7b5", "C", "viiø7"),
     ("G#dim7", "Am", "#vii°7"), ("Am", "Am", "i"), ("F", "Am", "VI"), ("C/D", "C", "I/II"), ("N.C.", "C", "")],
)  # fmt: skip
def test_roman_numerals(text, key, numeral):
    assert roman_numeral(parse_chord(text), parse_key(key)) == numeral


def test_pitch_classes_of_a_chord():
    assert chord_pitch_classes(parse_chord("Am")) == {9, 0, 4}
