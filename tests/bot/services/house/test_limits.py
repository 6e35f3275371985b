"""Limits as people type them: what they mean, and one sentence for each thing that means nothing."""

import pytest

from bot.services.house.limits import parse_exclusions, parse_polyphony, parse_ranges, parse_sections
from core.errors import InputError
from inference.protocol import SectionWishes
from music.constraints import BarRange, SectionLimits
from music.piece import DRUM_PROGRAM


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", (None, {})),
        ("C3-C5", ((48, 72), {})),
        ("48 to 72", ((48, 72), {})),
        ("bb2–f#6", ((46, 90), {})),
        ("C-1-G9", ((0, 127), {})),
        ("piano C3-C5, bass: E1-G3", (None, {0: (48, 72), 33: (28, 55)})),
        ("C2-C6; violin G4-A6", ((36, 84), {40: (67, 93)})),
    ],
)
def test_ranges_are_read(text, meant):
    assert parse_ranges(text) == meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("high", "“high” is no range. Write it like C3-C5"),
        ("C5-C3", "upside down"),
        ("C3-C99", "is no range"),
        ("H9-C9", "upside down|is no pitch"),
        ("200-300", "is no pitch"),
        ("drums C2-C4", "Drums have no range"),
        ("C3-C5, C2-C4", "Say it once"),
        ("piano C3-C5, piano C2-C4", "has two ranges"),
    ],
)
def test_what_is_no_range_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_ranges(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", (None, {})),
        ("4", (4, {})),
        ("at most 6 notes at once", (6, {})),
        ("piano 3, strings: 2", (None, {0: 3, 48: 2})),
        ("8; drums 2", (8, {DRUM_PROGRAM: 2})),
    ],
)
def test_numbers_of_notes_are_read(text, meant):
    assert parse_polyphony(text) == meant


@pytest.mark.parametrize("text", ["many", "0", "33", "4, 5", "piano 2, piano 3", "piano", "-1", "1.5"])
def test_what_is_no_number_of_notes_is_refused(text):
    with pytest.raises(InputError):
        parse_polyphony(text)


def test_sections_are_read_with_all_their_words():
    sections = parse_sections("bars 1-4: sparse, straight; 5 to 8 busy strong C4-C6 at most 3, 9 dense")
    assert sections.limits == (SectionLimits(bars=BarRange(4, 8), pitch_range=(60, 84), max_notes_at_once=3),)
    assert sections.wishes == (
        SectionWishes(bars=BarRange(0, 4), density=1, syncopation=-2.0),
        SectionWishes(bars=BarRange(4, 8), density=6, syncopation=2.0),
        SectionWishes(bars=BarRange(8, 9), density=7),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sparse", "begins with no bars"),
        ("1-4", "say what is to be there"),
        ("1-4 loud", "“loud” means nothing in a section"),
        ("1-4 sparse, 4-8 busy", "Bar 4 is in two sections"),
        ("8-5 busy", "the first before the last"),
        ("0-4 busy", "bars count from 1"),
        ("1-4 at most 99", "From 1 to 32 notes"),
    ],
)
def test_what_is_no_section_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_sections(text)


def test_an_exclusion_of_a_family_is_one_of_all_its_instruments():
    assert parse_exclusions(("strings",)) == tuple(range(40, 56))
    assert parse_exclusions(("the guitars", "drums")) == (*range(24, 32), DRUM_PROGRAM)
    assert parse_exclusions(("violin", "")) == (40,)
    with pytest.raises(InputError):
        parse_exclusions(("kazoo orchestra xyz",))
