"""``music/chords.py``: symbols are read as they are written, and numerals follow the key."""

from __future__ import annotations

import pytest

from core.errors import UnknownNameError
from music.chords import NO_CHORD, QUALITIES, chord_name, chord_pitch_classes, parse_chord, roman_numeral
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


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("CMaj7", "maj7"), ("Cmj7", "maj7"), ("C7-9", "7"), ("Cma7", "maj7"), ("C^7", "maj7"), ("CΔ", "maj7"), ("Cmaj9#11", "maj7"), ("C+M7", "maj7"),
        ("Cmin", "min"), ("C-", "min"), ("Cmadd9", "min"), ("C-9", "min7"), ("Cm11", "min7"), ("Cm(maj7)", "minmaj7"),
        ("CmM9", "minmaj7"), ("C7(b9)", "7"), ("C7#9b13", "7"), ("Calt", "7"), ("C13", "7"), ("C7+5", "7"), ("C9#11", "9"),
        ("C11", "7sus4"), ("C9sus4", "7sus4"), ("Csus", "sus4"), ("Csus2", "sus2"), ("C4", "sus4"), ("C5", "5"), ("Cno3", "5"),
        ("Cø7", "hdim7"), ("Cm7-5", "hdim7"), ("C-7(b5)", "hdim7"), ("Co7", "dim7"), ("C°", "dim"), ("Cm(b5)", "dim"),
        ("C+", "aug"), ("C(#5)", "aug"), ("C6/9", "6"), ("C69/E", "6"), ("Cm6", "min6"), ("C2", "add9"), ("Cadd9", "add9"),
        ("Cadd11", "maj"), ("Cb6", "6"),
    ],
)  # fmt: skip
def test_richer_chords_become_the_nearest_quality(text, quality):
    """Everything that lead sheets say after a root."""
    assert parse_chord(text).quality == quality


@pytest.mark.parametrize("text", ["Hello", "C77", "Cmajmaj", "C/9", "C//E", "X", "", "C7 5/"])
def test_words_are_no_chords(text):
    """Doubled words and basses that are no notes are refused, not guessed at."""
    with pytest.raises(UnknownNameError):
        parse_chord(text)


@pytest.mark.parametrize(("text", "hint"), [("Hm7", "Bm7"), ("Cnaj7", "Cmaj7"), ("what", "C or Am or G7")])
def test_a_wrong_name_gets_a_suggestion(text, hint):
    with pytest.raises(UnknownNameError, match=hint):
        parse_chord(text)


@pytest.mark.parametrize(
    ("text", "key", "numeral"),
    [("Dm7", "C", "ii7"), ("G7/B", "C", "V65"), ("C/E", "C", "I6"), ("Bb", "C", "bVII"), ("Bm7b5", "C", "viiø7"),
     ("G#dim7", "Am", "#vii°7"), ("Am", "Am", "i"), ("F", "Am", "VI"), ("C/D", "C", "I/II"), ("N.C.", "C", "")],
)  # fmt: skip
def test_roman_numerals(text, key, numeral):
    assert roman_numeral(parse_chord(text), parse_key(key)) == numeral


def test_pitch_classes_of_a_chord():
    assert chord_pitch_classes(parse_chord("Am")) == {9, 0, 4}
