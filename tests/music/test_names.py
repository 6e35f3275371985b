"""``music/names.py``: what people type is understood, and what is not gets suggestions."""

from __future__ import annotations

import pytest

from core.errors import UnknownNameError, UnsupportedMetreError
from music.constraints import METRES
from music.instruments import FAMILIES, GM_NAMES
from music.names import (
    GENRES,
    all_key_names,
    key_name,
    parse_genre,
    parse_instrument,
    parse_instruments,
    parse_key,
    parse_metre,
    scale_of_key,
)
from music.piece import DRUM_PROGRAM


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C minor", "C minor"), ("f#", "F# major"), ("Bb major", "Bb major"), ("Am", "A minor"), ("bm", "B minor"),
        ("BB", "Bb major"), ("ab minor", "G# minor"), ("F sharp min", "F# minor"), ("c♯m", "C# minor"), ("CM", "C major"),
        ("h moll", "B minor"), ("key of G", "G major"), ("e-flat major", "Eb major"),
    ],
)  # fmt: skip
def test_keys_as_people_type_them(text, name):
    assert key_name(parse_key(text)) == name


def test_every_key_name_is_understood():
    assert [key_name(parse_key(name)) for name in all_key_names()] == list(all_key_names())


@pytest.mark.parametrize("text", ["X", "", "C dorian", "H#b", "minor"])
def test_an_unknown_key_gets_suggestions(text):
    with pytest.raises(UnknownNameError) as caught:
        parse_key(text)
    assert caught.value.suggestions


def test_scales_have_the_leading_note():
    """A minor allows G sharp, C major has its seven notes."""
    assert scale_of_key(parse_key("Am")).pitch_classes == (0, 2, 4, 5, 7, 8, 9, 11)
    assert scale_of_key(parse_key("C")).pitch_classes == (0, 2, 4, 5, 7, 9, 11)


def test_all_general_midi_names_and_families_are_understood():
    assert [parse_instrument(name) for name in GM_NAMES] == list(range(128))
    assert all(0 <= parse_instrument(family) <= 127 for family in FAMILIES)


@pytest.mark.parametrize(
    ("text", "program"),
    [("piano", 0), ("Bass", 33), ("drums", DRUM_PROGRAM), ("strings", 48), ("sax", 65), ("violins", 40), ("42", 42)],
)
def test_common_words_for_instruments(text, program):
    assert parse_instrument(text) == program


def test_a_list_of_instruments():
    assert parse_instruments("piano, bass and drums, piano") == (0, 33, DRUM_PROGRAM)
    assert parse_instruments("") == ()


def test_a_typing_error_is_answered_with_the_nearest_names():
    with pytest.raises(UnknownNameError) as caught:
        parse_instruments("paino, bass")
    assert "piano" in caught.value.suggestions


def test_genres_and_their_synonyms():
    assert [parse_genre(genre.upper()) for genre in GENRES] == list(GENRES)
    assert (parse_genre("hip hop"), parse_genre("R&B"), parse_genre("techno music")) == (
        "hip-hop",
        "soul",
        "electronic",
    )
    with pytest.raises(UnknownNameError):
        parse_genre("polka")


def test_metres():
    assert [parse_metre(f"{numerator}/{denominator}") for numerator, denominator in METRES] == list(METRES)
    assert parse_metre("waltz") == (3, 4)
    with pytest.raises(UnsupportedMetreError):
        parse_metre("7/8")
    with pytest.raises(UnknownNameError):
        parse_metre("fast")
