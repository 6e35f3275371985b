"""Forms and charts as people type them."""

import pytest

from core.errors import InputError, UnknownNameError
from music.forms.reading import NamedSection, parse_form, parse_section_chords, write_form


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("AABA", "A A B A"),
        ("A A' B A", "A A B A"),
        ("intro verse chorus verse chorus bridge chorus outro", "intro verse chorus verse chorus bridge chorus outro"),
        ("Verse - Chorus -> Verse, chorus", "verse chorus verse chorus"),
        ("verse x2 chorus", "verse verse chorus"),
        ("verse1 prechorus chorus, verse2", "verse pre-chorus chorus verse"),
        ("pre chorus, drop", "pre-chorus drop"),
        ("12-bar blues", "blues"),
    ],
)
def test_forms_are_read_in_any_way_that_people_write_them(text, names):
    """Letters, names, signs between."""
    assert " ".join(section.name for section in parse_form(text)) == names


@pytest.mark.parametrize("text", ["A 8 B 16", "A(8) B(16)", "A:8, B=16", "A 8 bars, B 16-bar"])
def test_bars_may_follow_a_name(text):
    """In several ways."""
    assert parse_form(text) == (NamedSection("A", 8), NamedSection("B", 16))


def test_what_is_written_is_read_again():
    """Bars or not."""
    sections = parse_form("intro 4 verse chorus 8")
    assert parse_form(write_form(sections)) == sections


@pytest.mark.parametrize("text", ["intro outro", "A" * 40, "A 0"])
def test_forms_that_cannot_be_are_refused(text):
    """No section, too many, no bars."""
    with pytest.raises(InputError):
        parse_form(text)


def test_an_unknown_section_is_named_with_likely_ones():
    """A typing error."""
    with pytest.raises(UnknownNameError, match="chorus"):
        parse_form("verse chorsu")


def test_charts_are_read_by_section():
    """One a line, or with semicolons; without names for all."""
    assert parse_section_chords("verse: C | F\nchorus: G | Am") == {"verse": "C | F", "chorus": "G | Am"}
    assert parse_section_chords("A: C | F; B: G") == {"A": "C | F", "B": "G"}
    assert parse_section_chords("C | F | G") == {"": "C | F | G"}
    assert parse_section_chords("  ") == {}


@pytest.mark.parametrize("text", ["C | F verse: G", "verse: zz"])
def test_charts_that_are_none_are_refused(text):
    """Something before the first name, or a word that is no chord."""
    with pytest.raises(InputError):
        parse_section_chords(text)
